// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/acceleration.h"

#include <algorithm>

namespace gyre {

void AccelerationTerm::MarkJoints(std::span<uint8_t> used) const {
  std::fill(used.begin(), used.end(), 1);
}

bool AccelerationTerm::Evaluate(std::span<const TermFrame> frames, Eigen::Ref<VecX> residuals,
                                std::span<JacobianRows> jacobians) const {
  const Points3 second = frames[0].joints - 2 * frames[1].joints + frames[2].joints;
  const VecX weights = RowWeights();
  residuals = weights.cwiseProduct(second.reshaped<Eigen::RowMajor>());
  for (size_t i = 0; i < jacobians.size(); ++i) {
    jacobians[i] = (kFactors[i] * weights).asDiagonal() * *frames[i].joint_jacobian;
  }
  return true;
}

}  // namespace gyre
