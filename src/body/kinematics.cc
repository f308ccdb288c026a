// SPDX-License-Identifier: Apache-2.0
#include "body/kinematics.h"

#include <Eigen/Geometry>
#include <map>

#include "body/folded_joint.h"
#include "core/error.h"
#include "core/so3.h"

namespace gyre {
namespace {

using RowMat3 = Eigen::Matrix<double, 3, 3, Eigen::RowMajor>;
using Mat9x3 = Eigen::Matrix<double, 9, 3>;
using Row207 = Eigen::Matrix<double, 1, kNumPoseFeatures>;
// Three rows of the Jacobian.
using JacobianRows =
    Eigen::Ref<Eigen::Matrix<double, 3, Eigen::Dynamic, Eigen::RowMajor>, 0, Eigen::OuterStride<>>;

// d J_k / d betas - d J_parent / d betas, and the same of the mean: what a bone is made of.
struct Bone {
  int parent;
  Vec3 mean;
  ShapeDirs dirs;
};

// The posed kinematic tree without the translation, and its derivatives.
struct Frames {
  std::array<Mat3, kNumBodyJoints> world;            // R_k^world
  std::array<Vec3, kNumBodyJoints> position;         // p_k
  Row207 feature;                                    // F
  std::array<Mat3, kNumBodyJoints> turn;             // R_parent^world LeftJacobian(pose_k)
  std::array<ShapeDirs, kNumBodyJoints> shape_dirs;  // d p_k / d betas
  std::array<Mat9x3, kNumBodyJoints> feature_dirs;   // d vec(R_k) / d pose_k, row by row
};

enum class Detail { kValue, kRoot, kChain, kExact };

void SetFeatureDirs(const Mat3& rotation, const Mat3& left_jacobian, Mat9x3* dirs) {
  for (int axis = 0; axis < 3; ++axis) {
    const RowMat3 derivative = Hat(left_jacobian.col(axis)) * rotation;
    dirs->col(axis) = Eigen::Map<const Eigen::Matrix<double, 9, 1>>(derivative.data());
  }
}

// `feature_turns`: the joints whose feature_dirs are needed.
void PoseFrames(const std::array<Bone, kNumBodyJoints>& bones, const BodyParams& params,
                Detail detail, const std::array<bool, kNumBodyJoints>& feature_turns,
                Frames* frames) {
  for (int k = 0; k < kNumBodyJoints; ++k) {
    const Bone& bone = bones[k];
    const Vec3 w = params.rotation(k);
    const bool needs_turn = detail >= Detail::kChain || (detail == Detail::kRoot && k == 0);
    Mat3 left_jacobian, rotation;
    if (needs_turn) {
      left_jacobian = LeftJacobianSO3(w);
      rotation = Mat3::Identity() + Hat(w) * left_jacobian;  // = Exp(w)
    } else {
      rotation = ExpSO3(w);
    }
    const Vec3 from_parent = bone.mean + bone.dirs * params.shape<kNumShapeParams>();
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
    if (feature_turns[k]) SetFeatureDirs(rotation, left_jacobian, &frames->feature_dirs[k]);
  }
}

// The joint without the translation, before its correctives; with `below`, also the part of it
// below each joint of its chain.
Vec3 SkinTerms(const FoldedJoint& joint, const Frames& frames, const BodyParams& params,
               std::array<Vec3, kNumBodyJoints>* below) {
  Vec3 position = Vec3::Zero();
  for (const FoldedJoint::Term& term : joint.terms) {
    Vec3 part = term.weight * frames.position[term.bone];
    if (!term.rigid) {
      part += frames.world[term.bone] * (term.offset + term.shape_dirs * params.shape<kNumShapeParams>());
    }
    position += part;
    if (below != nullptr && term.link >= 0) (*below)[term.link] += part;
  }
  return position;
}

Mat3 MixOf(const FoldedJoint::Corrective& corrective, const Frames& frames) {
  Mat3 mix = Mat3::Zero();
  for (const auto& [bone, weight] : corrective.mix) mix += weight * frames.world[bone];
  return mix;
}

// The columns of the feature that the joint's correctives depend on.
Eigen::Map<const Eigen::RowVectorXd> PackFeature(const FoldedJoint& joint, const Frames& frames,
                                                 Row207* packed) {
  for (size_t block = 0; block < joint.pose_blocks.size(); ++block) {
    packed->segment<9>(9 * block) = frames.feature.segment<9>(9 * (joint.pose_blocks[block] - 1));
  }
  return {packed->data(), static_cast<Eigen::Index>(9 * joint.pose_blocks.size())};
}

// Adds the correctives: R (dirs F) for every corrective, bone by bone.
Vec3 SkinCorrectives(const FoldedJoint& joint, const Frames& frames,
                     std::array<Vec3, kNumBodyJoints>* below) {
  Row207 packed;
  const auto feature = PackFeature(joint, frames, &packed);
  Vec3 sum = Vec3::Zero();
  for (const FoldedJoint::Corrective& corrective : joint.correctives) {
    Vec3 moved;
    for (int axis = 0; axis < 3; ++axis) moved[axis] = corrective.dirs.row(axis).dot(feature);
    for (const auto& [bone, weight] : corrective.mix) {
      const Vec3 part = weight * (frames.world[bone] * moved);
      sum += part;
      if (below != nullptr) (*below)[bone] += part;
    }
  }
  return sum;
}

// Adds sum_c (sum_m w_m R_m) dirs_c dF/dpose of the first blocks to the joint's rows.
void AddCorrectiveColumns(const FoldedJoint& joint, const Frames& frames, int num_blocks,
                          JacobianRows rows) {
  const Eigen::Index width = 9 * num_blocks;
  Eigen::Matrix<double, 3, kNumPoseFeatures, Eigen::RowMajor> carried;
  carried.leftCols(width).setZero();
  for (const FoldedJoint::Corrective& corrective : joint.correctives) {
    const Mat3 mix = MixOf(corrective, frames);
    for (int axis = 0; axis < 3; ++axis) {
      carried.row(axis).head(width) += mix(axis, 0) * corrective.dirs.row(0).head(width) +
                                       mix(axis, 1) * corrective.dirs.row(1).head(width) +
                                       mix(axis, 2) * corrective.dirs.row(2).head(width);
    }
  }
  for (int block = 0; block < num_blocks; ++block) {
    const int k = joint.pose_blocks[block];
    rows.middleCols<3>(3 * k) +=
        carried.middleCols<9>(9 * block).lazyProduct(frames.feature_dirs[k]);
  }
}

// d joint / d (pose, betas, transl) into its three rows, given its parts below each joint.
void FillColumns(const FoldedJoint& joint, const Frames& frames,
                 std::array<Vec3, kNumBodyJoints>& below, JacobianRows rows) {
  double *const x = &rows(0, 0), *const y = &rows(1, 0), *const z = &rows(2, 0);
  for (const FoldedJoint::Link& link : joint.chain) {
    const Vec3& part = below[link.joint];
    if (link.parent >= 0) below[link.parent] += part;
    const Vec3 arm = part - link.weight * frames.position[link.joint];
    for (int axis = 0; axis < 3; ++axis) {
      const Vec3 moved = frames.turn[link.joint].col(axis).cross(arm);
      const int column = 3 * link.joint + axis;
      x[column] = moved.x();
      y[column] = moved.y();
      z[column] = moved.z();
    }
  }
  ShapeDirs shape = ShapeDirs::Zero();
  for (const FoldedJoint::Term& term : joint.terms) {
    shape += term.weight * frames.shape_dirs[term.bone];
    if (!term.rigid) shape.noalias() += frames.world[term.bone] * term.shape_dirs;
  }
  for (int i = 0; i < kNumShapeParams; ++i) {
    x[kNumPoseParams + i] = shape(0, i);
    y[kNumPoseParams + i] = shape(1, i);
    z[kNumPoseParams + i] = shape(2, i);
  }
  x[kNumBodyParams - 3] = y[kNumBodyParams - 2] = z[kNumBodyParams - 1] = joint.weight_sum;
}

}  // namespace

struct FoldedJoints::Impl {
  Impl(const BodyModel& model, const KeypointSet& keypoint_set);

