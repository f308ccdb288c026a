// SPDX-License-Identifier: Apache-2.0
// A tree of joints after they have turned, and how skin follows them. A vertex v whose share of
// joint k is w_k goes
//   linearly              to  sum_k w_k (R_k v + t_k)
//   by dual quaternions   to  q(v),  q = sum_k w_k q_k / |sum_k w_k q_k|     (Kavan et al. 2007)
// R_k, t_k, q_k: the motion of joint k in space. The first shrinks bent limbs, the second does not.
#pragma once

#include <vector>

#include "body/body_model.h"

namespace gyre {

class PosedSkeleton {
 public:
  // `rest` [J,3]; `world`: rotations in space of what each joint carries. The root stays in place.
  PosedSkeleton(const Points3& rest, const std::vector<Mat3>& world,
                const std::vector<int>& parents);

  const Points3& joints() const { return joints_; }  // [J,3], where they are now
  // Where a joint has carried a place of the rest pose.
  Vec3 Carried(int joint, const Vec3& place) const {
    return world_[joint] * place + shifts_[joint];
  }
  // Where vertex `v` of `weights`, at rest at `place`, is now.
  Vec3 ByDualQuaternions(const SparseRows& weights, int v, const Vec3& place) const;
  // The same linearly: A place + b.
  struct Affine {
    Mat3 linear;
    Vec3 shift;
  };
  Affine Linear(const SparseRows& weights, int v) const;

 private:
  Points3 joints_;
  std::vector<Mat3> world_;
  std::vector<Vec3> shifts_;
  std::vector<Eigen::Vector4d> real_, dual_;
};

}  // namespace gyre
