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
// With x_k = sum over bones m in k's subtree of R_m^world (c_m - W_m J_m) + W_m p_m, and likewise
// W'_k = sum of W_m, turning joint k moves x_k about p_k:
//   d x / d pose_k (axis-angle of joint k) = Hat(W'_k p_k - x_k) R_parent(k)^world
//                                            LeftJacobianSO3(pose_k),  plus the correctives' part
//   d x / d betas = sum_k R_k^world d(c_k - W_k J_k)/db + W_k dp_k/db
//   d x / d transl = (sum_k W_k) I
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "body/body_model.h"
#include "body/joints.h"
#include "body/model_joints.h"

namespace gyre {

inline constexpr int kNumBodyParams = kNumPoseParams + kNumShapeParams + 3;  // SMPL's
inline constexpr int kNumRootParams = 6;  // global orientation, transl

// What Evaluate works out. Positions are always exact.
struct FoldedOptions {
  // Pose correctives in the Jacobian: of all joints, or of those that also turn the joint in
  // question and matter (folded_joint.h). A corrective is local, so that hardly anything is
  // missing, and rows stay sparse: only the columns of Chain(i), betas and translation are written,
  // the others keep the zeros that they got when the Jacobian got its size.
  enum class Correctives { kExact, kChain } correctives = Correctives::kExact;
  // Columns of the Jacobian: all parameters, or 6 for global orientation and translation.
  enum class Columns { kAll, kRoot } columns = Columns::kAll;
  // One byte per joint of the set; 0 skips it: its position and its three rows are left as they
  // are. Empty: all joints.
  std::span<const uint8_t> mask = {};
};

// A list of joints of one model, folded. Immutable, shared between threads. Compiled for SMPL's
// number of shapes, and for any.
class FoldedJoints {
 public:
  FoldedJoints(const BodyModel& model, const KeypointSet& set);
  // The kinematic joints of the model, in its order.
  static FoldedJoints Skeleton(const BodyModel& model);
  // Vertices of the model, in the order given.
  static FoldedJoints Vertices(const BodyModel& model, std::span<const int> vertices);
  // Combinations of vertices and kinematic joints, the vertices without pose correctives.
  static FoldedJoints OfSkin(const BodyModel& model, std::vector<JointCombination> combinations);

  int size() const;
  const KeypointSet& set() const;
  const BodyLayout& layout() const;
  const RestJoints& rest_joints() const;
  // The kinematic joints that turn joint i of the set, correctives aside.
  std::span<const int> Chain(int i) const;

  // Positions [N,3] in the frame the parameters live in.
  Points3 Positions(const BodyParams& params) const;
  // The same and, when `jacobian` is not null, d positions / d parameters (BodyParams::values) as
  // [3N, P] (row 3 i + axis), or d / d (global orientation 3, transl 3) as [3N, 6]. No allocation
  // once `jacobian` and `positions` have their size. The parameters must be of layout().
  void Evaluate(const BodyParams& params, Points3* positions, RowMatX* jacobian,
                const FoldedOptions& options = {}) const;

  class Impl;  // of one number of shapes

 private:
  explicit FoldedJoints(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

  std::shared_ptr<const Impl> impl_;
};

}  // namespace gyre
