// SPDX-License-Identifier: Apache-2.0
#include "body/makehuman_figure.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "body/posed_skeleton.h"
#include "core/error.h"
#include "core/rng.h"

namespace gyre {
namespace {

// How a value in [0, 1] weighs the targets "min...", "average..." and "max...".
std::array<double, 3> Blend(double value) {
  const double low = std::max(1 - 2 * value, 0.0);
  const double high = std::max(2 * value - 1, 0.0);
  return {low, 1 - low - high, high};
}

using JointRotations = std::vector<Mat3>;  // world rotation of each bone

Mat3 Turn(const Vec3& from, const Vec3& to) {
  return Eigen::Quaterniond::FromTwoVectors(from, to).toRotationMatrix();
}

constexpr const char* kFingerNames[] = {"Thumb", "Index", "Middle", "Ring", "Pinky"};

// Straightens the fingers of a hand that already lies level. `tips`: thumb first.
void StraightenFingers(const BodyLayout& layout, const Points3& joints, bool right,
                       const Points3& tips, const Mat3& hand, JointRotations* world) {
  // MakeHuman's hands are spread, and their thumbs stand off the palm.
  constexpr double kSpread = 0.6, kThumbDrop = 0.5;
  for (int finger = 0; finger < 5; ++finger) {
    const std::string name = std::string(right ? "R_" : "L_") + kFingerNames[finger];
    const int first = layout.IndexOf(name + "1");
    if (first < 0) continue;
    const auto place = [&](int i) -> Vec3 {
      return i < 3 ? joints.row(first + i) : tips.row(finger);
    };
    const Vec3 stands = hand * (place(3) - place(0));
    if (finger == 0) {
      const Vec3 goal(stands.x(), kThumbDrop * stands.y(), stands.z());
      const Mat3 thumb = Turn(stands, goal) * hand;
      for (int i = 0; i < 3; ++i) (*world)[first + i] = thumb;
      continue;
    }
    const Vec3 goal(stands.x(), 0, kSpread * stands.z());
    for (int i = 0; i < 3; ++i) {
      (*world)[first + i] = Turn(hand * (place(i + 1) - place(i)), goal) * hand;
    }
  }
}

// What the T-pose needs to know of a hand.
struct HandMarks {
  Vec3 middle;              // between the middle knuckles
  Vec3 roll_from, roll_to;  // see MakeHumanRig
  Points3 tips;             // [5,3], the thumb's first
};

HandMarks MarksOf(const MakeHumanData& data, const Points3& vertices, bool right) {
  const std::string side = right ? "joint-r-" : "joint-l-";
  const auto cube = [&](const std::string& name) { return data.CubeCenter(vertices, side + name); };
  HandMarks marks;
  marks.middle = 0.5 * (cube("finger-3-1") + cube("finger-4-1"));
  marks.roll_from = cube(data.rig().roll_from);
  marks.roll_to = cube(data.rig().roll_to);
  marks.tips.resize(5, 3);
  for (int finger = 0; finger < 5; ++finger) {
    marks.tips.row(finger) = cube(fmt::format("finger-{}-4", finger + 1)).transpose();
  }
  return marks;
}

// The rotations that bring a figure's joints from MakeHuman's stance into the T-pose.
JointRotations TPoseRotations(const BodyLayout& layout, const Points3& joints,
                              const HandMarks hands[2]) {
  constexpr double kLegSlope = 0.04;  // sideways per metre down
  constexpr int kHip = 1, kKnee = 4, kAnkle = 7, kShoulder = 16, kElbow = 18, kWrist = 20;
  JointRotations world(joints.rows(), Mat3::Identity());
  for (int right = 0; right < 2; ++right) {
    const double side = right ? -1.0 : 1.0;
    const auto bone = [&](int from, int to) -> Vec3 {
      return (joints.row(to + right) - joints.row(from + right)).normalized();
    };
    const Vec3 out(side, 0, 0), wrist = joints.row(kWrist + right);
    Mat3 upper_arm = Turn(bone(kShoulder, kElbow), out);
    Mat3 forearm = Turn(upper_arm * bone(kElbow, kWrist), out) * upper_arm;
    Mat3 hand = Turn(forearm * (hands[right].middle - wrist).normalized(), out) * forearm;
    // Roll the hand until it is level; the forearm takes half of it.
    const Vec3 across = hand * (hands[right].roll_to - hands[right].roll_from);
    const double roll = std::atan2(across.y(), across.z());
    const auto about_x = [](double angle) {
      return Eigen::AngleAxisd(angle, Vec3::UnitX()).toRotationMatrix();
    };
    forearm = about_x(0.5 * roll) * forearm;
    hand = about_x(roll) * hand;
    world[kShoulder + right] = upper_arm;
    world[kElbow + right] = forearm;
    for (int k = kWrist + right; k < layout.num_joints(); ++k) {
      if (k == kWrist + right || layout.parents[k] == kWrist + right) world[k] = hand;
    }
    StraightenFingers(layout, joints, right != 0, hands[right].tips, hand, &world);

    const Vec3 leg = bone(kHip, kAnkle);
    const Vec3 goal = Vec3(side * kLegSlope, -std::hypot(leg.x(), leg.y()), leg.z());
    const Mat3 upright =
        Turn(Vec3(leg.x(), leg.y(), 0).normalized(), Vec3(goal.x(), goal.y(), 0).normalized());
    world[kHip + right] = world[kKnee + right] = upright;
  }
  return world;
}

}  // namespace

// MakeHuman's height targets reach far beyond people, hence the small spread.
MakeHumanTraits DrawTraits(uint64_t sample) {
  Rng rng(1, RngStream::kBody, 0, sample);
  const auto near_half = [&](double sigma) { return std::clamp(rng.Normal(0.5, sigma), 0.0, 1.0); };
  MakeHumanTraits traits;
  traits.male = rng.Uniform();
  traits.old = std::min(std::abs(rng.Normal(0, 0.4)), 1.0);
  traits.muscle = near_half(0.17);
  traits.weight = near_half(0.30);
  traits.height = near_half(0.045);
  traits.proportions = near_half(0.15);
  double sum = 0;
  for (double& share : traits.origin) sum += share = 0.1 + rng.Uniform();
  for (double& share : traits.origin) share /= sum;
  return traits;
}

Points3 ComposePerson(const MakeHumanData& data, const MakeHumanTraits& traits) {
  static constexpr const char* kLevels[] = {"min", "average", "max"};
  static constexpr const char* kOrigins[] = {"african", "asian", "caucasian"};
  Points3 vertices = data.base();
  const auto muscle = Blend(traits.muscle);
  const auto weight = Blend(traits.weight);
  const auto height = Blend(traits.height);
  const auto proportions = Blend(traits.proportions);
  for (bool male : {false, true}) {
    for (bool old : {false, true}) {
      const double who =
          (male ? traits.male : 1 - traits.male) * (old ? traits.old : 1 - traits.old);
      const std::string person =
          fmt::format("{}-{}", male ? "male" : "female", old ? "old" : "young");
      for (int i = 0; i < 3; ++i) {
        data.AddTarget(fmt::format("{}-{}", kOrigins[i], person), who * traits.origin[i],
                       &vertices);
      }
      for (int m = 0; m < 3; ++m) {
        for (int w = 0; w < 3; ++w) {
          const double share = who * muscle[m] * weight[w];
          const std::string name =
              fmt::format("{}-{}muscle-{}weight", person, kLevels[m], kLevels[w]);
          data.AddTarget("universal-" + name, share, &vertices);
          data.AddTarget("height/" + name + "-minheight", share * height[0], &vertices);
          data.AddTarget("height/" + name + "-maxheight", share * height[2], &vertices);
          data.AddTarget("proportions/" + name + "-uncommonproportions", share * proportions[0],
                         &vertices);
          data.AddTarget("proportions/" + name + "-idealproportions", share * proportions[2],
                         &vertices);
        }
      }
    }
  }
  return vertices;
}

MakeHumanFigure MakeFigure(const MakeHumanData& data, const Points3& base_vertices) {
  const Points3 joints = data.Joints(base_vertices);
  const HandMarks hands[2] = {MarksOf(data, base_vertices, false),
                              MarksOf(data, base_vertices, true)};
  const BodyLayout& layout = *data.rig().layout;
  const PosedSkeleton skeleton(joints, TPoseRotations(layout, joints, hands), layout.parents);
  MakeHumanFigure figure{data.BodyOf(base_vertices), skeleton.joints(), Points3(0, 3)};
  for (int v = 0; v < figure.vertices.rows(); ++v) {
    figure.vertices.row(v) =
        skeleton.ByDualQuaternions(data.weights(), v, figure.vertices.row(v)).transpose();
  }
  if (layout.IndexOf("L_Thumb3") >= 0) {
    figure.left_tips = hands[0].tips;
    for (int finger = 0; finger < 5; ++finger) {
      const int last = layout.IndexOf(std::string("L_") + kFingerNames[finger] + "3");
      figure.left_tips.row(finger) =
          skeleton.Carried(last, hands[0].tips.row(finger).transpose()).transpose();
    }
  }
  const Eigen::RowVector3d origin = figure.joints.row(0) + Eigen::RowVector3d(0, 0.22, 0);
  figure.vertices.rowwise() -= origin;
  figure.joints.rowwise() -= origin;
  figure.left_tips.rowwise() -= origin;
  return figure;
}

}  // namespace gyre
