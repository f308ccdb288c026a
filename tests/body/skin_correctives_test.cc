// SPDX-License-Identifier: Apache-2.0
#include "body/skin_correctives.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "body/posed_skeleton.h"
#include "core/so3.h"

namespace gyre {
namespace {

// An arm of 3 cm along x, of a shoulder and the left elbow at x = 0; skin of 16 cm about the elbow
// follows both.
struct SkinnedArm {
  BodyLayout layout;
  Points3 vertices, joints;
  SparseRows weights;
};

SkinnedArm MakeArm() {
  const std::array<std::string, 3> names = {"Pelvis", "L_Shoulder", "L_Elbow"};
  SkinnedArm arm;
  arm.layout = MakeLayout({-1, 0, 1}, names, 0, 0);
  constexpr int kRings = 41, kAround = 9;
  arm.vertices.resize(kRings * kAround, 3);
  arm.weights.resize(kRings * kAround, 3);
  for (int ring = 0; ring < kRings; ++ring) {
    const double x = 0.01 * (ring - 20), share = std::clamp(0.5 + x / 0.16, 0.0, 1.0);
    for (int i = 0; i < kAround; ++i) {
      const int v = ring * kAround + i;
      const double angle = 0.1 + 0.7 * i;
      arm.vertices.row(v) << x, 0.03 * std::cos(angle), 0.03 * std::sin(angle);
      if (share < 1) arm.weights.insert(v, 1) = 1 - share;
      if (share > 0) arm.weights.insert(v, 2) = share;
    }
  }
  arm.joints.resize(3, 3);
  arm.joints << -0.5, -0.4, 0, -0.3, 0, 0, 0, 0, 0;
  return arm;
}

// Mean distance from the skin by dual quaternions, metres.
double Error(const SkinnedArm& arm, const RowMatX& posedirs, const std::vector<Mat3>& rotations) {
  const PosedSkeleton skeleton(arm.joints, WorldRotations(rotations, arm.layout.parents),
                               arm.layout.parents);
  VecX features(arm.layout.num_pose_features());
  for (int k = 1; k < arm.layout.num_joints(); ++k) {
    const Mat3 off = rotations[k] - Mat3::Identity();
    features.segment<9>(9 * (k - 1)) = off.transpose().reshaped();
  }
  const VecX offsets = posedirs * features;
  double sum = 0;
  for (int v = 0; v < arm.vertices.rows(); ++v) {
    const Vec3 place = arm.vertices.row(v);
    const PosedSkeleton::Affine blend = skeleton.Linear(arm.weights, v);
    const Vec3 linear = blend.linear * (place + offsets.segment<3>(3 * v)) + blend.shift;
    sum += (linear - skeleton.ByDualQuaternions(arm.weights, v, place)).norm();
  }
  return sum / static_cast<double>(arm.vertices.rows());
}

TEST(SkinCorrectives, BringLinearSkinNearToDualQuaternions) {
  const SkinnedArm arm = MakeArm();
  const RowMatX fitted = FitSkinCorrectives(arm.vertices, arm.joints, arm.weights, arm.layout);
  const RowMatX none = RowMatX::Zero(fitted.rows(), fitted.cols());
  for (const Vec3& bend :
       {Vec3(0, -1.9, 0), Vec3(0.3, -1.3, 0.05), Vec3(-0.4, -0.7, -0.05), Vec3(0.1, -1.0, 0)}) {
    std::vector<Mat3> rotations(3, Mat3::Identity());
    rotations[2] = ExpSO3(bend);
    EXPECT_LT(Error(arm, fitted, rotations), 0.4 * Error(arm, none, rotations)) << bend.transpose();
    EXPECT_GT(Error(arm, none, rotations), 1e-4);
    // What turns the whole arm changes nothing.
    rotations[1] = ExpSO3(Vec3(0.2, -0.5, 0.7));
    EXPECT_LT(Error(arm, fitted, rotations), 0.4 * Error(arm, none, rotations));
  }
}

TEST(SkinCorrectives, LeaveSkinThatHardlyBendsWhereItIs) {
  const SkinnedArm arm = MakeArm();
  const RowMatX fitted = FitSkinCorrectives(arm.vertices, arm.joints, arm.weights, arm.layout);
  std::vector<Mat3> rotations(3, Mat3::Identity());
  EXPECT_LT(Error(arm, fitted, rotations), 1e-12);
  for (const Vec3& bend : {Vec3(0, -0.3, 0), Vec3(0.5, 0, 0)}) {
    rotations[2] = ExpSO3(bend);
    EXPECT_LT(Error(arm, fitted, rotations), 6e-4) << bend.transpose();  // of 3 cm
  }
}

TEST(SkinCorrectives, TouchOnlySkinThatTwoJointsShareAndTheJointBetween) {
  const SkinnedArm arm = MakeArm();
  const RowMatX fitted = FitSkinCorrectives(arm.vertices, arm.joints, arm.weights, arm.layout);
  EXPECT_EQ(fitted.leftCols<9>().cwiseAbs().maxCoeff(), 0);  // of the shoulder
  EXPECT_GT(fitted.rightCols<9>().cwiseAbs().maxCoeff(), 1e-3);
  for (int v = 0; v < arm.vertices.rows(); ++v) {
    if (std::abs(arm.vertices(v, 0)) < 0.085) continue;
    EXPECT_EQ(fitted.middleRows<3>(3 * v).cwiseAbs().maxCoeff(), 0) << v;
  }
}

TEST(SkinCorrectives, PosesAreWithinRangeAndMirroredOnTheRight) {
  const std::array<std::string, 5> names = {"Pelvis", "L_Elbow", "R_Elbow", "L_Eye", "Jaw"};
  const BodyLayout layout = MakeLayout({-1, 0, 0, 0, 0}, names, 0, 0);
  double left = 0, right = 0, jaw = 0;
  for (int i = 0; i < 300; ++i) {
    Rng rng(5, RngStream::kTest, 0, i);
    const std::vector<Mat3> rotations = DrawInRange(layout, 1, rng);
    ASSERT_EQ(rotations.size(), 5u);
    EXPECT_EQ(rotations[0], Mat3::Identity());
    EXPECT_EQ(rotations[3], Mat3::Identity());
    left = std::min(left, LogSO3(rotations[1]).y());
    right = std::max(right, LogSO3(rotations[2]).y());
    jaw = std::max(jaw, LogSO3(rotations[4]).x());
    EXPECT_LT(LogSO3(rotations[1]).y(), 0.4);
    EXPECT_GT(LogSO3(rotations[2]).y(), -0.4);
    EXPECT_GE(LogSO3(rotations[4]).x(), -1e-9);
  }
  EXPECT_NEAR(left, -2.4, 0.1);
  EXPECT_NEAR(right, 2.4, 0.1);
  EXPECT_NEAR(jaw, 0.5, 0.02);
}

}  // namespace
}  // namespace gyre
