// SPDX-License-Identifier: Apache-2.0
// What a file of fits says of how they came to be: of which body they are, and what their scores
// measure. Both are unknown of files that others or older versions wrote.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "body/body_identity.h"
#include "body/pose_prior.h"
#include "fitting/fit_options.h"

namespace gyre {

struct FitOrigin {
  BodyIdentity body;
  // What score_px2 is: a StoreRule's name; empty: unknown.
  std::string score_rule;
  // Of what else it depends on; scores compare where this and the rule are the same.
  std::string score_fingerprint;

  bool ScoresCompareWith(const FitOrigin& other) const {
    return score_rule == other.score_rule && score_fingerprint == other.score_fingerprint;
  }
  friend bool operator==(const FitOrigin&, const FitOrigin&) = default;
};

// Of the options and the prior that StoreRule::kObjective's score is made with; the other rules'
// scores depend on no option.
std::string ObjectiveFingerprint(const FitOptions& options, const PosePrior& prior);

// {"body": {"path", "extra_path", "fingerprint"}, "score": {"rule", "fingerprint"}}, as far as they
// are known.
nlohmann::json ToJson(const FitOrigin& origin);
// Of an object that may hold more. UserError, naming `what`, when these are no texts.
FitOrigin FitOriginFromJson(const nlohmann::json& json, const std::string& what);

}  // namespace gyre
