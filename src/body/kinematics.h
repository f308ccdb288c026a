// SPDX-License-Identifier: Apache-2.0
// Positions of registered joints and their analytic Jacobian, without touching a vertex.
//
// A joint regressed from skinned vertices, x = sum_v a_v v, is a sum over bones k that follows from
// body_model.h by linearity:
//   x = sum_k R_k^world (c_k(b, F) - W_k J_k(b)) + W_k p_k,   W_k = sum_v a_v w_vk,
//   c_k = sum_v a_v w_vk v_rest_v        (linear in shape b and pose feature F)
// so it folds exactly into the kinematic tree. Pose enters through the world rotations and, for
// landmark and regressed joints, through the correctives' feature F.
//
// d x / d pose_k (axis-angle of joint k) = sum over bones m in k's subtree of
//   Hat(p_k - x_m) R_parent(k)^world LeftJacobianSO3(pose_k),  plus the corrective's part.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "body/body_model.h"
#include "body/joints.h"

namespace gyre {

inline constexpr int kNumBodyParams = kNumPoseParams + kNumShapeParams + 3;  // pose, betas, transl

// A list of joints of one model, folded. Immutable, shared between threads.
class FoldedJoints {
 public:
  FoldedJoints(const BodyModel& model, const KeypointSet& set);

  int size() const;
  // Positions [N,3] in the frame the parameters live in.
  Points3 Positions(const BodyParams& params) const;
  // The same and, when `jacobian` is not null, d positions / d (pose 72, betas 10, transl 3) as
  // [3N, 85] (row 3 i + axis). No allocation once `jacobian` and `positions` have their size.
  void Evaluate(const BodyParams& params, Points3* positions, RowMatX* jacobian) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace gyre
