// SPDX-License-Identifier: Apache-2.0
// Motion that does not jerk, over three consecutive frames and all of their joints:
//   r = weight (X_0 - 2 X_1 + X_2),   weight in reference pixels per metre
#pragma once

#include "fitting/terms/term.h"

namespace gyre {

class AccelerationTerm final : public Term {
 public:
  AccelerationTerm(double weight, int num_joints)
      : Term("acceleration", weight, 3 * num_joints, /*num_frames=*/3) {}

  void MarkJoints(std::span<uint8_t> used) const override;
  bool Evaluate(std::span<const TermFrame> frames, Eigen::Ref<VecX> residuals,
                std::span<JacobianRows> jacobians) const override;

  // The factors of X_0, X_1 and X_2.
  static constexpr double kFactors[3] = {1, -2, 1};
};

}  // namespace gyre
