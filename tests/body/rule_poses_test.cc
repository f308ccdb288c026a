// SPDX-License-Identifier: Apache-2.0
#include "body/rule_poses.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "body/joints.h"

namespace gyre {
namespace {

constexpr double kDegree = std::numbers::pi / 180;
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
  return std::acos(std::clamp(a.dot(b), -1.0, 1.0)) / kDegree;
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
        EXPECT_LE(value(knee, 0), 135 * kDegree);
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
