// SPDX-License-Identifier: Apache-2.0
#include "body/rule_hands.h"

#include <Eigen/Eigenvalues>
#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "core/error.h"
#include "core/so3.h"

namespace gyre {
namespace {

constexpr int kHandPose = 45, kNumAngles = 21;
using AngleVector = Eigen::Matrix<double, kNumAngles, 1>;

//   index, middle, ring, little finger: knuckle, middle, end, spread
//   thumb: flexion, away, turn, knuckle, end
const HandShape kHandShapes[] = {
    {"flat", {{{{0, 0, 0, -4}, {0, 0, 0, 0}, {0, 0, 0, 4}, {0, 0, 0, 7}}}, {0, -10, 0, 0, 0}}},
    {"relaxed",
     {{{{22, 32, 18, -5}, {28, 36, 20, 0}, {32, 40, 22, 4}, {36, 40, 22, 7}}},
      {12, 12, 0, 12, 15}}},
    {"spread",
     {{{{-5, 0, 0, 9}, {-5, 0, 0, 0}, {-5, 0, 0, -8}, {-5, 0, 0, -12}}}, {-15, -5, 0, -5, -10}}},
    {"fist",
     {{{{82, 98, 62, -6}, {86, 100, 65, 0}, {88, 100, 65, 5}, {88, 98, 62, 8}}},
      {19, 31, 12, 25, 38}}},
    {"point",
     {{{{3, 4, 2, 0}, {82, 98, 62, 0}, {86, 100, 65, 4}, {86, 98, 62, 8}}}, {27, 33, 17, 20, 27}}},
    {"two fingers apart",
     {{{{3, 4, 2, 8}, {3, 4, 2, -8}, {80, 98, 62, 3}, {82, 96, 60, 6}}}, {48, 37, 23, 17, 16}}},
    {"thumb up",
     {{{{80, 98, 62, -6}, {84, 100, 65, 0}, {86, 100, 65, 5}, {86, 98, 62, 8}}},
      {-15, -20, 0, -8, -15}}},
    {"index and little finger",
     {{{{3, 4, 2, 3}, {80, 98, 62, 0}, {82, 100, 65, 2}, {3, 4, 2, -6}}}, {42, 37, 23, 19, 21}}},
    {"four fingers",
     {{{{0, 0, 0, -3}, {0, 0, 0, 0}, {0, 0, 0, 3}, {0, 0, 0, 5}}}, {45, 30, 20, 30, 40}}},
    {"ring of thumb and index",
     {{{{52, 58, 30, 0}, {18, 14, 8, 0}, {10, 10, 5, -3}, {5, 8, 4, -6}}}, {-4, 38, 16, 32, 49}}},
    {"pinch",
     {{{{50, 48, 22, -3}, {48, 45, 25, 0}, {45, 48, 26, 3}, {42, 45, 24, 6}}},
      {7, 37, 19, 24, 25}}},
    {"tripod",
     {{{{52, 44, 22, -5}, {58, 46, 24, 0}, {62, 70, 40, 4}, {64, 72, 42, 7}}},
      {21, 46, 21, 19, 19}}},
    {"key grip",
     {{{{58, 78, 42, -4}, {64, 84, 46, 0}, {68, 86, 48, 4}, {70, 84, 46, 7}}}, {7, 0, 4, 14, 23}}},
    {"cylinder",
     {{{{42, 55, 32, -3}, {46, 60, 35, 0}, {50, 62, 36, 3}, {54, 60, 35, 6}}},
      {5, 50, 20, 12, 18}}},
    {"sphere",
     {{{{34, 42, 24, 6}, {36, 46, 26, 0}, {38, 46, 26, -5}, {40, 42, 24, -9}}},
      {0, 50, 20, 12, 18}}},
    {"hook",
     {{{{12, 82, 52, -4}, {14, 86, 55, 0}, {14, 86, 55, 4}, {14, 80, 50, 7}}}, {0, -5, 0, 5, 10}}},
    {"bowl",
     {{{{40, 15, 8, -4}, {44, 16, 9, 0}, {46, 18, 10, 4}, {46, 18, 10, 7}}}, {8, 20, 10, 5, 5}}},
};

AngleVector ToVector(const HandAngles& angles) {
  AngleVector v;
  for (int f = 0; f < 4; ++f) {
    const HandAngles::Finger& finger = angles.fingers[f];
    v.segment<4>(4 * f) << finger.knuckle, finger.middle, finger.end, finger.spread;
  }
  const HandAngles::Thumb& thumb = angles.thumb;
  v.tail<5>() << thumb.flexion, thumb.away, thumb.turn, thumb.knuckle, thumb.end;
  return v;
}

HandAngles FromVector(const AngleVector& v) {
  HandAngles angles;
  for (int f = 0; f < 4; ++f) {
    angles.fingers[f] = {v[4 * f], v[4 * f + 1], v[4 * f + 2], v[4 * f + 3]};
  }
  angles.thumb = {v[16], v[17], v[18], v[19], v[20]};
  return angles;
}

AngleVector Repeated(const HandAngles::Finger& finger, const HandAngles::Thumb& thumb) {
  return ToVector({{finger, finger, finger, finger}, thumb});
}

Mat3 Rotation(double degrees, const Vec3& axis) {
  return ExpSO3(degrees * std::numbers::pi / 180 * axis);
}

}  // namespace

std::span<const HandShape> HandShapes() { return kHandShapes; }

HandAngles DrawHand(int shape, Rng& rng) {
  static const AngleVector noise = Repeated({7, 8, 5, 2.5}, {6, 6, 5, 6, 8});
  static const AngleVector low = Repeated({-20, -5, -5, -15}, {-25, -25, -15, -15, -20});
  static const AngleVector high = Repeated({90, 110, 90, 15}, {50, 60, 40, 50, 80});
  constexpr double kFingersApart = 0.35;  // share of hands whose fingers go their own ways
  constexpr double kGrip = 6;             // all fingers together, more or less closed
  AngleVector angles = ToVector(kHandShapes[shape].angles);
  const auto other = [&] {
    return ToVector(kHandShapes[rng.Below(std::size(kHandShapes))].angles);
  };
  if (rng.Bernoulli(kFingersApart)) {
    for (int part = 0; part < 5; ++part) {
      const int begin = 4 * part, count = part < 4 ? 4 : 5;
      const AngleVector to = other();
      angles.segment(begin, count) += rng.Uniform() * (to - angles).segment(begin, count);
    }
  } else {
    const AngleVector to = other();
    angles += rng.Uniform(0, 0.5) * (to - angles);
  }
  const double grip = rng.Normal(0, kGrip);
  for (int f = 0; f < 4; ++f) angles.segment<2>(4 * f).array() += grip;
  for (int i = 0; i < kNumAngles; ++i) angles[i] += rng.Normal(0, noise[i]);
  return FromVector(angles.cwiseMax(low).cwiseMin(high));
}

RuleHands::RuleHands(const BodyLayout& layout, const Points3& joints, const Points3& tips) {
  GYRE_CHECK(tips.rows() == 5);
  const auto hand = std::ranges::find(layout.blocks, JointBlock::kLeftHand);
  const int first_of_hand = static_cast<int>(hand - layout.blocks.begin());
  const char* const kFingers[] = {"Thumb", "Index", "Middle", "Ring", "Pinky"};
  for (int finger = 0; finger < 5; ++finger) {
    const int first = layout.IndexOf(std::string("L_") + kFingers[finger] + "1");
    GYRE_CHECK(first >= 0, "the body has no {}", kFingers[finger]);
    places_[finger] = 3 * (first - first_of_hand);
    Axes& axes = axes_[finger];
    axes.along = (joints.row(first + 1) - joints.row(first)).transpose().normalized();
    axes.out = Vec3::UnitY();
    axes.flexion = -axes.along.cross(axes.out).normalized();
    if (finger > 0) continue;
    // Thumbs rest a little bent, about the axis that they bend about.
    const Vec3 middle = joints.row(first + 2) - joints.row(first + 1);
    const Vec3 end = tips.row(0) - joints.row(first + 2);
    axes.flexion = middle.cross(end).normalized();
    axes.out = axes.along.cross(axes.flexion).normalized();
  }
}

VecX RuleHands::LeftPose(const HandAngles& angles) const {
  VecX pose = VecX::Zero(kHandPose);
  const auto set = [&](int finger, int joint, const Mat3& rotation) {
    pose.segment<3>(places_[finger] + 3 * joint) = LogSO3(rotation);
  };
  for (int f = 0; f < 4; ++f) {
    const HandAngles::Finger& finger = angles.fingers[f];
    const Vec3& flexion = axes_[f + 1].flexion;
    // The left thumb is in front: towards it is about -y.
    set(f + 1, 0, Rotation(finger.spread, -Vec3::UnitY()) * Rotation(finger.knuckle, flexion));
    set(f + 1, 1, Rotation(finger.middle, flexion));
    set(f + 1, 2, Rotation(finger.end, flexion));
  }
  const HandAngles::Thumb& thumb = angles.thumb;
  const Axes& axes = axes_[0];
  const Vec3 root = thumb.flexion * axes.flexion + thumb.turn * axes.along - thumb.away * axes.out;
  set(0, 0, Rotation(1, root));
  set(0, 1, Rotation(thumb.knuckle, axes.flexion));
  set(0, 2, Rotation(thumb.end, axes.flexion));
  return pose;
}

VecX RuleHands::Mirrored(const VecX& left_pose) {
  VecX right = left_pose;
  for (Eigen::Index i = 0; i < right.size(); ++i) {
    if (i % 3 != 0) right[i] = -right[i];
  }
  return right;
}

std::array<BodyModel::Hand, 2> RuleHands::Components(VecX* variances) const {
  constexpr int kDraws = 200;  // of each shape
  const int count = kDraws * static_cast<int>(std::size(kHandShapes));
  RowMatX poses(count, kHandPose);
  for (int i = 0; i < count; ++i) {
    Rng rng(2, RngStream::kBody, 0, i);
    poses.row(i) = LeftPose(DrawHand(i / kDraws, rng)).transpose();
  }
  std::array<BodyModel::Hand, 2> hands;
  hands[0].mean = poses.colwise().mean().transpose();
  poses.rowwise() -= hands[0].mean.transpose();
  const Eigen::MatrixXd covariance = poses.transpose() * poses / (count - 1.0);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(covariance);
  hands[0].components = solver.eigenvectors().rowwise().reverse().transpose();
  hands[1].mean = Mirrored(hands[0].mean);
  hands[1].components.resize(kHandPose, kHandPose);
  for (int c = 0; c < kHandPose; ++c) {
    // Positive closes the hand, as the mean is more closed than the rest.
    VecX component = hands[0].components.row(c).transpose();
    if (component.dot(hands[0].mean) < 0) component = -component;
    hands[0].components.row(c) = component.transpose();
    hands[1].components.row(c) = Mirrored(component).transpose();
  }
  if (variances != nullptr) *variances = solver.eigenvalues().reverse();
  return hands;
}

}  // namespace gyre
