// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/fit_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "fitting/sequence_options.h"
#include "io/option_json.h"

namespace gyre {

FitOptions ForBulk(FitOptions options, bool sequence) {
  options.min_observed_joints = 8;
  options.max_error_share = kMaxErrorShare;
  options.estimate_uncertainty = !sequence;
  if (sequence) options.cold_start = ColdStart::kMean;  // as SequenceFitter has it
  return options;
}

namespace {

bool IsDescription(const FitRun& run) { return run.is_object() && run.contains("fit.sigma_px"); }

// Calls set(name, field, value) for the options that came with another default than what gyre did
// before it had them.
template <typename Set>
void ForEachChange(FitOptions& options, const Set& set) {
  set("fit.max_error_share", options.max_error_share, 0.0);  // every fit was usable
  set("fit.rest_unseen_limbs", options.rest_unseen_limbs, false);
  set("fit.cold_start", options.cold_start, ColdStart::kMean);
}

}  // namespace

FitRun Completed(FitRun run) {
  if (!IsDescription(run)) return run;
  const bool sequence = run.contains("fps");
  const auto complete = [&](const FitRun& with) { run.insert(with.begin(), with.end()); };
  complete(FieldsToJson(AsBegun(ForBulk({}, sequence), run, {}), "fit."));
  if (!sequence) return run;
  complete({{"sequence.pose_s", 0.0},  // what was done before options said it
            {"sequence.window_frames", 40},
            {"sequence.overlap_frames", 12}});
  complete(FieldsToJson(SequenceOptions(), "sequence."));
  return run;
}

FitOptions AsBegun(FitOptions options, const FitRun& was, const std::set<std::string>& given) {
  if (!IsDescription(was)) return options;
  ForEachChange(options, [&](const char* name, auto& field, auto then) {
    if (!was.contains(name) && !given.contains(name)) field = then;
  });
  return options;
}

std::string DifferenceOf(const FitRun& was, const FitRun& is) {
  const auto flat_was = was.flatten(), flat_is = is.flatten();
  const auto text = [](const nlohmann::json& flat, const std::string& key) {
    return flat.contains(key) ? flat[key].dump() : "not there";
  };
  auto keys = flat_was;
  keys.update(flat_is);
  for (const auto& [key, unused] : keys.items()) {
    const std::string a = text(flat_was, key), b = text(flat_is, key);
    if (a == b) continue;
    std::string name = key.substr(1);
    std::replace(name.begin(), name.end(), '/', '.');
    return fmt::format("{} was {} and is {}", name, a, b);
  }
  return "";
}

}  // namespace gyre
