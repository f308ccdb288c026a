// SPDX-License-Identifier: Apache-2.0
#include "person/person.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>

namespace gyre {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

int Joint(const char* name) { return SpinJoints().IndexOf(name); }

TEST(Impossible, PointsLoseTheirConfidence) {
  Person person;
  person.keypoints = Keypoints(FindKeypointSet("lsp14"));
  person.keypoints.confidence << 1, 0.5, 7, kNan, -0.5, 0, 0.25, 1, 0, 0, 0, 0, 0, 0;
  person.keypoints.px.row(0) << -1e6, 1e6;    // the farthest there is
  person.keypoints.px.row(1) << 3, 1.0001e6;  // beyond
  person.keypoints.px.row(5) << kNan, 1;      // means nothing
  person.keypoints.px.row(6) << kNan, 1;
  SpaceJoints joints(FindKeypointSet("lsp14"));
  joints.confidence[2] = 0.75;
  joints.m.row(2) << 0, 0, 2e4;
  joints.confidence[3] = 1.5;
  person.joints3d = joints;
  LeaveOutImpossible(&person);
  EXPECT_EQ(person.non_finite, 5);
  EXPECT_THAT(
      std::vector<double>(person.keypoints.confidence.begin(), person.keypoints.confidence.end()),
      testing::ElementsAre(1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0));
  EXPECT_EQ(person.keypoints.px.row(1).norm(), 0);
  EXPECT_EQ(person.joints3d->confidence[2], 0);
  EXPECT_EQ(person.joints3d->confidence[3], 1);
  LeaveOutImpossible(&person);
  EXPECT_EQ(person.non_finite, 5);  // what is gone is not counted again
}

// Nine keypoints around (200, 101), of which the fifth strays: the others are 7.1 px from the middle
// in the median, so that 50 times that is 353.6 px.
Person WithAKeypointAt(double x, double y) {
  Person person;
  person.keypoints = Keypoints(FindKeypointSet("lsp14"));
  person.keypoints.confidence.head(9).setConstant(0.5);
  person.keypoints.px.topRows(9) << 200, 101, 193, 100, 207, 102, 199, 94, x, y, 201, 108, 195, 106,
      205, 96, 195.25, 95.75;
  return person;
}

TEST(Stray, AKeypointFarFromAllOthersIsLeftOut) {
  Person person = WithAKeypointAt(200, 99999);
  LeaveOutStray(&person);
  EXPECT_EQ(person.non_finite, 1);
  EXPECT_EQ(person.keypoints.NumObserved(), 8);
  EXPECT_EQ(person.keypoints.confidence[4], 0);
  EXPECT_EQ(person.keypoints.px.row(4).norm(), 0);
  for (const double near : {500.0, -100.0}) {
    person = WithAKeypointAt(near, 101);
    LeaveOutStray(&person);
    EXPECT_EQ(person.keypoints.NumObserved(), 9) << near;
  }
  person = WithAKeypointAt(-180, 101);
  LeaveOutStray(&person);
  EXPECT_EQ(person.keypoints.NumObserved(), 8);
}

TEST(Stray, WhatIsImpossibleManyOrNotObservedIsLeftToOthers) {
  for (const double bad : {kNan, 1e7}) {
    Person person = WithAKeypointAt(bad, 3);
    LeaveOutStray(&person);
    EXPECT_EQ(person.non_finite, 0) << bad;
  }
  Person two = WithAKeypointAt(9e4, 3);
  two.keypoints.px.row(7) << -9e4, 5;  // two of nine
  LeaveOutStray(&two);
  EXPECT_EQ(two.keypoints.NumObserved(), 9);
  two.keypoints.confidence[7] = 0;  // one of eight, and what is not observed is none
  LeaveOutStray(&two);
  EXPECT_EQ(two.keypoints.NumObserved(), 7);
  EXPECT_EQ(two.non_finite, 1);
  Person few = WithAKeypointAt(9e4, 3);
  few.keypoints.confidence.head(4) << 1, 0, 0, 0;
  few.keypoints.confidence.segment(6, 3).setZero();  // three are left
  LeaveOutStray(&few);
  EXPECT_EQ(few.keypoints.NumObserved(), 3);
}

TEST(Impossible, BoxAndCamera) {
  const auto left = [](double side_px, double focal_px) {
    Person person;
    person.box = {Vec2(3, 4), side_px};
    person.camera = Camera{focal_px, Vec2(1, 2)};
    LeaveOutImpossible(&person);
    return std::tuple(HasBox(person), person.camera.has_value(), person.non_finite);
  };
  EXPECT_EQ(left(1, 1), std::tuple(true, true, 0));
  EXPECT_EQ(left(0.75, 1e6), std::tuple(false, true, 1));
  EXPECT_EQ(left(-20, 0.75), std::tuple(false, false, 2));
  EXPECT_EQ(left(1e6, 1.5e6), std::tuple(true, false, 1));
  EXPECT_EQ(left(0, 5), std::tuple(false, true, 0));  // no box is no mistake
}

TEST(Impossible, BodyAndTranslation) {
  Person person;
  person.params = BodyParams(SmplLayout());
  person.params_have_translation = true;
  person.params->transl()[1] = -1.5e4;
  LeaveOutImpossible(&person);
  EXPECT_TRUE(person.params.has_value());
  EXPECT_FALSE(person.params_have_translation);
  EXPECT_EQ(person.params->transl().norm(), 0);
  EXPECT_EQ(person.non_finite, 1);
  person.params->betas()[7] = 101;
  LeaveOutImpossible(&person);
  EXPECT_FALSE(person.params.has_value());
  EXPECT_EQ(person.non_finite, 2);
}

TEST(HoldOut, KeepsBackLimbJointsUnderAllTheirNames) {
  Person person;
  person.index = 5;
  person.keypoints.confidence.setOnes();
  Person again = person;
  HoldOutLimbJoints(2, 0, &person);
  ASSERT_EQ(person.held_out.size(), 4u);  // OpenPose's and the annotators'
  // And the three points of the foot of an ankle.
  const auto ankles = std::ranges::count_if(
      person.held_out, [](int i) { return SpinJoints().joints[i].ends_with("Ankle"); });
  EXPECT_EQ(person.keypoints.confidence.sum(), 49 - 4 - 3 * ankles / 2);
  for (const int i : person.held_out) EXPECT_EQ(person.keypoints.confidence[i], 0);
  HoldOutLimbJoints(2, 0, &again);
  EXPECT_EQ(again.held_out, person.held_out);
  std::set<std::vector<int>> drawn;
  for (int64_t row = 0; row < 50; ++row) {
    Person other;
    other.index = row;
    other.keypoints.confidence.setOnes();
    HoldOutLimbJoints(2, 0, &other);
    drawn.insert(other.held_out);
  }
  EXPECT_GT(drawn.size(), 20u);
  // No more than there are, and never of the trunk.
  Person poor;
  poor.keypoints.confidence[Joint("Right Shoulder")] = 1;
  poor.keypoints.confidence[Joint("Right Knee")] = 1;
  HoldOutLimbJoints(2, 0, &poor);
  EXPECT_EQ(poor.held_out, std::vector<int>{Joint("Right Knee")});
}

// As runs had it before persons had sets.
TEST(HoldOut, DrawsWhatItAlwaysDrew) {
  const auto held_out = [](int64_t row, int count) {
    Person person;
    person.index = row;
    person.keypoints.confidence.setOnes();
    HoldOutLimbJoints(count, 0, &person);
    return person.held_out;
  };
  using testing::ElementsAre;
  EXPECT_THAT(held_out(0, 1), ElementsAre(4, 31));
  EXPECT_THAT(held_out(7, 3), ElementsAre(13, 29, 14, 30, 3, 32));
  EXPECT_THAT(held_out(123456, 2), ElementsAre(10, 26, 14, 30));
}

TEST(HoldOut, NothingTellsWhereTheJointsAre) {
  Person person;
  const auto place = [&](const char* name, double x_px, double y_px) {
    person.keypoints.px.row(Joint(name)) << x_px, y_px;
    person.keypoints.confidence[Joint(name)] = 1;
  };
  place("OP Nose", 0, 0);
  place("OP MidHip", 100, 100);
  place("OP LAnkle", 100, 300);  // the one joint that can be kept back
  place("OP LBigToe", 120, 310);
  // Wider than all of them, and 31 px right of their middle and 62 above it.
  person.box = {Vec2(60 + 31, 155 - 62), 1.2 * 310};
  HoldOutLimbJoints(2, 0, &person);
  EXPECT_EQ(person.held_out, std::vector<int>{Joint("OP LAnkle")});
  EXPECT_EQ(person.keypoints.confidence[Joint("OP LBigToe")], 0);
  EXPECT_EQ(person.keypoints.confidence.sum(), 2);
  EXPECT_NEAR((person.box.center_px - Vec2(50 + 10, 50 - 20)).norm(), 0, 1e-9);
  EXPECT_NEAR(person.box.side_px, 1.2 * 100, 1e-9);
  EXPECT_NEAR(person.held_out_unit_px, 1.2 * 310, 1e-9);
}

TEST(HoldOut, TakesThePersonsOwnSet) {
  const KeypointSet& coco = FindKeypointSet("coco17");
  Person person;
  person.keypoints = Keypoints(coco);
  person.keypoints.px.row(coco.IndexOf("Nose")) << 10, 20;
  person.keypoints.px.row(coco.IndexOf("Left Hip")) << 15, 60;
  person.keypoints.px.row(coco.IndexOf("Left Elbow")) << 40, 45;
  for (const char* name : {"Nose", "Left Hip", "Left Elbow"}) {
    person.keypoints.confidence[coco.IndexOf(name)] = 0.5;
  }
  HoldOutLimbJoints(8, 3, &person);
  EXPECT_EQ(person.held_out, std::vector<int>{coco.IndexOf("Left Elbow")});
  EXPECT_EQ(person.keypoints.NumObserved(), 2);
}

TEST(Person, CopiesAreTheirOwn) {
  Person person;
  person.params = BodyParams(SmplLayout());
  Person copy = person;
  copy.params->betas()[3] = 1.5;
  EXPECT_EQ(person.params->betas()[3], 0);
  person = copy;
  EXPECT_EQ(person.params->betas()[3], 1.5);
  copy.params.reset();
  EXPECT_TRUE(person.params.has_value());
  EXPECT_THROW(copy.params.value(), std::logic_error);
}

}  // namespace
}  // namespace gyre
