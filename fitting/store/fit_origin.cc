// SPDX-License-Identifier: Apache-2.0
#include "fitting/store/fit_origin.h"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "core/fingerprint.h"
#include "core/option_text.h"
#include "io/json.h"

namespace gyre {

std::string ObjectiveFingerprint(const FitOptions& options, const PosePrior& prior) {
  // What the score is a sum of; how its minimum is looked for changes no score.
  static constexpr std::array<std::string_view, 11> kFields = {
      "sigma_px",           "robust_norm",        "point_weight",
      "pose_prior_weight",  "angle_prior",        "angle_prior_weight",
      "shape_prior_weight", "ignored_joints",     "merge_duplicate_joints",
      "merge_within_px",    "try_exchanged_limbs"};
  // The same, but without them a score is what it was before there were any.
  static constexpr std::array<std::string_view, 6> kOfParts = {
      "min_part_confidence", "hand_weight",       "face_weight",
      "part_sigma_scale",    "hand_prior_weight", "jaw_prior_weight"};
  std::map<std::string, std::string> defaults;
  ForEachField(FitOptions(), [&](const std::string& name, const auto& value, const char*) {
    defaults[name] = OptionToText(value);
  });
  Fingerprint fingerprint;
  ForEachField(options, [&](const std::string& name, const auto& value, const char*) {
    const bool of_parts = std::ranges::find(kOfParts, name) != kOfParts.end() &&
                          OptionToText(value) != defaults[name];
    if (!of_parts && std::ranges::find(kFields, name) == kFields.end()) return;
    fingerprint.Add(name);
    fingerprint.Add(OptionToText(value));
  });
  for (const PosePrior::Component& component : prior.components()) {
    fingerprint.Add(component.weight);
    fingerprint.AddBytes(component.mean.data(), component.mean.size() * sizeof(double));
    fingerprint.AddBytes(component.covariance.data(), component.covariance.size() * sizeof(double));
  }
  return fingerprint.Hex();
}

nlohmann::json ToJson(const FitOrigin& origin) {
  nlohmann::json json = nlohmann::json::object();
  if (origin.body.Known()) {
    json["body"] = {{"path", origin.body.path},
                    {"extra_path", origin.body.extra_path},
                    {"fingerprint", origin.body.fingerprint}};
  }
  if (!origin.score_rule.empty()) {
    json["score"] = {{"rule", origin.score_rule}, {"fingerprint", origin.score_fingerprint}};
  }
  return json;
}

FitOrigin FitOriginFromJson(const nlohmann::json& json, const std::string& what) {
  FitOrigin origin;
  const auto text = [&](const nlohmann::json& object, const char* key) -> std::string {
    return object.contains(key) ? JsonString(object, key, what) : "";
  };
  const auto object = [&](const char* key) {
    nlohmann::json found = json.value(key, nlohmann::json::object());
    if (!found.is_object()) ThrowUserError("{}: key '{}' is no object", what, key);
    return found;
  };
  const nlohmann::json body = object("body"), score = object("score");
  origin.body = {text(body, "path"), text(body, "extra_path"), text(body, "fingerprint")};
  origin.score_rule = text(score, "rule");
  origin.score_fingerprint = text(score, "fingerprint");
  return origin;
}

}  // namespace gyre
