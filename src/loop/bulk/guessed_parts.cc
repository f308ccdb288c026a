// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/guessed_parts.h"

#include <algorithm>
#include <cmath>

#include "core/projected_covariance.h"

namespace gyre {
namespace {

double OpacityOf(double share) {
  constexpr double kSure = 0.05, kGuessed = 0.15;
  const double unsure = std::clamp((share - kSure) / (kGuessed - kSure), 0.0, 1.0);
  return 1 - unsure * (1 - kGuessedOpacity);
}

}  // namespace

VecX OpacityOfVertices(const BodyModel& body, const Points3& joints_m, const FitRow& row) {
  if (!row.joint_cov_m2.allFinite() || row.joint_cov_m2.size() == 0) return {};
  const BodyLayout& layout = *body.layout;
  const int joints = layout.num_joints();
  const double side_px = kReferenceCropPx / row.pixel_scale;
  VecX of_joint(joints);
  for (int k = 0; k < joints; ++k) {
    const Eigen::Matrix2d cov_px2 =
        ProjectedCovariance(row.camera, joints_m.row(k).transpose(), row.JointCovariance(k));
    of_joint[k] = OpacityOf(std::sqrt(cov_px2.trace() / 2) / side_px);
  }
  VecX of_bone = VecX::Ones(joints);
  std::vector<bool> has_child(static_cast<size_t>(joints), false);
  for (int k = joints - 1; k >= 0; --k) {
    if (!has_child[static_cast<size_t>(k)]) of_bone[k] = of_joint[k];
    const int parent = layout.parents[static_cast<size_t>(k)];
    if (parent < 0) continue;
    has_child[static_cast<size_t>(parent)] = true;
    of_bone[parent] = std::min(of_bone[parent], of_joint[k]);
  }
  return body.weights * of_bone;
}

}  // namespace gyre
