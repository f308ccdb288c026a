// SPDX-License-Identifier: Apache-2.0
// Left and right of a pair of limbs, exchanged in a problem: detectors confuse them.
#pragma once

#include <span>
#include <vector>

#include "fitting/fit_options.h"
#include "fitting/fit_problem.h"

namespace gyre {

// What a gross error costs at least, and what an exchange has to gain: reference pixels squared.
inline constexpr double kGrossErrorPx2 = 100;

// What a fit pays for these keypoints, of limbs, c^2 gm(e), beyond half of what detectors' noise
// costs: a fit bends to wrong labels, and its errors tell only part of them.
double UnexplainedLimbs(const FitProblem& problem, std::span<const int> keypoints,
                        const VecX& errors_px, double sigma_px);

// `from`: which keypoint stands in each one's place when these limbs are exchanged
// (WithLimbsExchanged of body/anatomy.h).
FitProblem WithKeypointsExchanged(FitProblem problem, const std::vector<int>& from);

}  // namespace gyre
