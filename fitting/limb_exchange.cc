// SPDX-License-Identifier: Apache-2.0
#include "fitting/limb_exchange.h"

#include <cmath>

namespace gyre {

// 3.4 px of the reference crop in each direction, as the default weights have it.
constexpr double kHalfNoisePx2 = 4.78 * 4.78 / 2;

double UnexplainedLimbs(const FitProblem& problem, std::span<const int> keypoints,
                        const VecX& errors_px, double sigma_px) {
  const double sigma2 = sigma_px * sigma_px;
  double unexplained = 0;
  for (const int i : keypoints) {
    if (!(errors_px[i] >= 0)) continue;
    const double e2 = errors_px[i] * errors_px[i];
    unexplained +=
        std::pow(problem.confidence[i], 2) * (sigma2 * e2 / (sigma2 + e2) - kHalfNoisePx2);
  }
  return unexplained;
}

FitProblem WithKeypointsExchanged(FitProblem problem, const std::vector<int>& from) {
  problem.keypoints_px = problem.keypoints_px(from, Eigen::all).eval();
  problem.confidence = problem.confidence(from).eval();
  return problem;
}

}  // namespace gyre
