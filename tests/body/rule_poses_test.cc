// SPDX-License-Identifier: Apache-2.0
#include "body/rule_poses.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "body/joints.h"
#include "core/so3.h"

namespace gyre {
namespace {

constexpr double kOneDegree = std::numbers::pi / 180;
constexpr RulePose kKinds[] = {RulePose::kSeated, RulePose::kSquatting, RulePose::kReaching,
                               RulePose::kHandsUp};

const BodyModel& Body() {
  static const BodyModel body = MakeBuiltinBody();
  return body;
}

// The posed joints, metres: x to the body's left, y up, z ahead.
class Joints {
 public:
  explicit Joints(const PriorPose& pose) {
    BodyParams params{SmplLayout()};
    params.pose().tail<kNumPriorPose>() = pose;
    points_ = PoseBody(Body(), params).joints;
  }
  Vec3 At(std::string_view joint) const {
    return points_.row(FindJoint(joint).source_idx).transpose();
  }
  Vec3 Limb(std::string_view from, std::string_view to) const {
    return (At(to) - At(from)).normalized();
  }

 private:
  Points3 points_;
};

double AngleDeg(const Vec3& a, const Vec3& b) {
  return std::acos(std::clamp(a.dot(b), -1.0, 1.0)) / kOneDegree;
}

template <class Check>
void ForPoses(RulePose kind, Check check) {
  for (uint64_t i = 0; i < 200; ++i) {
    Rng rng(3, RngStream::kTest, 0, i);
    check(DrawRulePose(kind, rng));
  }
}

TEST(RulePoses, KneesAndElbowsBendOnlyForward) {
  for (const RulePose kind : kKinds) {
    ForPoses(kind, [](const PriorPose& pose) {
      const auto value = [&](std::string_view joint, int axis) {
        return pose[3 * (FindJoint(joint).source_idx - 1) + axis];
      };
      for (const char* knee : {"SMPL L_Knee", "SMPL R_Knee"}) {
        EXPECT_GE(value(knee, 0), 0);
        EXPECT_LE(value(knee, 0), 135 * kOneDegree);
      }
      EXPECT_LE(value("SMPL L_Elbow", 1), 0);
      EXPECT_GE(value("SMPL R_Elbow", 1), 0);
    });
  }
}

TEST(RulePoses, TheSeatedHaveThighsAheadAndShinsDown) {
  ForPoses(RulePose::kSeated, [](const PriorPose& pose) {
    const Joints joints(pose);
    for (const std::string side : {"SMPL L_", "SMPL R_"}) {
      const Vec3 thigh = joints.Limb(side + "Hip", side + "Knee");
      const Vec3 shin = joints.Limb(side + "Knee", side + "Ankle");
      EXPECT_GT(thigh.z(), 0.6);
      EXPECT_LT(shin.y(), -0.4);
      const double knee_deg = AngleDeg(thigh, shin);
      EXPECT_GT(knee_deg, 50);
      EXPECT_LT(knee_deg, 120);
    }
    // Apart, never crossed.
    EXPECT_GT(joints.At("SMPL L_Knee").x(), joints.At("SMPL R_Knee").x());
  });
}

TEST(RulePoses, SquattersSitOnTheirHeels) {
  ForPoses(RulePose::kSquatting, [](const PriorPose& pose) {
    const Joints joints(pose);
    const Vec3 thigh = joints.Limb("SMPL L_Hip", "SMPL L_Knee");
    EXPECT_GT(AngleDeg(thigh, joints.Limb("SMPL L_Knee", "SMPL L_Ankle")), 80);
    EXPECT_GT(joints.Limb("SMPL Spine1", "SMPL Neck").z(), -0.1);  // the trunk leans forward
  });
}

TEST(RulePoses, HandsAreUpAndReachingArmsAreRaised) {
  ForPoses(RulePose::kHandsUp, [](const PriorPose& pose) {
    const Joints joints(pose);
    EXPECT_GT(joints.Limb("SMPL L_Shoulder", "SMPL L_Elbow").y(), -0.4);
    EXPECT_GT(joints.Limb("SMPL R_Shoulder", "SMPL R_Elbow").y(), -0.4);
  });
  int left_only = 0, right_only = 0, both = 0;
  ForPoses(RulePose::kReaching, [&](const PriorPose& pose) {
    const Joints joints(pose);
    const Vec3 trunk = joints.Limb("SMPL Neck", "SMPL Spine1");
    const auto raised = [&](const std::string& side) {
      return AngleDeg(joints.Limb(side + "Shoulder", side + "Elbow"), trunk) > 50;
    };
    const bool left = raised("SMPL L_"), right = raised("SMPL R_");
    left_only += left && !right;
    right_only += right && !left;
    both += left && right;
  });
  EXPECT_GT(left_only, 20);
  EXPECT_GT(right_only, 20);
  EXPECT_GT(both, 60);
}

// The angles of a pose in degrees, as the header's table has them; both sides.
struct Angles {
  std::array<double, 2> hip, knee, apart, ankle, raised, elbow;
  double trunk;

