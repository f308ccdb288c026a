// SPDX-License-Identifier: Apache-2.0
#include "body/builtin_skin.h"

#include <algorithm>
#include <cmath>

#include "body/anthropometry.h"
#include "body/implicit_surface.h"

namespace gyre {
namespace {

using anthropometry::kStature;

// Where the limbs' joints lie.
constexpr double kShoulderX = 0.165;
constexpr double kElbowX = kShoulderX + anthropometry::kUpperArm * kStature;
constexpr double kWristX = kElbowX + anthropometry::kForearm * kStature;
constexpr double kHandX = kWristX + anthropometry::kPalm * kStature;
constexpr double kArmY = (anthropometry::kShoulderHeight - 0.006) * kStature;  // below the acromion
constexpr double kArmZ = -0.020;
constexpr double kAnkleY = anthropometry::kAnkleHeight * kStature;
constexpr double kKneeY = kAnkleY + anthropometry::kShank * kStature;
constexpr double kHipY = kKneeY + anthropometry::kThigh * kStature;

double Torso(const Vec3& p) {
  // Height, centre x and z, half-width, half-depth.
  static const Loft trunk(1, 0.05,
                          {{0.850, 0, -0.012, 0.130, 0.085},
                           {0.900, 0, -0.014, 0.160, 0.100},
                           {0.960, 0, -0.009, 0.154, 0.101},
                           {1.040, 0, 0.000, 0.139, 0.096},
                           {1.100, 0, 0.004, 0.133, 0.092},
                           {1.180, 0, 0.002, 0.142, 0.099},
                           {1.260, 0, -0.004, 0.156, 0.110},
                           {1.330, 0, -0.012, 0.154, 0.106},
                           {1.385, 0, -0.022, 0.128, 0.084},
                           {1.425, 0, -0.028, 0.086, 0.060},
                           {1.450, 0, -0.028, 0.060, 0.052}});
  double f = trunk.Distance(p);
  for (double side : {1.0, -1.0}) {
    const Ellipsoid buttock{{side * 0.068, 0.880, -0.068}, {0.076, 0.082, 0.062}};
    const Ellipsoid chest{{side * 0.068, 1.278, 0.060}, {0.066, 0.056, 0.040}};
    const RoundCone trapezius{
        {side * 0.040, 1.452, -0.034}, {side * 0.140, 1.398, -0.030}, 0.034, 0.034};
    f = SmoothUnion(f, Distance(buttock, p), 0.05);
    f = SmoothUnion(f, Distance(chest, p), 0.04);
    f = SmoothUnion(f, Distance(trapezius, p), 0.05);
  }
  return f;
}

double Arm(const Vec3& p) {
  // Along x: centre y and z, half-height, half-depth.
  static const Loft arm(0, 0.03,
                        {{0.100, kArmY - 0.004, kArmZ, 0.044, 0.048},
                         {0.165, kArmY - 0.004, kArmZ, 0.055, 0.058},
                         {0.220, kArmY - 0.002, kArmZ, 0.051, 0.053},
                         {0.300, kArmY, kArmZ, 0.044, 0.046},
                         {0.380, kArmY, kArmZ, 0.040, 0.041},
                         {kElbowX, kArmY, kArmZ, 0.036, 0.037},
                         {0.485, kArmY, kArmZ, 0.038, 0.041},
                         {0.540, kArmY, kArmZ + 0.001, 0.035, 0.039},
                         {0.610, kArmY, kArmZ + 0.002, 0.028, 0.033},
                         {0.665, kArmY, kArmZ + 0.003, 0.023, 0.029},
                         {kWristX, kArmY, kArmZ + 0.003, 0.021, 0.029}});
  return arm.Distance(p);
}

double Hand(const Vec3& p) {
  static const Loft palm(0, 0.012,
                         {{kWristX - 0.010, kArmY, kArmZ + 0.003, 0.019, 0.028},
                          {kWristX + 0.020, kArmY - 0.001, kArmZ + 0.004, 0.016, 0.034},
                          {kWristX + 0.050, kArmY - 0.002, kArmZ + 0.003, 0.0145, 0.040},
                          {kHandX, kArmY - 0.001, kArmZ + 0.002, 0.012, 0.040}});
  struct Finger {
    double root_x, root_z, tip_x, tip_z, radius;
  };
  static constexpr Finger kFingers[] = {
      {kHandX - 0.004, 0.032, kHandX + 0.066, 0.047, 0.0086},    // index
      {kHandX - 0.001, 0.011, kHandX + 0.075, 0.016, 0.0088},    // middle
      {kHandX - 0.003, -0.009, kHandX + 0.069, -0.014, 0.0084},  // ring
      {kHandX - 0.009, -0.028, kHandX + 0.049, -0.042, 0.0074},  // little
  };
  double f = palm.Distance(p);
  for (const Finger& finger : kFingers) {
    const RoundCone cone{{finger.root_x, kArmY - 0.001, kArmZ + finger.root_z},
                         {finger.tip_x, kArmY - 0.006, kArmZ + finger.tip_z},
                         finger.radius,
                         0.85 * finger.radius};
    f = SmoothUnion(f, Distance(cone, p), 0.006);
  }
  const Vec3 root(kWristX + 0.020, kArmY - 0.006, kArmZ + 0.026);
  const Vec3 knuckle(kWristX + 0.050, kArmY - 0.010, kArmZ + 0.056);
  const Vec3 tip(kWristX + 0.088, kArmY - 0.012, kArmZ + 0.072);
  f = SmoothUnion(f, Distance(RoundCone{root, knuckle, 0.015, 0.0115}, p), 0.015);
  return SmoothUnion(f, Distance(RoundCone{knuckle, tip, 0.0110, 0.0085}, p), 0.006);
}

double Leg(const Vec3& p) {
  // Height, centre x and z, half-width, half-depth.
  static const Loft leg(1, 0.06,
                        {{0.080, 0.117, -0.030, 0.027, 0.035},
                         {0.100, 0.117, -0.029, 0.028, 0.035},
                         {0.180, 0.116, -0.026, 0.034, 0.040},
                         {0.270, 0.115, -0.024, 0.045, 0.051},
                         {0.350, 0.114, -0.022, 0.051, 0.057},
                         {0.420, 0.112, -0.012, 0.047, 0.053},
                         {kKneeY, 0.110, -0.002, 0.050, 0.054},
                         {0.560, 0.108, 0.000, 0.057, 0.062},
                         {0.660, 0.103, 0.002, 0.069, 0.075},
                         {0.760, 0.098, 0.000, 0.078, 0.085},
                         {0.840, 0.092, -0.004, 0.083, 0.090},
                         {0.910, 0.085, -0.008, 0.075, 0.085}});
  static const Ellipsoid patella{{0.110, kKneeY + 0.006, 0.036}, {0.028, 0.036, 0.022}};
  return SmoothUnion(leg.Distance(p), Distance(patella, p), 0.025);
}

double Foot(const Vec3& p) {
  // Along z: centre x and y, half-width, half-height.
  static const Loft foot(2, 0.022,
                         {{-0.058, 0.117, 0.034, 0.027, 0.034},
                          {-0.020, 0.117, 0.043, 0.029, 0.043},
                          {0.030, 0.119, 0.040, 0.032, 0.040},
                          {0.075, 0.122, 0.029, 0.038, 0.030},
                          {0.115, 0.125, 0.020, 0.043, 0.021},
                          {0.150, 0.124, 0.014, 0.040, 0.015}});
  static const RoundCone big_toe{{0.103, 0.016, 0.110}, {0.101, 0.013, 0.168}, 0.017, 0.0125};
  double f = SmoothUnion(foot.Distance(p), Distance(big_toe, p), 0.012);
  return -SmoothUnion(-f, p.y() - 0.002, 0.012);  // a flat sole
}

double Head(const Vec3& p) {
  static const RoundCone neck{Vec3(0, 1.420, -0.032), Vec3(0, 1.540, -0.010), 0.056, 0.050};
  static const Ellipsoid cranium{Vec3(0, 1.608, -0.012), Vec3(0.077, 0.092, 0.097)};
  static const Ellipsoid face{Vec3(0, 1.563, 0.030), Vec3(0.063, 0.085, 0.064)};
  static const RoundCone nose{Vec3(0, 1.585, 0.090), Vec3(0, 1.556, 0.107), 0.007, 0.0120};
  static const Ellipsoid chin{Vec3(0, 1.497, 0.060), Vec3(0.026, 0.018, 0.024)};
  static const Ellipsoid lips{Vec3(0, 1.523, 0.085), Vec3(0.022, 0.010, 0.010)};
  double f = SmoothUnion(Distance(cranium, p), Distance(face, p), 0.04);
  for (double sign : {1.0, -1.0}) {
    const RoundCone jaw{{sign * 0.050, 1.530, 0.005}, {sign * 0.014, 1.498, 0.056}, 0.016, 0.016};
    const RoundCone brow{{sign * 0.044, 1.606, 0.072}, {sign * 0.014, 1.606, 0.086}, 0.008, 0.008};
    const Ellipsoid socket{{sign * 0.031, 1.590, 0.098}, {0.017, 0.011, 0.014}};
    const Ellipsoid eye{{sign * 0.031, 1.590, 0.074}, {0.012, 0.011, 0.012}};
    const Ellipsoid ear{{sign * 0.079, 1.575, -0.012}, {0.009, 0.031, 0.018}};
    f = SmoothUnion(f, Distance(jaw, p), 0.03);
    f = SmoothUnion(f, Distance(brow, p), 0.012);
    f = -SmoothUnion(-f, Distance(socket, p), 0.012);
    f = SmoothUnion(f, Distance(eye, p), 0.006);
    f = SmoothUnion(f, Distance(ear, p), 0.008);
  }
  f = SmoothUnion(f, Distance(chin, p), 0.03);
  f = SmoothUnion(f, Distance(lips, p), 0.012);
  f = SmoothUnion(f, Distance(nose, p), 0.014);
  return SmoothUnion(f, Distance(neck, p), 0.03);
}

// Farther than kReach from its box the distance to the box stands in for a part: too far away to
// blend with anything.
constexpr double kReach = 0.07;

double PartDistance(const SkinPart& part, const Vec3& p) {
  const Vec3 outside = (part.low - p).cwiseMax(p - part.high).cwiseMax(0.0);
  const double box = outside.norm();
  return box > kReach ? box : part.distance(p);
}

// Continuous ramp: 0 below zero, slope 1 above `width`, a parabola between.
double SoftRamp(double x, double width) {
  if (x <= 0) return 0;
  return x < width ? x * x / (2 * width) : x - width / 2;
}
double SmoothStep(double x) {
  const double t = std::clamp(x, 0.0, 1.0);
  return t * t * (3 - 2 * t);
}

// Magnification of the grid around hands, head and feet: the mesh is finer there by these factors.
constexpr double kHandX0 = 0.640, kHandScaleX = 1.7, kHandScaleY = 2.4, kHandScaleZ = 4.0;
constexpr double kHeadY0 = 1.470, kHeadScale = 2.1;
constexpr double kFootY0 = 0.080, kFootScale = 1.5;

Vec3 SpaceFromGrid(const Vec3& g) {
  Vec3 p = g;
  const double hand = g.x() - kHandX0;
  if (hand > 0) {
    const double blend = SmoothStep(hand / 0.12);
    p.x() = kHandX0 + hand - (1 - 1 / kHandScaleX) * SoftRamp(hand, 0.06);
    p.y() = kArmY + (g.y() - kArmY) / (1 + (kHandScaleY - 1) * blend);
    p.z() = kArmZ + (g.z() - kArmZ) / (1 + (kHandScaleZ - 1) * blend);
    return p;
  }
  const double head = g.y() - kHeadY0;
  if (head > 0 && g.x() < 0.3) {
    const double scale = 1 + (kHeadScale - 1) * SmoothStep(head / 0.12);
    p.y() = kHeadY0 + head - (1 - 1 / kHeadScale) * SoftRamp(head, 0.06);
    p.x() = g.x() / scale;
    p.z() = g.z() / scale;
    return p;
  }
  const double foot = kFootY0 - g.y();
  if (foot > 0) {
    const double scale = 1 + (kFootScale - 1) * SmoothStep(foot / 0.05);
    p.y() = kFootY0 - foot + (1 - 1 / kFootScale) * SoftRamp(foot, 0.03);
    p.x() = 0.12 + (g.x() - 0.12) / scale;
    p.z() = g.z() / scale;
  }
  return p;
}

}  // namespace

std::vector<Vec3> BuiltinSkeleton() {
  std::vector<Vec3> joints(SmplLayout().num_joints());
  const auto pair = [&](int left, const Vec3& at) {
    joints[left] = at;
    joints[left + 1] = Vec3(-at.x(), at.y(), at.z());
  };
  joints[0] = {0, kHipY + 0.072, -0.012};  // pelvis
  pair(1, {0.080, kHipY, -0.004});         // hips
  joints[3] = {0, 1.060, -0.022};          // spine1
  pair(4, {0.110, kKneeY, -0.002});        // knees
  joints[6] = {0, 1.180, -0.028};          // spine2
  pair(7, {0.117, kAnkleY, -0.028});       // ankles
  joints[9] = {0, 1.255, -0.026};          // spine3
  pair(10, {0.123, 0.018, 0.105});         // balls of the feet
  joints[12] = {0, 1.440, -0.030};         // neck
  pair(13, {0.065, 1.365, -0.022});        // collars
  joints[15] = {0, 1.525, -0.004};         // head
  pair(16, {kShoulderX, kArmY, kArmZ});
  pair(18, {kElbowX, kArmY, kArmZ});
  pair(20, {kWristX, kArmY, kArmZ + 0.003});
  pair(22, {kHandX, kArmY - 0.002, kArmZ + 0.003});
  return joints;
}

double SkinDistanceWith(const Vec3& point, const SkinPart& head, const SkinPart& hand) {
  static const SkinPart torso = {Torso, {-0.19, 0.78, -0.15}, {0.19, 1.51, 0.13}, 0.06};
  static const SkinPart leg = {Leg, {0.00, 0.02, -0.11}, {0.19, 0.96, 0.11}, 0.05};
  static const SkinPart arm = {Arm, {0.07, 1.31, -0.09}, {0.74, 1.45, 0.05}, 0.055};
  static const SkinPart foot = {Foot, {0.06, -0.01, -0.09}, {0.18, 0.10, 0.19}, 0.03};
  const Vec3 left(std::abs(point.x()), point.y(), point.z());
  const Vec3 right(-left.x(), left.y(), left.z());
  double f = PartDistance(torso, left);
  const double legs = SmoothUnion(PartDistance(leg, left), PartDistance(leg, right), 0.03);
  f = SmoothUnion(f, legs, leg.blend);
  for (const SkinPart* part : {&arm, &head, &hand, &foot}) {
    f = SmoothUnion(f, PartDistance(*part, left), part->blend);
  }
  return f;
}

double BuiltinSkinDistance(const Vec3& point) {
  static const SkinPart head = {Head, {-0.10, 1.36, -0.12}, {0.10, 1.71, 0.13}, 0.04};
  static const SkinPart hand = {Hand, {0.67, 1.34, -0.08}, {0.90, 1.41, 0.08}, 0.02};
  return SkinDistanceWith(point, head, hand);
}

SymmetricMesh MakeBuiltinSkin() {
  const NetGrid grid{.low = {0, -0.08, -0.34},
                     .high = {1.10, 2.05, 0.36},
                     .cell = 0.0225,
                     .space_from_grid = SpaceFromGrid};
  return PolygoniseSymmetric(BuiltinSkinDistance, grid, 8);
}

}  // namespace gyre
