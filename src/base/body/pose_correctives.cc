// SPDX-License-Identifier: Apache-2.0
#include "body/pose_correctives.h"

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <vector>

#include "core/parallel.h"
#include "core/so3.h"

namespace gyre {
namespace {

// How far a joint on the left turns from the T-pose about x, y and z, radians. The right side turns
// the other way about y and z.
struct RangeOfMotion {
  int joint;
  Vec3 low, high;
};
constexpr int kSteps = 4;

const RangeOfMotion kRanges[] = {
    {1, {-2.1, -0.5, -0.3}, {0.5, 0.5, 0.8}},   // left hip: flexion, twist, abduction
    {4, {0.0, -0.2, -0.1}, {2.4, 0.2, 0.1}},    // left knee: flexion
    {16, {-0.6, -1.4, -1.3}, {0.6, 0.5, 1.3}},  // left shoulder: twist, forward, up and down
    {18, {-0.5, -2.4, -0.1}, {0.5, 0.0, 0.1}},  // left elbow: twist, flexion
};

std::vector<Mat3> Rotations(const RangeOfMotion& range, double side) {
  std::vector<Mat3> rotations;
  for (int i = 0; i < kSteps * kSteps * kSteps; ++i) {
    const Vec3 t = Vec3(i % kSteps, i / kSteps % kSteps, i / (kSteps * kSteps)) / (kSteps - 1);
    const Vec3 w = range.low + t.cwiseProduct(range.high - range.low);
    rotations.push_back(ExpSO3(w.cwiseProduct(Vec3(1, side, side))));
  }
  return rotations;
}

bool InSubtree(int joint, int root, const std::vector<int>& parents) {
  while (joint > root) joint = parents[joint];
  return joint == root;
}

using Feature = Eigen::Matrix<double, 9, 1>;
Feature FeatureOf(const Mat3& R) {
  return (R - Mat3::Identity()).transpose().reshaped();  // row-major
}

void FitJoint(int joint, const std::vector<Mat3>& rotations, const Points3& vertices,
              const Vec3& center, const VecX& share, RowMatX* posedirs) {
  const int n = static_cast<int>(rotations.size());
  Eigen::Matrix<double, 9, Eigen::Dynamic> features(9, n);
  std::vector<Vec3> logs(n);
  for (int i = 0; i < n; ++i) {
    features.col(i) = FeatureOf(rotations[i]);
    logs[i] = LogSO3(rotations[i]);
  }
  constexpr double kRidge = 0.02;
  const Eigen::Matrix<double, 9, 9> normal =
      features * features.transpose() + kRidge * n * Eigen::Matrix<double, 9, 9>::Identity();
  const Eigen::Matrix<double, 9, Eigen::Dynamic> solver = normal.llt().solve(features);

  ParallelFor(vertices.rows(), 0, [&](int64_t v, int) {
    const double s = share[v];
    if (s < 1e-3 || s > 1 - 1e-3) return;
    const Vec3 arm = vertices.row(v).transpose() - center;
    Eigen::Matrix<double, Eigen::Dynamic, 3> offsets(n, 3);
    for (int i = 0; i < n; ++i) {
      const Mat3 blend = (1 - s) * Mat3::Identity() + s * rotations[i];
      const Mat3 excess = ExpSO3(s * logs[i]) - blend;
      offsets.row(i) = (blend.inverse() * excess * arm).transpose();
    }
    posedirs->block<3, 9>(3 * v, 9 * (joint - 1)) = (solver * offsets).transpose();
  });
}

}  // namespace

RowMatX VolumeKeepingPosedirs(const Points3& vertices, const Points3& joints,
                              const SparseRows& weights,
                              const std::vector<int>& parents) {
  RowMatX posedirs = RowMatX::Zero(3 * vertices.rows(), 9 * (joints.rows() - 1));
  for (const RangeOfMotion& range : kRanges) {
    for (int right = 0; right < 2; ++right) {
      const int joint = range.joint + right;
      VecX moved = VecX::Zero(joints.rows());
      for (int k = joint; k < joints.rows(); ++k) moved[k] = InSubtree(k, joint, parents);
      FitJoint(joint, Rotations(range, right ? -1.0 : 1.0), vertices, joints.row(joint),
               weights * moved, &posedirs);
    }
  }
  return posedirs;
}

}  // namespace gyre
