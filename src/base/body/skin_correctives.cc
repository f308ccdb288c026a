// SPDX-License-Identifier: Apache-2.0
#include "body/skin_correctives.h"

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "body/posed_skeleton.h"
#include "core/parallel.h"
#include "core/so3.h"

namespace gyre {
namespace {

// How far a joint on the left, or on the midline, turns from the T-pose about x, y and z, radians.
// The right side turns the other way about y and z.
struct JointRange {
  std::string_view joint;  // without its side
  Vec3 low, high;
};
const JointRange kJointRanges[] = {
    {"Hip", {-2.1, -0.5, -0.3}, {0.5, 0.5, 0.8}},        // flexion, twist, abduction
    {"Knee", {0.0, -0.2, -0.1}, {2.4, 0.2, 0.1}},        // flexion
    {"Ankle", {-0.4, -0.3, -0.3}, {0.8, 0.3, 0.3}},      // up and down
    {"Foot", {-0.9, -0.1, -0.1}, {0.4, 0.1, 0.1}},       // toes up and down
    {"Spine1", {-0.3, -0.3, -0.3}, {0.6, 0.3, 0.3}},     // forward, twist, sideways
    {"Spine2", {-0.3, -0.3, -0.3}, {0.5, 0.3, 0.3}},     //
    {"Spine3", {-0.2, -0.3, -0.2}, {0.4, 0.3, 0.2}},     //
    {"Neck", {-0.5, -0.7, -0.4}, {0.5, 0.7, 0.4}},       //
    {"Head", {-0.4, -0.6, -0.3}, {0.4, 0.6, 0.3}},       //
    {"Jaw", {0.0, -0.1, -0.05}, {0.5, 0.1, 0.05}},       // opening
    {"Collar", {-0.2, -0.3, -0.2}, {0.2, 0.3, 0.5}},     // forward, up
    {"Shoulder", {-0.6, -1.4, -1.3}, {0.6, 0.5, 1.3}},   // twist, forward, up and down
    {"Elbow", {-0.7, -2.4, -0.1}, {0.7, 0.0, 0.1}},      // twist, flexion
    {"Wrist", {-0.7, -0.5, -1.2}, {0.7, 0.4, 1.2}},      // twist, sideways, flexion
    {"Index1", {-0.1, -0.3, -1.6}, {0.1, 0.3, 0.4}},     // spread, flexion
    {"Middle1", {-0.1, -0.3, -1.6}, {0.1, 0.3, 0.4}},    //
    {"Ring1", {-0.1, -0.3, -1.6}, {0.1, 0.3, 0.4}},      //
    {"Pinky1", {-0.1, -0.4, -1.6}, {0.1, 0.3, 0.4}},     //
    {"Index2", {-0.05, -0.05, -1.9}, {0.05, 0.05, 0}},   // flexion
    {"Middle2", {-0.05, -0.05, -1.9}, {0.05, 0.05, 0}},  //
    {"Ring2", {-0.05, -0.05, -1.9}, {0.05, 0.05, 0}},    //
    {"Pinky2", {-0.05, -0.05, -1.9}, {0.05, 0.05, 0}},   //
    {"Index3", {-0.05, -0.05, -1.4}, {0.05, 0.05, 0.2}},
    {"Middle3", {-0.05, -0.05, -1.4}, {0.05, 0.05, 0.2}},
    {"Ring3", {-0.05, -0.05, -1.4}, {0.05, 0.05, 0.2}},
    {"Pinky3", {-0.05, -0.05, -1.4}, {0.05, 0.05, 0.2}},
    {"Thumb1", {-0.4, -0.4, -0.6}, {0.7, 0.9, 0.6}},  // about an axis of its own: rule_hands.h
    {"Thumb2", {-0.1, -0.1, -0.1}, {0.3, 0.9, 0.1}},
    {"Thumb3", {-0.2, -0.3, -0.1}, {0.5, 1.2, 0.1}},
};

// The joints whose rotation moves parts of a vertex' skin against each other, ascending.
std::vector<int> CorrectingJoints(const SparseRows& weights, int v,
                                  const std::vector<int>& parents) {
  std::vector<int> movers, chain;
  for (SparseRows::InnerIterator it(weights, v); it; ++it) {
    movers.push_back(static_cast<int>(it.col()));
  }
  // Climb from the highest number, whose parents have lower ones, until one joint is left.
  std::ranges::sort(movers);
  while (movers.size() > 1) {
    const int last = movers.back();
    movers.pop_back();
    chain.push_back(last);
    const auto place = std::ranges::lower_bound(movers, parents[last]);
    if (place == movers.end() || *place != parents[last]) movers.insert(place, parents[last]);
  }
  std::ranges::reverse(chain);
  return chain;
}

// Poses, and what the fit has to know of each.
struct BentPoses {
  std::vector<PosedSkeleton> skeletons;
  RowMatX features;  // [N,9(J-1)]
};

BentPoses DrawBentPoses(const Points3& joints, const BodyLayout& layout) {
  constexpr int kPoses = 400;
  BentPoses samples;
  samples.features.resize(kPoses, layout.num_pose_features());
  for (int i = 0; i < kPoses; ++i) {
    Rng rng(3, RngStream::kBody, 0, i);
    const std::vector<Mat3> rotations = DrawInRange(layout, i % 2 == 0 ? 1.0 : 0.5, rng);
    samples.skeletons.emplace_back(joints, WorldRotations(rotations, layout.parents),
                                   layout.parents);
    for (int k = 1; k < layout.num_joints(); ++k) {
      const Mat3 off = rotations[k] - Mat3::Identity();
      samples.features.block<1, 9>(i, 9 * (k - 1)) = off.transpose().reshaped().transpose();
    }
  }
  return samples;
}

// The matrix that takes offsets of the poses [N,3] to P of these joints [9n,3].
RowMatX RegressionOn(const BentPoses& samples, const std::vector<int>& joints) {
  constexpr double kRidge = 1e-3;
  const Eigen::Index poses = samples.features.rows();
  RowMatX features(poses, 9 * std::ssize(joints));
  for (size_t j = 0; j < joints.size(); ++j) {
    features.middleCols<9>(9 * j) = samples.features.middleCols<9>(9 * (joints[j] - 1));
  }
  Eigen::MatrixXd normal = features.transpose() * features;
  normal.diagonal().array() += kRidge * static_cast<double>(poses);
  return normal.llt().solve(Eigen::MatrixXd(features.transpose()));
}

// What a vertex lacks at rest in every pose. [N,3]
Points3 LackingOffsets(const BentPoses& samples, const SparseRows& weights, int v,
                       const Vec3& place) {
  Points3 offsets(samples.skeletons.size(), 3);
  for (size_t i = 0; i < samples.skeletons.size(); ++i) {
    const PosedSkeleton& skeleton = samples.skeletons[i];
    const PosedSkeleton::Affine blend = skeleton.Linear(weights, v);
    const Vec3 lacking =
        skeleton.ByDualQuaternions(weights, v, place) - blend.linear * place - blend.shift;
    offsets.row(static_cast<Eigen::Index>(i)) = (blend.linear.inverse() * lacking).transpose();
  }
  return offsets;
}

}  // namespace

std::vector<Mat3> DrawInRange(const BodyLayout& layout, double scale, Rng& rng) {
  std::vector<Mat3> rotations(layout.num_joints(), Mat3::Identity());
  for (int k = 1; k < layout.num_joints(); ++k) {
    std::string_view name = layout.joints[k];
    const bool right = name.starts_with("R_");
    if (right || name.starts_with("L_")) name.remove_prefix(2);
    const auto range = std::ranges::find(kJointRanges, name, &JointRange::joint);
    if (range == std::end(kJointRanges)) continue;
    Vec3 w;
    for (int axis = 0; axis < 3; ++axis) {
      w[axis] = scale * rng.Uniform(range->low[axis], range->high[axis]);
    }
    if (right) w = w.cwiseProduct(Vec3(1, -1, -1));
    rotations[k] = ExpSO3(w);
  }
  return rotations;
}

std::vector<Mat3> WorldRotations(const std::vector<Mat3>& rotations,
                                 const std::vector<int>& parents) {
  std::vector<Mat3> world;
  for (size_t k = 0; k < rotations.size(); ++k) {
    world.push_back(parents[k] < 0 ? rotations[k] : Mat3(world[parents[k]] * rotations[k]));
  }
  return world;
}

RowMatX FitSkinCorrectives(const Points3& vertices, const Points3& joints,
                           const SparseRows& weights, const BodyLayout& layout) {
  const BentPoses samples = DrawBentPoses(joints, layout);
  std::map<std::vector<int>, std::vector<int>> groups;  // vertices that the same joints correct
  for (int v = 0; v < vertices.rows(); ++v) {
    const std::vector<int> of_vertex = CorrectingJoints(weights, v, layout.parents);
    if (!of_vertex.empty()) groups[of_vertex].push_back(v);
  }
  RowMatX posedirs = RowMatX::Zero(3 * vertices.rows(), layout.num_pose_features());
  for (const auto& group : groups) {
    const std::vector<int>&group_joints = group.first, &members = group.second;
    const RowMatX regression = RegressionOn(samples, group_joints);
    ParallelFor(std::ssize(members), 0, [&](int64_t i, int) {
      const int v = members[i];
      const RowMatX fitted = regression * LackingOffsets(samples, weights, v, vertices.row(v));
      for (size_t j = 0; j < group_joints.size(); ++j) {
        posedirs.block<3, 9>(3 * v, 9 * (group_joints[j] - 1)) =
            fitted.middleRows<9>(9 * static_cast<Eigen::Index>(j)).transpose();
      }
    });
  }
  return posedirs;
}

}  // namespace gyre
