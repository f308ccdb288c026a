// SPDX-License-Identifier: Apache-2.0
#include "body/rule_poses.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>
#include <numbers>

#include "body/joints.h"
#include "body/symmetry.h"
#include "core/so3.h"

namespace gyre {
namespace {

constexpr double kDegree = std::numbers::pi / 180;

struct RangeDeg {
  double low, high;
};

double Draw(const RangeDeg& range, Rng& rng) {
  return rng.Uniform(range.low, range.high) * kDegree;
}

struct Ranges {
  RangeDeg hip, knee, apart, ankle, trunk, raised, elbow;
};

Ranges RangesOf(RulePose kind) {
  switch (kind) {
    case RulePose::kSeated:
      return {{60, 110}, {60, 110}, {0, 30}, {-15, 15}, {-10, 30}, {0, 80}, {10, 120}};
    case RulePose::kSquatting:
      return {{80, 120}, {90, 135}, {5, 40}, {10, 35}, {10, 50}, {0, 100}, {10, 120}};
    case RulePose::kReaching:
      return {{0, 60}, {0, 40}, {0, 20}, {-10, 15}, {-10, 40}, {60, 160}, {0, 70}};
    case RulePose::kHandsUp:
      break;
  }
  return {{-10, 15}, {0, 15}, {0, 20}, {-10, 10}, {-15, 15}, {90, 175}, {0, 110}};
}

using Pose = VecX;  // of SMPL's joints

void Set(std::string_view joint, const Vec3& rotation, Pose* pose) {
  pose->segment<3>(3 * FindJoint(joint).source_idx) = rotation;
}

// Body frame: x to the body's left, y up, z ahead; the left arm rests along x, the leg along -y.
void DrawLeftLeg(const Ranges& ranges, double hip, double knee, Rng& rng, Pose* pose) {
  constexpr RangeDeg kAside{-5, 5}, kTwist{-10, 20};
  hip = std::clamp(hip + Draw(kAside, rng), ranges.hip.low * kDegree, ranges.hip.high * kDegree);
  knee =
      std::clamp(knee + Draw(kAside, rng), ranges.knee.low * kDegree, ranges.knee.high * kDegree);
  const double apart = Draw(ranges.apart, rng), twist = Draw(kTwist, rng);
  const Mat3 thigh = ExpSO3({-hip, 0, 0}) * ExpSO3({0, 0, apart}) * ExpSO3({0, twist, 0});
  Set("SMPL L_Hip", LogSO3(thigh), pose);
  Set("SMPL L_Knee", {knee, 0, 0}, pose);
  Set("SMPL L_Ankle", {-Draw(ranges.ankle, rng), 0, 0}, pose);
}

void DrawLeftArm(const RangeDeg& raised_range, const RangeDeg& elbow, Rng& rng, Pose* pose) {
  constexpr RangeDeg kForward{0, 90}, kTwist{-60, 40};
  constexpr double kCollarShare = 0.25;
  const double raised = Draw(raised_range, rng), forward = Draw(kForward, rng);
  const Vec3 direction(std::sin(raised) * std::cos(forward), -std::cos(raised),
                       std::sin(raised) * std::sin(forward));
  const Vec3 collar(0, 0, kCollarShare * std::max(0.0, raised - std::numbers::pi / 2));
  const Mat3 upper_arm =
      Eigen::Quaterniond::FromTwoVectors(Vec3::UnitX(), direction).toRotationMatrix() *
      ExpSO3({Draw(kTwist, rng), 0, 0});
  Set("SMPL L_Collar", collar, pose);
  Set("SMPL L_Shoulder", LogSO3(ExpSO3(-collar) * upper_arm), pose);
  Set("SMPL L_Elbow", {0, -Draw(elbow, rng), 0}, pose);
}

void DrawTrunk(const RangeDeg& forward, Rng& rng, Pose* pose) {
  constexpr RangeDeg kTurn{-20, 20}, kAside{-10, 10}, kNod{-20, 20}, kLook{-40, 40};
  const Vec3 trunk{Draw(forward, rng), Draw(kTurn, rng), Draw(kAside, rng)};
  for (const char* joint : {"SMPL Spine1", "SMPL Spine2", "SMPL Spine3"}) {
    Set(joint, trunk / 3, pose);
  }
  const Vec3 head{Draw(kNod, rng), Draw(kLook, rng), Draw(kAside, rng)};
  for (const char* joint : {"SMPL Neck", "SMPL Head"}) Set(joint, head / 2, pose);
}

}  // namespace

PriorPose DrawRulePose(RulePose kind, Rng& rng) {
  constexpr RangeDeg kHanging{0, 40};
  const Ranges ranges = RangesOf(kind);
  const double hip = Draw(ranges.hip, rng), knee = Draw(ranges.knee, rng);
  // The right side is a left side in the mirror.
  Pose left = Pose::Zero(SmplLayout().num_pose()), right = left;
  DrawLeftLeg(ranges, hip, knee, rng, &left);
  DrawLeftLeg(ranges, hip, knee, rng, &right);
  DrawLeftArm(ranges.raised, ranges.elbow, rng, &left);
  const bool one_arm = kind == RulePose::kReaching && rng.Bernoulli(0.5);
  DrawLeftArm(one_arm ? kHanging : ranges.raised, ranges.elbow, rng, &right);
  Pose pose = left + MirrorPose(SmplLayout(), right);
  if (rng.Bernoulli(0.5)) pose = MirrorPose(SmplLayout(), pose);
  DrawTrunk(ranges.trunk, rng, &pose);
  return pose.tail<kNumPriorPose>();
}

std::vector<PoseClip> MakeRuleClips(int clips_per_kind, uint64_t seed) {
  constexpr int kPoses = 60;
  constexpr double kFps = 1;  // poses as unrelated as this are never thinned
  Rng rng(seed, RngStream::kPriorTraining, 3);
  std::vector<PoseClip> clips;
  for (const auto& [kind, name] : EnumNames<RulePose>::kAll) {
    for (int i = 0; i < clips_per_kind; ++i) {
      PoseClip& clip =
          clips.emplace_back(PoseClip{name, RowMatX::Zero(kPoses, SmplLayout().num_pose()), kFps});
      for (auto row : clip.poses.rowwise()) {
        row.tail<kNumPriorPose>() = DrawRulePose(kind, rng).transpose();
      }
    }
  }
  return clips;
}

}  // namespace gyre
