// SPDX-License-Identifier: Apache-2.0
#include "person/hold_out.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gyre {
namespace {

int SpinRow(const char* name) { return SpinJoints().IndexOf(name); }

TEST(HoldOutLegs, KneesAndAnklesUnderAllTheirNames) {
  Person person;
  person.keypoints.confidence.setConstant(0.75);
  HoldOutLegs(HiddenLegs::kBelowHips, &person);
  std::vector<std::string_view> held_out;
  for (const int i : person.held_out) held_out.push_back(SpinJoints().joints[i]);
  EXPECT_THAT(held_out, testing::UnorderedElementsAre("OP RKnee", "OP LKnee", "OP RAnkle",
                                                      "OP LAnkle", "Right Knee", "Left Knee",
                                                      "Right Ankle", "Left Ankle"));
  for (const int i : person.held_out) EXPECT_EQ(person.keypoints.confidence[i], 0);
  EXPECT_EQ(person.keypoints.confidence[SpinRow("OP LBigToe")], 0);
  EXPECT_EQ(person.keypoints.confidence[SpinRow("OP RHeel")], 0);
  EXPECT_EQ(person.keypoints.confidence[SpinRow("OP RHip")], 0.75);
  EXPECT_EQ(person.keypoints.NumObserved(), 49 - 8 - 6);
}

TEST(HoldOutLegs, WithHips) {
  Person person;
  person.keypoints.confidence.setConstant(0.75);
  HoldOutLegs(HiddenLegs::kWithHips, &person);
  EXPECT_EQ(person.held_out.size(), 8u);
  for (const char* hip : {"OP RHip", "OP LHip", "OP MidHip", "Right Hip", "Left Hip"}) {
    EXPECT_EQ(person.keypoints.confidence[SpinRow(hip)], 0) << hip;
  }
  EXPECT_EQ(person.keypoints.confidence[SpinRow("OP Neck")], 0.75);
}

TEST(HoldOutLegs, OnlyWhatIsSeenAndNothingTellsWhereItIs) {
  const KeypointSet& coco = FindKeypointSet("coco17");
  Person person;
  person.keypoints = Keypoints(coco);
  const auto place = [&](const char* name, double x_px, double y_px) {
    person.keypoints.px.row(coco.IndexOf(name)) << x_px, y_px;
    person.keypoints.confidence[coco.IndexOf(name)] = 0.5;
  };
  place("Nose", 10, 20);
  place("Left Hip", 30, 100);
  place("Left Ankle", 30, 260);
  person.box = {Vec2(20, 140), 288};  // 1.2 times 240
  HoldOutLegs(HiddenLegs::kBelowHips, &person);
  EXPECT_EQ(person.held_out, std::vector<int>{coco.IndexOf("Left Ankle")});
  EXPECT_EQ(person.held_out_unit_px, 288);
  EXPECT_NEAR(person.box.side_px, 1.2 * 80, 1e-9);
  EXPECT_LT((person.box.center_px - Vec2(20, 60)).norm(), 1e-9);
  Person seated;  // whose legs nobody saw
  seated.keypoints.confidence[SpinRow("OP Nose")] = 1;
  seated.box = {Vec2(1, 2), 3};
  HoldOutLegs(HiddenLegs::kBelowHips, &seated);
  EXPECT_TRUE(seated.held_out.empty());
  EXPECT_EQ(seated.box.side_px, 3);
}

}  // namespace
}  // namespace gyre
