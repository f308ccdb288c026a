// SPDX-License-Identifier: Apache-2.0
#include "fitting/store/fit_layout.h"

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "io/json.h"

namespace gyre {

std::string FitLayout::Describe() const {
  std::string text = fmt::format("{} ({} joints, {} betas", family, num_joints(), num_betas);
  if (num_expression > 0) text += fmt::format(", {} of expression", num_expression);
  return text + ")";
}

void CheckFitLayout(const FitLayout& layout, const std::string& what) {
  const int betas = layout.num_betas, expression = layout.num_expression;
  if (layout.num_joints() < 1 || layout.num_joints() > kMaxJoints || betas < 0 ||
      betas > kMaxShape || expression < 0 || expression > kMaxShape - betas) {
    ThrowUserError(
        "{}: no body that gyre knows is {}: there are at most {} joints, and {} betas and "
        "expressions together",
        what, layout.Describe(), kMaxJoints, kMaxShape);
  }
}

nlohmann::json ToJson(const FitLayout& layout) {
  return {{"family", layout.family},
          {"joints", layout.joints},
          {"betas", layout.num_betas},
          {"expression", layout.num_expression}};
}

FitLayout FitLayoutFromJson(const nlohmann::json& json, const std::string& what) {
  FitLayout layout;
  layout.family = JsonString(json, "family", what);
  for (const nlohmann::json& joint : JsonArray(json, "joints", what)) {
    if (!joint.is_string()) ThrowUserError("{}: key 'joints' does not hold names", what);
    layout.joints.push_back(joint);
  }
  const auto count = [&](const char* key) {
    const int64_t value = JsonInteger(json, key, what);
    return value < 0 || value > kMaxShape ? kMaxShape + 1 : static_cast<int>(value);
  };
  layout.num_betas = count("betas");
  layout.num_expression = count("expression");
  CheckFitLayout(layout, what);
  return layout;
}

}  // namespace gyre
