// SPDX-License-Identifier: Apache-2.0
#include "body/kinematics.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <array>

#include "body/model_joints.h"
#include "body/posed_frames.h"
#include "core/error.h"

namespace gyre {
namespace {

// Three rows of the Jacobian.
using JacobianRows =
    Eigen::Ref<Eigen::Matrix<double, 3, Eigen::Dynamic, Eigen::RowMajor>, 0, Eigen::OuterStride<>>;

using Below = std::array<Vec3, kMaxJoints>;

// The joint without the translation, before its correctives; with `below`, also the part of it
// below each joint of its chain.
template <int kShape>
Vec3 SkinTerms(const FoldedJoint<kShape>& joint, const PosedFrames<kShape>& frames,
               const BodyParams& params, Below* below) {
  const auto shape = ShapeOf<kShape>(params);
  Vec3 position = Vec3::Zero();
  for (const auto& term : joint.terms) {
    Vec3 part = term.weight * frames.position[term.bone];
    if (!term.rigid) {
      part += frames.world[term.bone] * (term.offset + term.shape_dirs * shape);
    }
    position += part;
    if (below != nullptr && term.link >= 0) (*below)[term.link] += part;
  }
  return position;
}

template <int kShape>
Mat3 MixOf(const typename FoldedJoint<kShape>::Corrective& corrective,
           const PosedFrames<kShape>& frames) {
  Mat3 mix = Mat3::Zero();
  for (const auto& [bone, weight] : corrective.mix) mix += weight * frames.world[bone];
  return mix;
}

// The columns of the feature that the joint's correctives depend on.
template <int kShape>
Eigen::Map<const Eigen::RowVectorXd> PackFeature(const FoldedJoint<kShape>& joint,
                                                 const PosedFrames<kShape>& frames,
                                                 FeatureRow* packed) {
  for (size_t block = 0; block < joint.pose_blocks.size(); ++block) {
    std::copy_n(&frames.feature[9 * (joint.pose_blocks[block] - 1)], 9, &(*packed)[9 * block]);
  }
  return {packed->data(), static_cast<Eigen::Index>(9 * joint.pose_blocks.size())};
}

// Adds the correctives: R (dirs F) for every corrective, bone by bone.
template <int kShape>
Vec3 SkinCorrectives(const FoldedJoint<kShape>& joint, const PosedFrames<kShape>& frames,
                     Below* below) {
  alignas(16) FeatureRow packed;
  const auto feature = PackFeature(joint, frames, &packed);
  Vec3 sum = Vec3::Zero();
  for (const auto& corrective : joint.correctives) {
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
template <int kShape>
void AddCorrectiveColumns(const FoldedJoint<kShape>& joint, const PosedFrames<kShape>& frames,
                          int num_blocks, JacobianRows rows) {
  const Eigen::Index width = 9 * num_blocks;
  Eigen::Matrix<double, 3, kMaxFeatures, Eigen::RowMajor> carried;
  carried.leftCols(width).setZero();
  for (const auto& corrective : joint.correctives) {
    const Mat3 mix = MixOf<kShape>(corrective, frames);
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

// d joint / d (pose, shape, transl) into its three rows, given its parts below each joint.
template <int kShape>
void FillColumns(const FoldedJoint<kShape>& joint, const PosedFrames<kShape>& frames, int num_pose,
                 Below& below, JacobianRows rows) {
  double *const x = &rows(0, 0), *const y = &rows(1, 0), *const z = &rows(2, 0);
  for (const auto& link : joint.chain) {
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
  const Eigen::Index num_shape = rows.cols() - num_pose - 3;
  ShapeDirs<kShape> shape = ShapeDirs<kShape>::Zero(3, num_shape);
  for (const auto& term : joint.terms) {
    shape += term.weight * frames.shape_dirs[term.bone];
    if (!term.rigid) shape.noalias() += frames.world[term.bone] * term.shape_dirs;
  }
  const int shapes = kShape == Eigen::Dynamic ? static_cast<int>(num_shape) : kShape;
  for (int i = 0; i < shapes; ++i) {
    x[num_pose + i] = shape(0, i);
    y[num_pose + i] = shape(1, i);
    z[num_pose + i] = shape(2, i);
  }
  const int transl = num_pose + shapes;
  x[transl] = y[transl + 1] = z[transl + 2] = joint.weight_sum;
}

}  // namespace

// What does not depend on the number of shapes, and the door to what does.
class FoldedJoints::Impl {
 public:
  Impl(const BodyModel& model, KeypointSet keypoint_set)
      : layout(model.layout), set(std::move(keypoint_set)), rest(model) {}
  virtual ~Impl() = default;

  virtual void Evaluate(const BodyParams& params, FrameDetail detail, std::span<const uint8_t> mask,
                        Points3* positions, RowMatX* jacobian) const = 0;

  const std::shared_ptr<const BodyLayout> layout;
  const KeypointSet set;
  const RestJoints rest;
  std::vector<std::vector<int>> users;   // of each joint without duplicates: positions in the set
  std::vector<std::vector<int>> chains;  // per joint of the set
  // The kinematic joints that some joint's correctives depend on: all, and those of kChain.
  JointBits exact_blocks = 0, chain_blocks = 0;
};

namespace {

template <int kShape>
class SizedImpl final : public FoldedJoints::Impl {
 public:
  SizedImpl(const BodyModel& model, KeypointSet set, const JointCombinations& combinations,
            bool correctives);

  void Evaluate(const BodyParams& params, FrameDetail detail, std::span<const uint8_t> mask,
                Points3* positions, RowMatX* jacobian) const override;

 private:
  void EvaluateJoint(const FoldedJoint<kShape>& joint, const BodyParams& params,
                     const PosedFrames<kShape>& frames, FrameDetail detail, Vec3* position,
                     JacobianRows* rows) const;

  std::vector<BoneOffset<kShape>> bones_;
  std::vector<FoldedJoint<kShape>> joints_;  // without duplicates
};

template <int kShape>
SizedImpl<kShape>::SizedImpl(const BodyModel& model, KeypointSet keypoint_set,
                             const JointCombinations& combinations, bool correctives)
    : Impl(model, std::move(keypoint_set)) {
  for (int k = 0; k < model.num_joints(); ++k) {
    const int parent = model.parents()[k];
    BoneOffset<kShape>& bone = bones_.emplace_back(
        BoneOffset<kShape>{parent, rest.mean.row(k).transpose(), rest.dirs.middleRows<3>(3 * k)});
    if (k == 0) continue;
    bone.mean -= rest.mean.row(parent).transpose();
    bone.dirs -= rest.dirs.middleRows<3>(3 * parent);
  }
  users = combinations.users;
  chains.resize(set.size());
  for (size_t j = 0; j < combinations.distinct.size(); ++j) {
    const JointCombination& one = combinations.distinct[j];
    joints_.push_back(correctives ? FoldJoint<kShape>(model, rest, one)
                                  : FoldSkin<kShape>(model, rest, one));
    const std::vector<int>& blocks = joints_.back().pose_blocks;
    for (size_t block = 0; block < blocks.size(); ++block) {
      Add(blocks[block], &exact_blocks);
      if (static_cast<int>(block) < joints_.back().num_chain_blocks) {
        Add(blocks[block], &chain_blocks);
      }
    }
    for (const int i : users[j]) {
      for (const auto& link : joints_.back().chain) chains[i].push_back(link.joint);
    }
  }
}

template <int kShape>
void SizedImpl<kShape>::EvaluateJoint(const FoldedJoint<kShape>& joint, const BodyParams& params,
                                      const PosedFrames<kShape>& frames, FrameDetail detail,
                                      Vec3* position, JacobianRows* rows) const {
  Below below;
  const bool all_columns = detail >= FrameDetail::kChain;
  if (all_columns) {
    for (const auto& link : joint.chain) below[link.joint].setZero();
  }
  *position = SkinTerms(joint, frames, params, all_columns ? &below : nullptr);
  if (!joint.correctives.empty()) {
    *position += SkinCorrectives(joint, frames, all_columns ? &below : nullptr);
  }
  if (all_columns) {
    if (detail == FrameDetail::kExact) rows->setZero();
    FillColumns(joint, frames, layout->num_pose(), below, *rows);
    const int blocks = detail == FrameDetail::kExact ? static_cast<int>(joint.pose_blocks.size())
                                                     : joint.num_chain_blocks;
    if (blocks > 0) AddCorrectiveColumns(joint, frames, blocks, *rows);
  } else if (detail == FrameDetail::kRoot) {
    double skin_weight = 0;
    for (const auto& term : joint.terms) skin_weight += term.weight;
    const Vec3 arm = *position - skin_weight * frames.position[0];
    for (int axis = 0; axis < 3; ++axis) rows->col(axis) = frames.turn[0].col(axis).cross(arm);
    rows->rightCols<3>() = joint.weight_sum * Mat3::Identity();
  }
  *position += joint.weight_sum * params.transl();
}

template <int kShape>
void SizedImpl<kShape>::Evaluate(const BodyParams& params, FrameDetail detail,
                                 std::span<const uint8_t> mask, Points3* positions,
                                 RowMatX* jacobian) const {
  JointBits needed = 0;
  for (size_t j = 0; j < joints_.size(); ++j) {
    const auto is_asked = [&](int i) { return mask.empty() || mask[i] != 0; };
    if (std::ranges::any_of(users[j], is_asked)) needed |= joints_[j].bones;
  }
  PosedFrames<kShape> frames;
  PoseFrames(bones_, params, detail, needed,
             detail == FrameDetail::kExact ? exact_blocks : chain_blocks, &frames);
  for (size_t j = 0; j < joints_.size(); ++j) {
    int first = -1;
    for (const int i : users[j]) {
      if (!mask.empty() && mask[i] == 0) continue;
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
        EvaluateJoint(joints_[j], params, frames, detail, &position, &rows);
      } else {
        EvaluateJoint(joints_[j], params, frames, detail, &position, nullptr);
      }
      positions->row(i) = position.transpose();
    }
  }
}

std::shared_ptr<const FoldedJoints::Impl> MakeImpl(const BodyModel& model, KeypointSet set,
                                                   const JointCombinations& combinations,
                                                   bool correctives = true) {
  const auto make = [&]<int kShape>(std::integral_constant<int, kShape>) {
    return std::make_shared<const SizedImpl<kShape>>(model, std::move(set), combinations,
                                                     correctives);
  };
  switch (model.layout->num_shape()) {
    case kSmplShape:
      return make(std::integral_constant<int, kSmplShape>());
    case kSmplxShape:
      return make(std::integral_constant<int, kSmplxShape>());
    default:
      return make(std::integral_constant<int, Eigen::Dynamic>());
  }
}

// Each of them a point of its own.
std::shared_ptr<const FoldedJoints::Impl> MakePoints(const BodyModel& model,
                                                     std::vector<JointCombination> points,
                                                     bool correctives) {
  const int count = static_cast<int>(points.size());
  JointCombinations combinations{std::move(points), {}};
  for (int i = 0; i < count; ++i) combinations.users.push_back({i});
  return MakeImpl(model, {"points", std::vector<std::string_view>(count, "point")}, combinations,
                  correctives);
}

}  // namespace

FoldedJoints::FoldedJoints(const BodyModel& model, const KeypointSet& set)
    : impl_(MakeImpl(model, set, JointCombinations::Of(model, set))) {}

FoldedJoints FoldedJoints::Skeleton(const BodyModel& model) {
  KeypointSet set{"skeleton", {}};
  for (const std::string& joint : model.layout->joints) set.joints.push_back(joint);
  return FoldedJoints(MakeImpl(model, std::move(set), JointCombinations::OfSkeleton(model)));
}

FoldedJoints FoldedJoints::Vertices(const BodyModel& model, std::span<const int> vertices) {
  std::vector<JointCombination> points;
  for (const int vertex : vertices) points.push_back({.vertices = {{vertex, 1.0}}, .joints = {}});
  return FoldedJoints(MakePoints(model, std::move(points), /*correctives=*/true));
}

FoldedJoints FoldedJoints::OfSkin(const BodyModel& model,
                                  std::vector<JointCombination> combinations) {
  return FoldedJoints(MakePoints(model, std::move(combinations), /*correctives=*/false));
}

int FoldedJoints::size() const { return impl_->set.size(); }
const KeypointSet& FoldedJoints::set() const { return impl_->set; }
const BodyLayout& FoldedJoints::layout() const { return *impl_->layout; }
const RestJoints& FoldedJoints::rest_joints() const { return impl_->rest; }
std::span<const int> FoldedJoints::Chain(int i) const { return impl_->chains[i]; }

Points3 FoldedJoints::Positions(const BodyParams& params) const {
  Points3 positions;
  Evaluate(params, &positions, nullptr);
  return positions;
}

void FoldedJoints::Evaluate(const BodyParams& params, Points3* positions, RowMatX* jacobian,
                            const FoldedOptions& options) const {
  GYRE_CHECK(params.Fits(layout()), "parameters of {} joints and {} shapes", params.num_joints(),
             params.num_shape());
  const bool root_only = options.columns == FoldedOptions::Columns::kRoot;
  const int columns = root_only ? kNumRootParams : layout().num_params();
  GYRE_CHECK(options.mask.empty() || static_cast<int>(options.mask.size()) == size());
  if (positions->rows() != size()) positions->setZero(size(), 3);
  if (jacobian != nullptr && (jacobian->rows() != 3 * size() || jacobian->cols() != columns)) {
    jacobian->setZero(3 * size(), columns);
  }
  FrameDetail detail = FrameDetail::kValue;
  if (jacobian != nullptr) {
    detail = root_only                                                   ? FrameDetail::kRoot
             : options.correctives == FoldedOptions::Correctives::kExact ? FrameDetail::kExact
                                                                         : FrameDetail::kChain;
  }
  impl_->Evaluate(params, detail, options.mask, positions, jacobian);
}

}  // namespace gyre
