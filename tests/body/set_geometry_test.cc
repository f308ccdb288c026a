// SPDX-License-Identifier: Apache-2.0
#include "body/set_geometry.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "body/kinematics.h"
#include "core/error.h"

namespace gyre {
namespace {

const BodyModel& SharedBody() {
  static const std::shared_ptr<const BodyModel> body = LoadBodyModel("builtin");
  return *body;
}

TEST(SetGeometry, LimbsAreTheBonesOfTheSkeleton) {
  const KeypointSet& set = FindKeypointSet("smpl24");
  const SetGeometry geometry = GeometryOf(SharedBody(), LoadPosePrior().get(), set);
  // Every bone of 4 cm or more, with its length at rest.
  const Points3 rest = RestJoints(SharedBody()).At(VecX::Zero(SharedBody().layout->num_shape()));
  for (int k = 1; k < set.size(); ++k) {
    const int parent = SharedBody().layout->parents[k];
    const double length = (rest.row(k) - rest.row(parent)).norm();
    const auto found = std::ranges::find_if(
        geometry.rigid, [&](const auto& pair) { return pair.from == parent && pair.to == k; });
    ASSERT_EQ(found != geometry.rigid.end(), length >= 0.04) << set.joints[k];
    if (found == geometry.rigid.end()) continue;
    EXPECT_NEAR(found->length_m, length, 1e-6);
  }
  // The kinematic joints are themselves.
  EXPECT_LT((geometry.kinematic - RowMatX::Identity(24, 24)).cwiseAbs().maxCoeff(), 1e-12);
  EXPECT_LT(geometry.kinematic_rms_m.maxCoeff(), 1e-9);
}

TEST(SetGeometry, FindsTheSkeletonAmongJointsOfPeople) {
  const KeypointSet& set = FindKeypointSet("h36m17");
  const SetGeometry geometry = GeometryOf(SharedBody(), LoadPosePrior().get(), set);
  const BodyLayout& layout = *SharedBody().layout;
  EXPECT_LT((geometry.kinematic.rowwise().sum().array() - 1).abs().maxCoeff(), 1e-9);
  for (const char* joint :
       {"Pelvis", "L_Hip", "R_Hip", "L_Knee", "R_Ankle", "L_Shoulder", "R_Elbow", "L_Wrist"}) {
    EXPECT_LT(geometry.kinematic_rms_m[layout.IndexOf(joint)], 0.01) << joint;
  }
  // What no joint of the set tells is said to be unsure.
  EXPECT_GT(geometry.kinematic_rms_m[layout.IndexOf("L_Foot")], 0.03);
  const int hip = set.IndexOf("Left Hip"), knee = set.IndexOf("Left Knee"),
            wrist = set.IndexOf("Left Wrist");
  const auto is_rigid = [&](int a, int b) {
    return std::ranges::any_of(geometry.rigid, [&](const auto& pair) {
      return std::minmax(pair.from, pair.to) == std::minmax(a, b);
    });
  };
  EXPECT_TRUE(is_rigid(hip, knee));
  EXPECT_FALSE(is_rigid(hip, wrist));
  // A pose that it has not seen, turned and away: where the skeleton is.
  BodyParams params(layout);
  params.rotation(0) = Vec3(2.9, 0.3, -0.4);
  params.rotation(layout.IndexOf("L_Knee")) = Vec3(0.7, 0, 0);
  params.rotation(layout.IndexOf("R_Elbow")) = Vec3(0, 0.9, 0);
  params.transl() = Vec3(0.4, -2, 7);
  const RowMatX found = geometry.kinematic * FoldedJoints(SharedBody(), set).Positions(params);
  const Points3 expected = FoldedJoints::Skeleton(SharedBody()).Positions(params);
  for (const char* joint : {"Pelvis", "L_Knee", "L_Ankle", "R_Elbow", "R_Wrist", "Neck"}) {
    const int k = layout.IndexOf(joint);
    EXPECT_LT((found.row(k) - expected.row(k)).norm(), 0.03) << joint;
  }
}

// COCO's first joint is the nose, which this body does not have: all others keep their places.
TEST(SetGeometry, JointsThatTheBodyLacksHaveNoWeight) {
  BodyModel noseless = SharedBody();
  noseless.landmark_vertices[0] = -1;
  const SetGeometry geometry = GeometryOf(noseless, nullptr, FindKeypointSet("coco17"));
  ASSERT_EQ(geometry.kinematic.cols(), 17);
  EXPECT_EQ(geometry.kinematic.col(0).norm(), 0);
  const auto expect_itself = [&](const char* joint, int position) {
    const int k = noseless.layout->IndexOf(joint);
    EXPECT_EQ(geometry.kinematic(k, position), 1) << joint;
    EXPECT_EQ(geometry.kinematic.row(k).cwiseAbs().sum(), 1) << joint;
  };
  expect_itself("L_Shoulder", 5);
  expect_itself("R_Wrist", 10);
  expect_itself("L_Knee", 13);
  expect_itself("R_Ankle", 16);
  const auto is_rigid = [&](int a, int b) {
    return std::ranges::any_of(geometry.rigid,
                               [&](const auto& pair) { return pair.from == a && pair.to == b; });
  };
  EXPECT_TRUE(is_rigid(7, 9));    // the left forearm
  EXPECT_TRUE(is_rigid(14, 16));  // the right shin
  EXPECT_FALSE(is_rigid(7, 16));
  for (const auto& pair : geometry.rigid) EXPECT_GT(pair.from, 0);
}

TEST(SetGeometry, ASetOfNoJointsIsRefused) {
  const KeypointSet two{"two", {"Right Knee", "Left Knee"}};
  EXPECT_THROW(GeometryOf(SharedBody(), nullptr, two), UserError);
}

}  // namespace
}  // namespace gyre