  void EvaluateJoint(const FoldedJoint& joint, const BodyParams& params, const Frames& frames,
                     Detail detail, Vec3* position, JacobianRows* rows) const;

  const KeypointSet set;
  const RestJoints rest;
  std::array<Bone, kNumBodyJoints> bones;
  std::vector<FoldedJoint> joints;       // without duplicates
  std::vector<std::vector<int>> users;   // of each: positions in the set
  std::vector<std::vector<int>> chains;  // per joint of the set
  // The kinematic joints that some joint's correctives depend on: all, and those of kChain.
  std::array<bool, kNumBodyJoints> exact_blocks{}, chain_blocks{};
};

FoldedJoints::Impl::Impl(const BodyModel& model, const KeypointSet& keypoint_set)
    : set(keypoint_set), rest(model) {
  for (int k = 0; k < kNumBodyJoints; ++k) {
    bones[k] = {model.parents[k], rest.mean.row(k).transpose(), rest.dirs.middleRows<3>(3 * k)};
    if (k == 0) continue;
    bones[k].mean -= rest.mean.row(model.parents[k]).transpose();
    bones[k].dirs -= rest.dirs.middleRows<3>(3 * model.parents[k]);
  }
  std::map<std::pair<JointSource, int>, size_t> known;
  for (int i = 0; i < set.size(); ++i) {
    const JointInfo& info = FindJoint(set.joints[i]);
    const auto [it, is_new] = known.try_emplace({info.source, info.source_idx}, joints.size());
    if (is_new) {
      joints.push_back(FoldJoint(model, rest, CombinationOf(model, info)));
      users.emplace_back();
      const std::vector<int>& blocks = joints.back().pose_blocks;
      for (size_t block = 0; block < blocks.size(); ++block) {
        exact_blocks[blocks[block]] = true;
        if (static_cast<int>(block) < joints.back().num_chain_blocks) {
          chain_blocks[blocks[block]] = true;
        }
      }
    }
    users[it->second].push_back(i);
    std::vector<int>& chain = chains.emplace_back();
    for (const FoldedJoint::Link& link : joints[it->second].chain) chain.push_back(link.joint);
  }
}

void FoldedJoints::Impl::EvaluateJoint(const FoldedJoint& joint, const BodyParams& params,
                                       const Frames& frames, Detail detail, Vec3* position,
                                       JacobianRows* rows) const {
  std::array<Vec3, kNumBodyJoints> below;
  const bool all_columns = detail >= Detail::kChain;
  if (all_columns) {
    for (const FoldedJoint::Link& link : joint.chain) below[link.joint].setZero();
  }
  *position = SkinTerms(joint, frames, params, all_columns ? &below : nullptr);
  if (!joint.correctives.empty()) {
    *position += SkinCorrectives(joint, frames, all_columns ? &below : nullptr);
  }
  if (all_columns) {
    if (detail == Detail::kExact) rows->setZero();
    FillColumns(joint, frames, below, *rows);
    const int blocks = detail == Detail::kExact ? static_cast<int>(joint.pose_blocks.size())
                                                : joint.num_chain_blocks;
    if (blocks > 0) AddCorrectiveColumns(joint, frames, blocks, *rows);
  } else if (detail == Detail::kRoot) {
    double skin_weight = 0;
    for (const FoldedJoint::Term& term : joint.terms) skin_weight += term.weight;
    const Vec3 arm = *position - skin_weight * frames.position[0];
    for (int axis = 0; axis < 3; ++axis) rows->col(axis) = frames.turn[0].col(axis).cross(arm);
    rows->rightCols<3>() = joint.weight_sum * Mat3::Identity();
  }
  *position += joint.weight_sum * params.transl();
}

FoldedJoints::FoldedJoints(const BodyModel& model, const KeypointSet& set)
    : impl_(std::make_shared<const Impl>(model, set)) {}

int FoldedJoints::size() const { return impl_->set.size(); }
const KeypointSet& FoldedJoints::set() const { return impl_->set; }
const RestJoints& FoldedJoints::rest_joints() const { return impl_->rest; }
std::span<const int> FoldedJoints::Chain(int i) const { return impl_->chains[i]; }

Points3 FoldedJoints::Positions(const BodyParams& params) const {
  Points3 positions;
  Evaluate(params, &positions, nullptr);
  return positions;
}

void FoldedJoints::Evaluate(const BodyParams& params, Points3* positions, RowMatX* jacobian,
                            const FoldedOptions& options) const {
  const bool root_only = options.columns == FoldedOptions::Columns::kRoot;
  const int columns = root_only ? kNumRootParams : kNumBodyParams;
  GYRE_CHECK(options.mask.empty() || static_cast<int>(options.mask.size()) == size());
  if (positions->rows() != size()) positions->setZero(size(), 3);
  if (jacobian != nullptr && (jacobian->rows() != 3 * size() || jacobian->cols() != columns)) {
    jacobian->setZero(3 * size(), columns);
  }
  Detail detail = Detail::kValue;
  if (jacobian != nullptr) {
    detail = root_only                                                   ? Detail::kRoot
             : options.correctives == FoldedOptions::Correctives::kExact ? Detail::kExact
                                                                         : Detail::kChain;
  }
  Frames frames;
  PoseFrames(impl_->bones, params, detail,
             detail == Detail::kExact ? impl_->exact_blocks : impl_->chain_blocks, &frames);

  for (size_t j = 0; j < impl_->joints.size(); ++j) {
    int first = -1;
    for (const int i : impl_->users[j]) {
      if (!options.mask.empty() && options.mask[i] == 0) continue;
      if (first >= 0) {  // the same point under another name
        positions->row(i) = positions->row(first);
        if (jacobian != nullptr)
          jacobian->middleRows<3>(3 * i) = jacobian->middleRows<3>(3 * first);
        continue;
      }
      first = i;
      Vec3 position;
      if (jacobian != nullptr) {
        JacobianRows rows(jacobian->middleRows<3>(3 * i));
        impl_->EvaluateJoint(impl_->joints[j], params, frames, detail, &position, &rows);
      } else {
        impl_->EvaluateJoint(impl_->joints[j], params, frames, detail, &position, nullptr);
      }
      positions->row(i) = position.transpose();
    }
  }
}

}  // namespace gyre
