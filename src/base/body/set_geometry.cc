// SPDX-License-Identifier: Apache-2.0
#include "body/set_geometry.h"

#include <Eigen/Cholesky>
#include <cmath>

#include "body/kinematics.h"
#include "core/error.h"
#include "core/rng.h"

namespace gyre {
namespace {

constexpr int kPoses = 300;

// Turns all joints but the root: as the prior's pose says of SMPL's, the others a little at random.
void DrawPose(const BodyLayout& layout, const PosePrior* prior, Rng& rng, BodyParams* params) {
  constexpr double kTurnRad = 0.2;
  for (int k = 1; k < layout.num_joints(); ++k) {
    for (int axis = 0; axis < 3; ++axis) params->rotation(k)[axis] = rng.Normal(0, kTurnRad);
  }
  if (prior == nullptr) return;
  const PriorPose pose = prior->Sample(rng);
  const BodyLayout& smpl = SmplLayout();
  for (int k = 1; k < smpl.num_joints(); ++k) {
    const int joint = layout.IndexOf(smpl.joints[k]);
    if (joint >= 0) params->rotation(joint) = pose.segment<3>(3 * (k - 1));
  }
}

// Posed joints of the set and of the skeleton, [3 N] and [3 J] a row.
struct PosedRows {
  RowMatX set, skeleton;
};

PosedRows DrawPoses(const BodyModel& model, const PosePrior* prior, const KeypointSet& set) {
  const FoldedJoints joints(model, set), skeleton = FoldedJoints::Skeleton(model);
  PosedRows rows{RowMatX(kPoses, 3 * joints.size()), RowMatX(kPoses, 3 * skeleton.size())};
  Rng rng(1, RngStream::kBody);
  for (int i = 0; i < kPoses; ++i) {
    BodyParams params(*model.layout);
    DrawPose(*model.layout, prior, rng, &params);
    rows.set.row(i) = joints.Positions(params).reshaped<Eigen::RowMajor>().transpose();
    rows.skeleton.row(i) = skeleton.Positions(params).reshaped<Eigen::RowMajor>().transpose();
  }
  return rows;
}

std::vector<SetGeometry::RigidPair> RigidPairs(const RowMatX& posed) {
  constexpr double kLeastM = 0.04, kMostVariation = 0.05;
  std::vector<SetGeometry::RigidPair> pairs;
  const int count = static_cast<int>(posed.cols() / 3);
  for (int a = 0; a < count; ++a) {
    for (int b = a + 1; b < count; ++b) {
      const VecX lengths =
          (posed.middleCols(3 * a, 3) - posed.middleCols(3 * b, 3)).rowwise().norm();
      const double mean = lengths.mean();
      const double deviation = std::sqrt((lengths.array() - mean).square().mean());
      if (mean >= kLeastM && deviation < kMostVariation * mean) pairs.push_back({a, b, mean});
    }
  }
  return pairs;
}

// Joints [3 N] a row as one row for each pose and axis [3 P,N], about `about` [3 P].
RowMatX ByAxis(const RowMatX& posed, const VecX* about) {
  RowMatX rows(3 * posed.rows(), posed.cols() / 3);
  for (Eigen::Index i = 0; i < posed.rows(); ++i) {
    for (int axis = 0; axis < 3; ++axis) {
      for (Eigen::Index j = 0; j < rows.cols(); ++j) {
        rows(3 * i + axis, j) = posed(i, 3 * j + axis) - (about ? (*about)[3 * i + axis] : 0);
      }
    }
  }
  return rows;
}

// A joint of the skeleton that the set holds is that one, whatever others would tell as well.
void TakeNamesakes(const BodyLayout& layout, const KeypointSet& set, SetGeometry* out) {
  for (int i = set.size() - 1; i >= 0; --i) {
    const int k = KinematicJoint(layout, FindJoint(set.joints[i]));
    if (k >= 0) out->kinematic.row(k) = Eigen::RowVectorXd::Unit(set.size(), i);
  }
}

// Least squares weights of the set's joints for each joint of the skeleton: about the mean joint,
// to which then goes what is missing to a sum of 1. Joints that stand twice share their weight.
void FindWeights(const PosedRows& posed, const BodyLayout& layout, const KeypointSet& set,
                 SetGeometry* out) {
  const VecX mean = ByAxis(posed.set, nullptr).rowwise().mean();
  const RowMatX from = ByAxis(posed.set, &mean), to = ByAxis(posed.skeleton, &mean);
  RowMatX normal = from.transpose() * from;
  const auto count = static_cast<double>(from.cols());
  normal.diagonal().array() += 1e-6 * normal.trace() / count + 1e-12;
  out->kinematic = normal.ldlt().solve(from.transpose() * to).transpose();
  const VecX missing = (1 - out->kinematic.rowwise().sum().array()) / count;
  out->kinematic.colwise() += missing;
  TakeNamesakes(layout, set, out);
  const RowMatX residual = from * out->kinematic.transpose() - to;
  out->kinematic_rms_m = (residual.colwise().squaredNorm().transpose() / kPoses).cwiseSqrt();
}

}  // namespace

SetGeometry GeometryOf(const BodyModel& model, const PosePrior* prior, const KeypointSet& set) {
  KeypointSet had{set.name, {}};
  std::vector<int> position;
  for (int i = 0; i < set.size(); ++i) {
    if (!HasJoint(model, FindJoint(set.joints[i]))) continue;
    had.joints.push_back(set.joints[i]);
    position.push_back(i);
  }
  if (had.size() < 3) {
    ThrowUserError("{}: it has {} joints of keypoint set {}, too few to find a body by", model.name,
                   had.size(), set.name);
  }
  const PosedRows posed = DrawPoses(model, prior, had);
  SetGeometry geometry;
  geometry.rigid = RigidPairs(posed.set);
  for (auto& pair : geometry.rigid) pair = {position[pair.from], position[pair.to], pair.length_m};
  SetGeometry of_had;
  FindWeights(posed, *model.layout, had, &of_had);
  geometry.kinematic = RowMatX::Zero(of_had.kinematic.rows(), set.size());
  for (int j = 0; j < had.size(); ++j) {
    geometry.kinematic.col(position[j]) = of_had.kinematic.col(j);
  }
  geometry.kinematic_rms_m = of_had.kinematic_rms_m;
  return geometry;
}

}  // namespace gyre
