// SPDX-License-Identifier: Apache-2.0
#include "loop/tracking/body_motion.h"

#include <gtest/gtest.h>

#include <limits>

#include "tracking/people.h"

namespace gyre {
namespace {

// Three joints in a box of 200 px; another one is not seen.
Person Three(double moved_px) {
  Person person;
  person.keypoints = Keypoints(FindKeypointSet("body25"));
  for (const auto& [joint, x, y] : {std::tuple{2, 90.0, 10.0}, {5, 130.0, 20.0}, {9, 95.0, 90.0}}) {
    person.keypoints.px.row(joint) << x + moved_px, y;
    person.keypoints.confidence[joint] = 1;
  }
  person.box = {Vec2(100 + moved_px, 50), 200};
  return person;
}

// By hand, s = 200 px and t = 0.5 s: P(0) = diag((0.015 s)^2, (0.7 s)^2) = diag(9, 19600), so
// P_xx = 9 + t^2 19600 + 0.25 s^2 t^3 / 3 = 9 + 4900 + 416.67; a joint has moved by at most 0.12 s.
TEST(BodyMotion, KnowsLessTheLongerNobodyLooks) {
  const BodyMotion motion(Three(0));
  const PredictedJoints then = motion.Predict(0.5);
  EXPECT_NEAR(then.variance_px2[2], 5325.667 + 576, 1e-2);
  EXPECT_NEAR(motion.Predict(0.1).variance_px2[5], 9 + 196 + 3.333 + 100, 1e-2);
  EXPECT_EQ(then.px.row(2), Eigen::RowVector2d(90, 10));
  EXPECT_TRUE(then.known[9]);
  EXPECT_FALSE(then.known[4]);
  EXPECT_EQ(then.size_px, 200);
}

// All three 60 px on: what is measured has the variance 585 / 3. The gains are
// 5325.67 / 5520.67 = 0.96468 and, with P_xv = 0.5 19600 + 0.25 s^2 t^2 / 2 = 11050, 2.00157.
TEST(BodyMotion, TakesInHowFarItCame) {
  BodyMotion motion(Three(0));
  motion.Update(0.5, Three(60));
  EXPECT_NEAR(motion.place_px().x(), 100 + 57.881, 1e-2);
  EXPECT_NEAR(motion.place_px().y(), 50, 1e-9);
  EXPECT_NEAR(motion.speed_px_s().x(), 120.094, 1e-2);
  // The joints are where they were seen, and go on.
  EXPECT_NEAR(motion.Predict(0).px(5, 0), 190, 1e-9);
  EXPECT_NEAR(motion.Predict(0.25).px(5, 0), 190 + 30.02, 1e-2);
}

// Who misses other joints in every frame moves all the same.
TEST(BodyMotion, MissingJointsDoNotMoveIt) {
  Rng rng(4, RngStream::kTest);
  BodyMotion motion(SomebodyAt(300, kHeightPx, 0.2, &rng));
  for (int i = 1; i <= 30; ++i) motion.Update(0.04, SomebodyAt(300 + 6 * i, kHeightPx, 0.3, &rng));
  EXPECT_NEAR(motion.speed_px_s().x(), 150, 8);
  EXPECT_NEAR(motion.speed_px_s().y(), 0, 8);
  EXPECT_NEAR(motion.Predict(0.4).px(0, 0), 300 + 180 + 60 - kHeightPx / 6, 8);
}

// Half of a body is half as large at first, and soon as large as it is.
TEST(BodyMotion, SizeIsThatOfTheWholeBody) {
  Person half = Three(0);
  half.box.side_px = 100;
  BodyMotion motion(half);
  motion.Update(0.1, Three(0));
  EXPECT_DOUBLE_EQ(motion.Predict(0).size_px, 130);
  motion.Update(0.1, half);
  EXPECT_DOUBLE_EQ(motion.Predict(0).size_px, 129.1);
}

TEST(BodyMotion, NumbersThatCannotBeAreNotThere) {
  Person person = Three(0);
  person.keypoints.px(2, 0) = std::numeric_limits<double>::quiet_NaN();
  person.keypoints.px(5, 1) = 1e12;
  person.keypoints.confidence[9] = std::numeric_limits<double>::quiet_NaN();
  for (const int joint : {2, 5, 9, 3}) EXPECT_FALSE(IsThere(person.keypoints, joint)) << joint;
  BodyMotion motion(Three(0));
  motion.Update(0.1, person);
  EXPECT_TRUE(motion.place_px().allFinite());
}

}  // namespace
}  // namespace gyre
