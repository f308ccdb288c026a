// SPDX-License-Identifier: Apache-2.0
// Motion that does not jerk, over three consecutive frames and all of their joints:
//   r_j = weight w_j (X_0 - 2 X_1 + X_2)_j,   weight in reference pixels per metre
// with w_j a share of each joint's own.
#pragma once

#include <utility>

#include "fitting/terms/term.h"

namespace gyre {

class AccelerationTerm final : public Term {
 public:
  // All joints alike.
  AccelerationTerm(double weight, int num_joints)
      : AccelerationTerm(weight, VecX(VecX::Ones(num_joints))) {}
  // `shares` [N]: w_j.
  AccelerationTerm(double weight, VecX shares)
      : Term("acceleration", weight, 3 * static_cast<int>(shares.size()), /*num_frames=*/3),
        shares_(std::move(shares)) {}

  // weight w_j of each row. [3N]
  VecX RowWeights() const { return weight() * shares_.transpose().replicate<3, 1>().reshaped(); }

  void MarkJoints(std::span<uint8_t> used) const override;
  bool Evaluate(std::span<const TermFrame> frames, Eigen::Ref<VecX> residuals,
                std::span<JacobianRows> jacobians) const override;

  // The factors of X_0, X_1 and X_2.
  static constexpr double kFactors[3] = {1, -2, 1};

 private:
  VecX shares_;
};

}  // namespace gyre