  explicit Angles(const PriorPose& pose) {
    const auto rotation = [&](int joint) -> Vec3 { return pose.segment<3>(3 * (joint - 1)); };
    for (int right = 0; right < 2; ++right) {
      const double side = right ? -1 : 1;
      const Vec3 thigh = ExpSO3(rotation(1 + right)) * Vec3(0, -1, 0);
      hip[right] = std::atan2(thigh.z(), -thigh.y()) / kOneDegree;
      apart[right] = std::asin(side * thigh.x()) / kOneDegree;
      knee[right] = rotation(4 + right).x() / kOneDegree;
      ankle[right] = -rotation(7 + right).x() / kOneDegree;
      const Vec3 arm =
          ExpSO3(rotation(13 + right)) * ExpSO3(rotation(16 + right)) * Vec3(side, 0, 0);
      raised[right] = std::acos(-arm.y()) / kOneDegree;
      elbow[right] = -side * rotation(18 + right).y() / kOneDegree;
    }
    trunk = 3 * rotation(3).x() / kOneDegree;
  }
};

// Lowest and highest values seen.
struct Span {
  double low = 1e9, high = -1e9;
  void Add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  void ExpectFills(double from, double to, const char* what) const {
    const double slack = 0.05 * (to - from);
    EXPECT_GT(low, from - 1e-6) << what;
    EXPECT_LT(low, from + slack) << what;
    EXPECT_LT(high, to + 1e-6) << what;
    EXPECT_GT(high, to - slack) << what;
  }
};

// The header's table, its numbers once more.
TEST(RulePoses, AnglesFillTheRangesOfTheTable) {
  struct Row {
    RulePose kind;
    std::array<double, 14> bounds;  // hip, knee, apart, ankle, trunk, raised, elbow
  };
  const Row table[] = {
      {RulePose::kSeated, {60, 110, 60, 110, 0, 30, -15, 15, -10, 30, 0, 80, 10, 120}},
      {RulePose::kSquatting, {80, 120, 90, 135, 5, 40, 10, 35, 10, 50, 0, 100, 10, 120}},
      {RulePose::kReaching, {0, 60, 0, 40, 0, 20, -10, 15, -10, 40, 60, 160, 0, 70}},
      {RulePose::kHandsUp, {-10, 15, 0, 15, 0, 20, -10, 10, -15, 15, 90, 175, 0, 110}}};
  for (const Row& row : table) {
    std::array<Span, 7> spans;
    Span hanging;
    ForPoses(row.kind, [&](const PriorPose& pose) {
      const Angles angles(pose);
      for (const int side : {0, 1}) {
        spans[0].Add(angles.hip[side]);
        spans[1].Add(angles.knee[side]);
        spans[2].Add(angles.apart[side]);
        spans[3].Add(angles.ankle[side]);
        const bool hangs = row.kind == RulePose::kReaching && angles.raised[side] < 50;
        (hangs ? hanging : spans[5]).Add(angles.raised[side]);
        spans[6].Add(angles.elbow[side]);
      }
      spans[4].Add(angles.trunk);
      // Legs share their flexion up to 10 degrees either way.
      EXPECT_LT(std::abs(angles.knee[0] - angles.knee[1]), 10 + 1e-9);
      EXPECT_LT(std::abs(angles.hip[0] - angles.hip[1]), 10 + 1e-9);
    });
    constexpr const char* kWhat[] = {"hip", "knee", "apart", "ankle", "trunk", "raised", "elbow"};
    for (size_t i = 0; i < spans.size(); ++i) {
      spans[i].ExpectFills(row.bounds[2 * i], row.bounds[2 * i + 1], kWhat[i]);
    }
    if (row.kind == RulePose::kReaching) hanging.ExpectFills(0, 40, "hanging");
  }
}

TEST(RulePoses, ClipsRepeatByTheirSeed) {
  const std::vector<PoseClip> a = MakeRuleClips(2, 4), b = MakeRuleClips(2, 4);
  ASSERT_EQ(a.size(), 2 * std::size(kKinds));
  for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].poses, b[i].poses);
  EXPECT_NE(a[0].poses, a[1].poses);
  EXPECT_NE(a[0].poses, MakeRuleClips(2, 5)[0].poses);
  EXPECT_EQ(a[0].poses.leftCols(3).norm(), 0);
  EXPECT_TRUE(MakeRuleClips(0, 4).empty());
}

}  // namespace
}  // namespace gyre
