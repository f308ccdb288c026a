// SPDX-License-Identifier: Apache-2.0
#include "body/rule_hands.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string_view>

#include "body/makehuman_rig.h"

namespace gyre {
namespace {

constexpr double kRadPerDegree = std::numbers::pi / 180;

// Straight fingers along +x but the ring finger, which points 0.6 backwards for every metre out; a
// thumb that bends about y from in front of the palm.
RuleHands Hands() {
  const BodyLayout& layout = *MakeHumanRigOf(MakeHumanLayout::kSmplx).layout;
  Points3 joints = Points3::Zero(layout.num_joints(), 3);
  Points3 tips(5, 3);
  const char* const kFingers[] = {"L_Thumb", "L_Index", "L_Middle", "L_Ring", "L_Pinky"};
  for (int finger = 0; finger < 5; ++finger) {
    const int first = layout.IndexOf(std::string(kFingers[finger]) + "1");
    const Vec3 along = finger == 3 ? Vec3(0.8, 0, -0.6) : Vec3(1, 0, 0);
    const Vec3 knuckle(0.7, 0.4, 0.03 - 0.02 * finger);
    for (int i = 0; i < 3; ++i) joints.row(first + i) = (knuckle + 0.03 * i * along).transpose();
    tips.row(finger) = (knuckle + 0.09 * along).transpose();
  }
  const int thumb = layout.IndexOf("L_Thumb1");
  joints.row(thumb) << 0.6, 0.4, 0.0;
  joints.row(thumb + 1) << 0.6, 0.4, 0.04;
  joints.row(thumb + 2) << 0.61, 0.4, 0.07;
  tips.row(0) << 0.63, 0.4, 0.09;
  return {layout, joints, tips};
}

// The rotation of a joint in a hand's pose; fingers in SMPL-X's order.
enum { kIndex = 0, kMiddle = 9, kPinky = 18, kRing = 27, kThumb = 36 };

Vec3 JointOf(const VecX& pose, int finger, int joint) {
  return pose.segment<3>(finger + 3 * joint);
}

TEST(RuleHands, FlexionBendsFingersTowardsThePalm) {
  HandAngles angles;
  angles.fingers[0] = {82, 40, 25, 0};
  angles.fingers[2] = {50, 0, 0, 0};
  const VecX pose = Hands().LeftPose(angles);
  ASSERT_EQ(pose.size(), 45);
  EXPECT_LT((JointOf(pose, kIndex, 0) - Vec3(0, 0, -82 * kRadPerDegree)).norm(), 1e-9);
  EXPECT_LT((JointOf(pose, kIndex, 1) - Vec3(0, 0, -40 * kRadPerDegree)).norm(), 1e-9);
  EXPECT_LT((JointOf(pose, kIndex, 2) - Vec3(0, 0, -25 * kRadPerDegree)).norm(), 1e-9);
  // The ring finger bends about its own axis.
  EXPECT_LT((JointOf(pose, kRing, 0) - 50 * kRadPerDegree * Vec3(-0.6, 0, -0.8)).norm(), 1e-9);
  EXPECT_EQ(JointOf(pose, kMiddle, 0).norm(), 0);
  EXPECT_EQ(JointOf(pose, kPinky, 0).norm(), 0);
}

TEST(RuleHands, SpreadTurnsTowardsTheThumbAndTheThumbBendsAboutItsOwnAxis) {
  HandAngles angles;
  angles.fingers[3].spread = 9;
  angles.thumb = {.flexion = 10, .away = 0, .turn = 0, .knuckle = 30, .end = 45};
  const VecX pose = Hands().LeftPose(angles);
  // From +x towards +z, where the thumb is.
  EXPECT_LT((JointOf(pose, kPinky, 0) - Vec3(0, -9 * kRadPerDegree, 0)).norm(), 1e-9);
  EXPECT_LT((JointOf(pose, kThumb, 0) - Vec3(0, 10 * kRadPerDegree, 0)).norm(), 1e-9);
  EXPECT_LT((JointOf(pose, kThumb, 1) - Vec3(0, 30 * kRadPerDegree, 0)).norm(), 1e-9);
  EXPECT_LT((JointOf(pose, kThumb, 2) - Vec3(0, 45 * kRadPerDegree, 0)).norm(), 1e-9);
  angles.thumb = {.flexion = 0, .away = 20, .turn = 0, .knuckle = 0, .end = 0};
  // From +z down, out of the palm: about +x.
  EXPECT_LT((JointOf(Hands().LeftPose(angles), kThumb, 0) - Vec3(20 * kRadPerDegree, 0, 0)).norm(),
            1e-9);
}

TEST(RuleHands, TheRightHandIsTheMirrorImage) {
  VecX left = VecX::Zero(45);
  left.segment<3>(9) << 0.1, -0.2, 0.3;
  const VecX right = RuleHands::Mirrored(left);
  EXPECT_LT((right.segment<3>(9) - Vec3(0.1, 0.2, -0.3)).norm(), 1e-15);
}

TEST(RuleHands, DrawnHandsStayWithinTheRangeOfJoints) {
  double spread = 0, closed = 0;
  for (int i = 0; i < 2000; ++i) {
    Rng rng(9, RngStream::kTest, 0, i);
    const HandAngles hand = DrawHand(i % static_cast<int>(HandShapes().size()), rng);
    for (const HandAngles::Finger& finger : hand.fingers) {
      EXPECT_TRUE(finger.knuckle >= -20 && finger.knuckle <= 90) << finger.knuckle;
      EXPECT_TRUE(finger.middle >= -5 && finger.middle <= 110) << finger.middle;
      EXPECT_TRUE(finger.end >= -5 && finger.end <= 90) << finger.end;
      EXPECT_TRUE(std::abs(finger.spread) <= 15) << finger.spread;
      spread = std::max(spread, std::abs(finger.spread));
      closed = std::max(closed, finger.knuckle);
    }
    EXPECT_TRUE(hand.thumb.knuckle >= -15 && hand.thumb.knuckle <= 50);
    EXPECT_TRUE(hand.thumb.end >= -20 && hand.thumb.end <= 80);
  }
  EXPECT_GT(spread, 12);
  EXPECT_GT(closed, 88);
}

class HandComponentsTest : public testing::Test {
 protected:
  static const BodyModel::Hand& Hand(int right) {
    static const std::array<BodyModel::Hand, 2> hands = Hands().Components();
    return hands[right];
  }
  static VecX ShapePose(std::string_view name) {
    const auto shape = std::ranges::find(HandShapes(), name, &HandShape::name);
    return Hands().LeftPose(shape->angles);
  }
};

TEST_F(HandComponentsTest, AreOrthonormalAndOrderedByVariance) {
  VecX variances;
  Hands().Components(&variances);
  const RowMatX& components = Hand(0).components;
  ASSERT_EQ(components.rows(), 45);
  EXPECT_LT((components * components.transpose() - RowMatX::Identity(45, 45)).cwiseAbs().maxCoeff(),
            1e-9);
  for (int c = 1; c < 45; ++c) EXPECT_LE(variances[c], variances[c - 1]);
  EXPECT_GT(variances.head(6).sum() / variances.sum(), 0.90);
  EXPECT_GT(variances.head(12).sum() / variances.sum(), 0.96);
  for (int c : {0, 3, 11}) {
    EXPECT_LT(
        (Hand(1).components.row(c).transpose() - RuleHands::Mirrored(components.row(c).transpose()))
            .norm(),
        1e-12);
  }
  EXPECT_LT((Hand(1).mean - RuleHands::Mirrored(Hand(0).mean)).norm(), 1e-12);
  // Half closed, and positive closes further.
  EXPECT_NEAR(JointOf(Hand(0).mean, kMiddle, 1).z(), -50 * kRadPerDegree, 15 * kRadPerDegree);
  EXPECT_LT(components(0, kMiddle + 3 + 2), -0.1);
}

TEST_F(HandComponentsTest, TwelveOfThemHoldEveryShape) {
  for (const HandShape& shape : HandShapes()) {
    const VecX off = ShapePose(shape.name) - Hand(0).mean;
    const RowMatX first = Hand(0).components.topRows(12);
    const double rms = (off - first.transpose() * (first * off)).norm() / std::sqrt(45.0);
    EXPECT_LT(rms, 2.5 * kRadPerDegree) << shape.name;
  }
}

TEST_F(HandComponentsTest, SixOfThemTellGraspsApart) {
  const RowMatX first = Hand(0).components.topRows(6);
  const auto coefficients = [&](const VecX& pose) -> VecX { return first * (pose - Hand(0).mean); };
  std::vector<VecX> shapes;
  for (const HandShape& shape : HandShapes()) shapes.push_back(coefficients(ShapePose(shape.name)));
  // Hands that differ from a shape by 5 degrees in every angle.
  int right = 0, count = 0;
  for (size_t s = 0; s < shapes.size(); ++s) {
    for (int draw = 0; draw < 40; ++draw, ++count) {
      Rng rng(11, RngStream::kTest, static_cast<uint32_t>(s), draw);
      HandAngles angles = HandShapes()[s].angles;
      for (HandAngles::Finger& finger : angles.fingers) {
        for (double* angle : {&finger.knuckle, &finger.middle, &finger.end, &finger.spread}) {
          *angle += rng.Normal(0, 5);
        }
      }
      for (double* angle : {&angles.thumb.flexion, &angles.thumb.away, &angles.thumb.turn,
                            &angles.thumb.knuckle, &angles.thumb.end}) {
        *angle += rng.Normal(0, 5);
      }
      const VecX at = coefficients(Hands().LeftPose(angles));
      const auto nearest = std::ranges::min_element(
          shapes, {}, [&](const VecX& shape) { return (shape - at).norm(); });
      right += nearest - shapes.begin() == static_cast<std::ptrdiff_t>(s);
    }
  }
  EXPECT_GT(right, 0.93 * count);
}

}  // namespace
}  // namespace gyre
