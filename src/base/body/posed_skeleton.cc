// SPDX-License-Identifier: Apache-2.0
#include "body/posed_skeleton.h"

#include <Eigen/Geometry>

namespace gyre {

PosedSkeleton::PosedSkeleton(const Points3& rest, const std::vector<Mat3>& world,
                             const std::vector<int>& parents)
    : joints_(rest), world_(world) {
  for (size_t k = 0; k < world.size(); ++k) {
    const auto joint = static_cast<Eigen::Index>(k);
    const int parent = parents[k];
    if (parent >= 0) {
      const Vec3 bone = (rest.row(joint) - rest.row(parent)).transpose();
      joints_.row(joint) = joints_.row(parent) + (world[parent] * bone).transpose();
    }
    const Eigen::Quaterniond q(world[k]);
    const Vec3 shift = joints_.row(joint).transpose() - q * Vec3(rest.row(joint));
    const Eigen::Quaterniond half(0, 0.5 * shift.x(), 0.5 * shift.y(), 0.5 * shift.z());
    shifts_.push_back(shift);
    real_.push_back(q.coeffs());
    dual_.push_back((half * q).coeffs());
  }
}

Vec3 PosedSkeleton::ByDualQuaternions(const SparseRows& weights, int v, const Vec3& place) const {
  Eigen::Vector4d q = Eigen::Vector4d::Zero();
  Eigen::Vector4d d = Eigen::Vector4d::Zero();
  const Eigen::Vector4d first = real_[SparseRows::InnerIterator(weights, v).col()];
  for (SparseRows::InnerIterator it(weights, v); it; ++it) {
    const double w = real_[it.col()].dot(first) < 0 ? -it.value() : it.value();
    q += w * real_[it.col()];
    d += w * dual_[it.col()];
  }
  const double norm = q.norm();
  const Eigen::Quaterniond rotation(q / norm);
  const Eigen::Quaterniond moved(d / norm);
  const Vec3 shift = 2 * (moved * rotation.conjugate()).vec();
  return rotation * place + shift;
}

PosedSkeleton::Affine PosedSkeleton::Linear(const SparseRows& weights, int v) const {
  Affine blend{Mat3::Zero(), Vec3::Zero()};
  for (SparseRows::InnerIterator it(weights, v); it; ++it) {
    blend.linear += it.value() * world_[it.col()];
    blend.shift += it.value() * shifts_[it.col()];
  }
  return blend;
}

}  // namespace gyre
