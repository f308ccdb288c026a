// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/foot_contact.h"

#include <algorithm>
#include <utility>

namespace gyre {

FootHoldTerm::FootHoldTerm(double weight, std::vector<int> joints)
    : Term("foot_hold", weight, 3 * static_cast<int>(joints.size()), /*num_frames=*/2),
      joints_(std::move(joints)) {}

void FootHoldTerm::MarkJoints(std::span<uint8_t> used) const {
  for (const int joint : joints_) used[joint] = 1;
}

bool FootHoldTerm::Evaluate(std::span<const TermFrame> frames, Eigen::Ref<VecX> residuals,
                            std::span<JacobianRows> jacobians) const {
  for (size_t k = 0; k < joints_.size(); ++k) {
    const int joint = joints_[k], row = 3 * static_cast<int>(k);
    residuals.segment<3>(row) =
        weight() * (frames[1].joints.row(joint) - frames[0].joints.row(joint)).transpose();
    for (size_t i = 0; i < jacobians.size(); ++i) {
      jacobians[i].middleRows<3>(row) =
          (i == 0 ? -weight() : weight()) * frames[i].joint_jacobian->middleRows<3>(3 * joint);
    }
  }
  return true;
}

FloorTerm::FloorTerm(double weight, const Floor& floor, std::vector<FloorPoint> points)
    : Term("floor", weight, static_cast<int>(points.size())),
      floor_(floor),
      points_(std::move(points)) {}

void FloorTerm::MarkJoints(std::span<uint8_t> used) const {
  for (const FloorPoint& point : points_) used[point.joint] = 1;
}

bool FloorTerm::Evaluate(std::span<const TermFrame> frames, Eigen::Ref<VecX> residuals,
                         std::span<JacobianRows> jacobians) const {
  for (size_t k = 0; k < points_.size(); ++k) {
    const auto& [joint, above_m, stands] = points_[k];
    const auto row = static_cast<Eigen::Index>(k);
    const double height = floor_.HeightOf(frames[0].joints.row(joint).transpose()) - above_m;
    const bool counts = stands || height < 0;
    residuals[row] = counts ? weight() * height : 0;
    if (jacobians.empty() || !counts) continue;
    jacobians[0].row(row) =
        weight() * floor_.up.transpose() * frames[0].joint_jacobian->middleRows<3>(3 * joint);
  }
  return true;
}

}  // namespace gyre
