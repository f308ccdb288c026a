// SPDX-License-Identifier: Apache-2.0
#include "body/builtin_hand.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "body/anthropometry.h"
#include "body/implicit_surface.h"

namespace gyre {
namespace {

constexpr int kThumb = 0;
// Thumbs of SMPL-X's layout turn about a place a third along the metacarpal.
constexpr double kMetacarpalShare = 0.68;

// What a finger is like: its root from the wrist in metres; its bones' directions in degrees, from
// +x towards +z and down; its radius at root, joints and tip.
struct FingerRule {
  Vec3 root;
  std::array<double, 3> forward, down;
  std::array<double, 4> radius;
};

// Knuckles lie on an arch; the thumb stands off the palm.
const FingerRule kRules[] = {
    {{0.030, -0.005, 0.026}, {61, 43, 28}, {27, 15, 17}, {0.0150, 0.0112, 0.0100, 0.0086}},
    {{0.078, -0.001, 0.030}, {5, 5, 5}, {0, 0, 0}, {0.0098, 0.0090, 0.0081, 0.0070}},
    {{0.080, 0.000, 0.007}, {0, 0, 0}, {0, 0, 0}, {0.0098, 0.0091, 0.0083, 0.0071}},
    {{0.076, -0.001, -0.014}, {-5, -5, -5}, {0, 0, 0}, {0.0093, 0.0085, 0.0078, 0.0067}},
    {{0.066, -0.004, -0.033}, {-11, -11, -11}, {0, 0, 0}, {0.0084, 0.0075, 0.0069, 0.0060}},
};

Vec3 Wrist() { return BuiltinSkeleton()[20]; }

FingerJoints PlaceFingers() {
  constexpr double kRadians = std::numbers::pi / 180;
  FingerJoints fingers;
  for (int f = 0; f < 5; ++f) {
    const FingerRule& rule = kRules[f];
    fingers[f][0] = Wrist() + rule.root;
    for (int bone = 0; bone < 3; ++bone) {
      double length = anthropometry::kPhalanges[f][bone] * anthropometry::kThirdFinger *
                      anthropometry::kStature;
      if (f == kThumb && bone == 0) length *= kMetacarpalShare;
      const double forward = rule.forward[bone] * kRadians, down = rule.down[bone] * kRadians;
      const Vec3 along(std::cos(down) * std::cos(forward), -std::sin(down),
                       std::cos(down) * std::sin(forward));
      fingers[f][bone + 1] = fingers[f][bone] + length * along;
    }
  }
  return fingers;
}

// Skin of one finger from its root on; its end is round, so that the tip is on it.
double Finger(const Vec3& p, int finger) {
  const auto& joints = BuiltinFingers()[finger];
  const auto& radius = kRules[finger].radius;
  const Vec3 last = joints[3] - radius[3] * (joints[3] - joints[2]).normalized();
  double f = Distance(RoundCone{joints[0], joints[1], radius[0], radius[1]}, p);
  f = SmoothUnion(f, Distance(RoundCone{joints[1], joints[2], radius[1], radius[2]}, p), 0.003);
  return SmoothUnion(f, Distance(RoundCone{joints[2], last, radius[2], radius[3]}, p), 0.003);
}

double Palm(const Vec3& p) {
  static const Vec3 w = Wrist();
  // Along x: centre y and z, half-height, half-depth.
  static const Loft palm(0, 0.012,
                         {{w.x() - 0.004, w.y(), w.z(), 0.0140, 0.0220},
                          {w.x() + 0.022, w.y() - 0.002, w.z() + 0.001, 0.0150, 0.0290},
                          {w.x() + 0.050, w.y() - 0.003, w.z() - 0.001, 0.0145, 0.0375},
                          {w.x() + 0.074, w.y() - 0.003, w.z() - 0.001, 0.0120, 0.0395},
                          {w.x() + 0.090, w.y() - 0.004, w.z(), 0.0085, 0.0370}});
  double f = palm.Distance(p);
  // Metacarpals to the knuckles; the balls of the thumb and of the little finger.
  for (int finger = 1; finger < 5; ++finger) {
    const Vec3 knuckle = BuiltinFingers()[finger][0];
    const Vec3 carpus = w + Vec3(0.018, 0.002, 0.55 * (knuckle.z() - w.z()));
    f = SmoothUnion(f, Distance(RoundCone{carpus, knuckle, 0.009, 0.0096}, p), 0.012);
  }
  static const RoundCone thumb_ball{BuiltinFingers()[kThumb][0] + Vec3(0, -0.004, -0.004),
                                    BuiltinFingers()[kThumb][1] + Vec3(0, 0.001, -0.004), 0.0155,
                                    0.0125};
  static const RoundCone little_ball{w + Vec3(0.022, -0.008, -0.020),
                                     w + Vec3(0.058, -0.008, -0.031), 0.0125, 0.0095};
  f = SmoothUnion(f, Distance(thumb_ball, p), 0.016);
  return SmoothUnion(f, Distance(little_ball, p), 0.016);
}

double FingeredHand(const Vec3& p) {
  double f = Palm(p);
  double fingers = Finger(p, 1);
  for (int finger = 2; finger < 5; ++finger) {
    fingers = SmoothUnion(fingers, Finger(p, finger), 0.0015);  // they stay apart
  }
  f = SmoothUnion(f, fingers, 0.006);
  return SmoothUnion(f, Finger(p, kThumb), 0.010);
}

}  // namespace

const FingerJoints& BuiltinFingers() {
  static const FingerJoints fingers = PlaceFingers();
  return fingers;
}

const SkinPart& BuiltinFingeredHand() {
  static const SkinPart hand = [] {
    constexpr double kMargin = 0.02;
    SkinPart part{FingeredHand, Wrist(), Wrist(), 0.02};
    for (const auto& finger : BuiltinFingers()) {
      for (const Vec3& p : finger) {
        part.low = part.low.cwiseMin(p);
        part.high = part.high.cwiseMax(p);
      }
    }
    part.low.array() -= kMargin;
    part.high.array() += kMargin;
    return part;
  }();
  return hand;
}

}  // namespace gyre
