// SPDX-License-Identifier: Apache-2.0
// The posed kinematic tree and its derivatives, from which kinematics.h makes joints. kShape as in
// folded_joint.h.
#pragma once

#include <Eigen/Geometry>
#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "body/folded_joint.h"
#include "core/so3.h"

namespace gyre {

using RowMat3 = Eigen::Matrix<double, 3, 3, Eigen::RowMajor>;
using Mat9x3 = Eigen::Matrix<double, 9, 3>;
inline constexpr int kMaxFeatures = 9 * (kMaxJoints - 1);
// Of those numbers, the first are used.
using FeatureRow = std::array<double, kMaxFeatures>;

// d J_k / d betas - d J_parent / d betas, and the same of the mean: what a bone is made of.
template <int kShape>
struct BoneOffset {
  int parent;
  Vec3 mean;
  ShapeDirs<kShape> dirs;
};

// The posed kinematic tree without the translation, and its derivatives.
template <int kShape>
struct PosedFrames {
  std::array<Mat3, kMaxJoints> world;                    // R_k^world
  std::array<Vec3, kMaxJoints> position;                 // p_k
  alignas(16) FeatureRow feature;                        // F
  std::array<Mat3, kMaxJoints> turn;                     // R_parent^world LeftJacobian(pose_k)
  std::array<ShapeDirs<kShape>, kMaxJoints> shape_dirs;  // d p_k / d shape
  std::array<Mat9x3, kMaxJoints> feature_dirs;           // d vec(R_k) / d pose_k, row by row
};

template <int kShape>
auto ShapeOf(const BodyParams& params) {
  if constexpr (kShape == Eigen::Dynamic) {
    return params.shape();
  } else {
    return params.shape<kShape>();
  }
}

// What is worked out beside positions: nothing, or derivatives (kinematics.h, FoldedOptions).
enum class FrameDetail { kValue, kRoot, kChain, kExact };

inline void SetFeatureDirs(const Mat3& rotation, const Mat3& left_jacobian, Mat9x3* dirs) {
  for (int axis = 0; axis < 3; ++axis) {
    const RowMat3 derivative = Hat(left_jacobian.col(axis)) * rotation;
    dirs->col(axis) = Eigen::Map<const Eigen::Matrix<double, 9, 1>>(derivative.data());
  }
}

// Of the joints in `needed`, with all their ancestors; feature_dirs of those in `feature_turns`.
template <int kShape>
void PoseFrames(const std::vector<BoneOffset<kShape>>& bones, const BodyParams& params,
                FrameDetail detail, JointBits needed, JointBits feature_turns,
                PosedFrames<kShape>* frames) {
  const auto shape = ShapeOf<kShape>(params);
  const int num_joints = static_cast<int>(bones.size());
  for (int k = 0; k < num_joints; ++k) {
    if (!Has(needed, k)) continue;
    const BoneOffset<kShape>& bone = bones[k];
    const Vec3 w = params.rotation(k);
    const bool needs_turn =
        detail >= FrameDetail::kChain || (detail == FrameDetail::kRoot && k == 0);
    Mat3 left_jacobian, rotation;
    if (needs_turn) {
      left_jacobian = LeftJacobianSO3(w);
      rotation = Mat3::Identity() + Hat(w) * left_jacobian;  // = Exp(w)
    } else {
      rotation = ExpSO3(w);
    }
    const Vec3 from_parent = bone.mean + bone.dirs * shape;
    if (k == 0) {
      frames->position[0] = from_parent;
      frames->world[0] = rotation;
      frames->turn[0] = left_jacobian;
      frames->shape_dirs[0] = bone.dirs;
      continue;
    }
    Eigen::Map<RowMat3>(frames->feature.data() + 9 * (k - 1)) = rotation - Mat3::Identity();
    const Mat3& parent = frames->world[bone.parent];
    frames->world[k].noalias() = parent * rotation;
    frames->position[k] = frames->position[bone.parent] + parent * from_parent;
    if (!needs_turn) continue;
    frames->turn[k].noalias() = parent * left_jacobian;
    frames->shape_dirs[k] = frames->shape_dirs[bone.parent];
    frames->shape_dirs[k].noalias() += parent * bone.dirs;
    if (Has(feature_turns, k)) SetFeatureDirs(rotation, left_jacobian, &frames->feature_dirs[k]);
  }
}

}  // namespace gyre
