// SPDX-License-Identifier: Apache-2.0
#include "person/keypoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gyre {
namespace {

using testing::ElementsAre;

const KeypointSet& Set(const char* name) { return FindKeypointSet(name); }

// Joint i of a set stands at (10 + i, 0.5 i), its confidence (i + 1) / 100.
Keypoints Numbered(const KeypointSet& set) {
  Keypoints keypoints(set);
  for (int i = 0; i < set.size(); ++i) {
    keypoints.px.row(i) << 10 + i, 0.5 * i;
    keypoints.confidence[i] = (i + 1) / 100.0;
  }
  return keypoints;
}

TEST(Keypoints, BeginUnobserved) {
  Keypoints keypoints(Set("coco17"));
  EXPECT_EQ(keypoints.set, &Set("coco17"));
  EXPECT_EQ(keypoints.size(), 17);
  EXPECT_EQ(keypoints.px.rows(), 17);
  EXPECT_EQ(keypoints.NumObserved(), 0);
  keypoints.confidence[3] = 0.25;
  EXPECT_EQ(keypoints.NumObserved(), 1);
  EXPECT_TRUE(keypoints.Observed(3));
  EXPECT_FALSE(keypoints.Observed(4));
  EXPECT_EQ(Keypoints().set, &SpinJoints());
}

TEST(Conversion, PutsNamesakesTogether) {
  // COCO has nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles, left before right;
  // the superset (from 25) ankle, knee, hip of the right, then of the left, wrist, elbow, shoulder
  // alike, neck, head, and at its end nose, eyes, ears.
  EXPECT_THAT(PositionsIn(SpinJoints(), Set("coco17")),
              ElementsAre(44, 45, 46, 47, 48, 34, 33, 35, 32, 36, 31, 28, 27, 29, 26, 30, 25));
  EXPECT_THAT(PositionsIn(SpinJoints(), Set("lsp14")),
              ElementsAre(25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38));
  const std::vector<int> body25 = PositionsIn(SpinJoints(), Set("body25"));
  for (int i = 0; i < 25; ++i) EXPECT_EQ(body25[i], i);
}

TEST(Conversion, GoesByTheSamePointWhereThereIsNoNamesake) {
  const std::vector<int> positions = PositionsIn(Set("coco17"), Set("body25"));
  EXPECT_EQ(positions[Set("body25").IndexOf("OP Nose")], 0);
  EXPECT_EQ(positions[Set("body25").IndexOf("OP LWrist")], 9);
  EXPECT_EQ(positions[Set("body25").IndexOf("OP RWrist")], 10);
  // OpenPose's hips are the joints, COCO's what people point at.
  EXPECT_EQ(positions[Set("body25").IndexOf("OP RHip")], -1);
  EXPECT_EQ(positions[Set("body25").IndexOf("OP LBigToe")], -1);
  // SMPL's joints, in the superset where it has them.
  const std::vector<int> smpl = PositionsIn(SpinJoints(), Set("smpl24"));
  EXPECT_EQ(smpl[Set("smpl24").IndexOf("SMPL R_Ankle")], SpinJoints().IndexOf("Right Ankle"));
  EXPECT_EQ(smpl[Set("smpl24").IndexOf("SMPL R_Hip")], SpinJoints().IndexOf("OP RHip"));
  EXPECT_EQ(smpl[Set("smpl24").IndexOf("SMPL Spine2")], -1);
}

TEST(Conversion, MovesPositionsAndConfidences) {
  const KeypointSet& coco = Set("coco17");
  const Keypoints spin = KeypointConversion(coco, SpinJoints())(Numbered(coco));
  EXPECT_EQ(spin.set, &SpinJoints());
  EXPECT_EQ(spin.NumObserved(), 17);
  const int knee = SpinJoints().IndexOf("Left Knee");  // COCO's 13
  EXPECT_EQ(spin.px(knee, 0), 23);
  EXPECT_EQ(spin.px(knee, 1), 6.5);
  EXPECT_EQ(spin.confidence[knee], 0.14);
  const Keypoints back = KeypointConversion(SpinJoints(), coco)(spin);
  EXPECT_EQ(back.px, Numbered(coco).px);
  EXPECT_EQ(back.confidence, Numbered(coco).confidence);
}

TEST(Conversion, NamesakesWinAndTheUnobservedMoveNothing) {
  const KeypointSet& coco = Set("coco17");
  const int openpose = SpinJoints().IndexOf("OP LElbow"), own = SpinJoints().IndexOf("Left Elbow");
  const int elbow = coco.IndexOf("Left Elbow");
  const KeypointConversion conversion(SpinJoints(), coco);
  Keypoints spin;
  spin.px.row(openpose) << 3.5, 4.5;
  spin.confidence[openpose] = 0.9;
  spin.px.row(own) << 7.5, 9.5;
  EXPECT_EQ(conversion(spin).px(elbow, 0), 3.5);  // the other is not observed
  EXPECT_EQ(conversion(spin).confidence[elbow], 0.9);
  spin.confidence[own] = 0.2;
  EXPECT_EQ(conversion(spin).px(elbow, 0), 7.5);
  EXPECT_EQ(conversion(spin).confidence[elbow], 0.2);
  spin.confidence[openpose] = spin.confidence[own] = 0;
  EXPECT_EQ(conversion(spin).px.row(elbow).norm(), 0);
  EXPECT_THROW(conversion(Keypoints(coco)), std::logic_error);
}

TEST(Mirror, ExchangesSides) {
  EXPECT_THAT(MirrorOf(Set("coco17")),
              ElementsAre(0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15));
  EXPECT_EQ(&MirrorOf(Set("coco17")), &MirrorOf(Set("coco17")));
  for (const std::string_view name : KeypointSetNames()) {
    const std::vector<int>& mirror = MirrorOf(FindKeypointSet(name));
    for (size_t i = 0; i < mirror.size(); ++i) {
      EXPECT_EQ(mirror[mirror[i]], static_cast<int>(i)) << name;
    }
  }
}

TEST(SpaceJoints, GoToTheirPlacesInAnotherSet) {
  const KeypointSet &superset = FindKeypointSet("superset24"), &coco = FindKeypointSet("coco17");
  SpaceJoints joints(superset);
  joints.placed = true;
  joints.m.row(superset.IndexOf("Left Knee")) << 0.25, -1.5, 3;
  joints.confidence[superset.IndexOf("Left Knee")] = 0.75;
  joints.m.row(superset.IndexOf("Right Knee")) << 9, 9, 9;   // not known
  joints.confidence[superset.IndexOf("Pelvis (MPII)")] = 1;  // COCO has none
  const SpaceJoints moved = JointsInSet(joints, coco);
  EXPECT_EQ(moved.set, &coco);
  EXPECT_TRUE(moved.placed);
  EXPECT_EQ(moved.m.row(13), Eigen::RowVector3d(0.25, -1.5, 3));
  EXPECT_EQ(moved.confidence[13], 0.75);
  EXPECT_EQ(moved.confidence.sum(), 0.75);
  EXPECT_EQ(moved.m.cwiseAbs().sum(), 4.75);
  EXPECT_EQ(JointsInSet(joints, superset).m, joints.m);
}

}  // namespace
}  // namespace gyre
