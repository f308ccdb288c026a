// SPDX-License-Identifier: Apache-2.0
// Why a problem cannot be fitted. Bad data is an answer, never an exception.
#pragma once

#include <string>

#include "body/joints.h"
#include "fitting/fit_options.h"
#include "fitting/fit_problem.h"

namespace gyre {

struct FitRefusal {
  FitReason reason = FitReason::kOk;  // kOk: it can be
  std::string text;                   // one sentence
};

// Whether keypoints, 3D joints and their confidences are as many as the set has; nothing else may
// be asked of a problem where they are not.
bool HasRightSizes(const FitProblem& problem, const KeypointSet& set);

// Whether a fit that came to its end is one of its data: FitOptions::max_error_share. Else it is
// not usable, and the summary says why.
void CheckError(const FitProblem& problem, const FitOptions& options, FitSummary* summary);

// `observed_joints`: those that the body stage observes.
FitRefusal Refusal(const FitProblem& problem, const FitOptions& options, const KeypointSet& set,
                   const BodyLayout& layout, int observed_joints);

}  // namespace gyre
