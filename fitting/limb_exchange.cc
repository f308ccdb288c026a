// SPDX-License-Identifier: Apache-2.0
#include "fitting/limb_exchange.h"

#include <cmath>

namespace gyre {

double UnexplainedLimbs(const FitProblem& problem, const std::vector<int>& from,
                        const VecX& errors_px, const FitOptions& options) {
  const double sigma2 = options.sigma_px * options.sigma_px;
  const double half_noise2 = options.pose_prior_weight * options.pose_prior_weight / 2;
  double unexplained = 0;
  for (int i = 0; i < static_cast<int>(from.size()); ++i) {
    if (from[i] == i || !(errors_px[i] >= 0)) continue;
    const double e2 = errors_px[i] * errors_px[i];
    unexplained += std::pow(problem.confidence[i], 2) * (sigma2 * e2 / (sigma2 + e2) - half_noise2);
  }
  return unexplained;
}

FitProblem WithKeypointsExchanged(FitProblem problem, const std::vector<int>& from) {
  problem.keypoints_px = problem.keypoints_px(from, Eigen::all).eval();
  problem.confidence = problem.confidence(from).eval();
  return problem;
}

}  // namespace gyre
