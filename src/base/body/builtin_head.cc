// SPDX-License-Identifier: Apache-2.0
#include "body/builtin_head.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "body/implicit_surface.h"

namespace gyre {
namespace {

// Both sides of what is paired are made from the point's mirror image on the left: the mid-plane is
// smooth since nothing there has a slope across it.
double Join(double f, double k, double other) { return SmoothUnion(f, other, k); }
double Carve(double f, double k, double other) { return -SmoothUnion(-f, other, k); }

double Skull(const Vec3& p) {
  static const RoundCone neck{Vec3(0, 1.420, -0.032), Vec3(0, 1.540, -0.012), 0.056, 0.050};
  static const Ellipsoid cranium{Vec3(0, 1.608, -0.012), Vec3(0.075, 0.092, 0.097)};
  static const Ellipsoid vault{Vec3(0, 1.628, -0.022), Vec3(0.0755, 0.066, 0.086)};
  static const Ellipsoid face{Vec3(0, 1.565, 0.026), Vec3(0.061, 0.082, 0.064)};
  static const RoundCone cheek{{0.031, 1.561, 0.064}, {0.054, 1.570, 0.030}, 0.0130, 0.0140};
  static const RoundCone jaw{{0.0475, 1.528, 0.006}, {0.0165, 1.4985, 0.056}, 0.0150, 0.0145};
  static const Ellipsoid chin{Vec3(0, 1.4925, 0.0660), Vec3(0.020, 0.0155, 0.019)};
  static const Ellipsoid muzzle{Vec3(0, 1.5230, 0.0620), Vec3(0.031, 0.026, 0.0275)};
  double f = Join(Distance(cranium, p), 0.030, Distance(vault, p));
  f = Join(f, 0.040, Distance(face, p));
  f = Join(f, 0.030, Distance(jaw, p));
  f = Join(f, 0.022, Distance(cheek, p));
  f = Join(f, 0.024, Distance(chin, p));
  f = Join(f, 0.020, Distance(muzzle, p));
  return Join(f, 0.030, Distance(neck, p));
}

double Nose(double f, const Vec3& p) {
  static const RoundCone bridge{Vec3(0, 1.5950, 0.0850), Vec3(0, 1.5630, 0.1010), 0.0068, 0.0080};
  static const Ellipsoid tip{Vec3(0, 1.5570, 0.1045), Vec3(0.0102, 0.0090, 0.0105)};
  static const RoundCone wing{{0.0105, 1.5535, 0.0955}, {0.0120, 1.5530, 0.0885}, 0.0050, 0.0054};
  static const Ellipsoid nostril{{0.0062, 1.5458, 0.0995}, {0.0028, 0.0030, 0.0042}};
  f = Join(f, 0.020, Distance(bridge, p));
  f = Join(f, 0.010, Distance(tip, p));
  f = Join(f, 0.008, Distance(wing, p));
  return Carve(f, 0.003, Distance(nostril, p));
}

double Lips(double f, const Vec3& p) {
  static const RoundCone upper{{0.0050, 1.5262, 0.0915}, {0.0225, 1.5228, 0.0780}, 0.0047, 0.0026};
  static const Ellipsoid middle{Vec3(0, 1.5252, 0.0925), Vec3(0.0060, 0.0037, 0.0042)};
  static const RoundCone lower{{0.0060, 1.5162, 0.0900}, {0.0215, 1.5203, 0.0780}, 0.0055, 0.0028};
  static const Ellipsoid lower_middle{Vec3(0, 1.5160, 0.0905), Vec3(0.0090, 0.0054, 0.0052)};
  static const Ellipsoid philtrum{Vec3(0, 1.5385, 0.0955), Vec3(0.0026, 0.0065, 0.0034)};
  static const Ellipsoid under{Vec3(0, 1.5050, 0.0945), Vec3(0.0150, 0.0040, 0.0080)};
  f = Carve(f, 0.008, Distance(under, p));
  f = Carve(f, 0.004, Distance(philtrum, p));
  const double above = Join(Distance(upper, p), 0.004, Distance(middle, p));
  const double below = Join(Distance(lower, p), 0.004, Distance(lower_middle, p));
  return Join(f, 0.004, Join(above, 0.0010, below));
}

double Eye(double f, const Vec3& p) {
  static const RoundCone brow{{0.0470, 1.6075, 0.0680}, {0.0140, 1.6060, 0.0850}, 0.0055, 0.0065};
  static const Ellipsoid socket{{0.0305, 1.5890, 0.0985}, {0.0170, 0.0105, 0.0130}};
  static const Ellipsoid lids{kEyeCenter, Vec3::Constant(kLidRadius)};
  f = Join(f, 0.016, Distance(brow, p));
  f = Carve(f, 0.012, Distance(socket, p));
  return Join(f, 0.003, Distance(lids, p));
}

double Ear(double f, const Vec3& p) {
  static const Ellipsoid shell{{0.0825, 1.5830, -0.0150}, {0.0085, 0.0215, 0.0165}};
  static const Ellipsoid lobe{{0.0780, 1.5605, -0.0095}, {0.0075, 0.0140, 0.0100}};
  static const Ellipsoid hollow{{0.0930, 1.5850, -0.0130}, {0.0075, 0.0145, 0.0100}};
  static const Ellipsoid concha{{0.0900, 1.5710, -0.0085}, {0.0055, 0.0075, 0.0060}};
  double ear = Join(Distance(shell, p), 0.008, Distance(lobe, p));
  ear = Carve(ear, 0.004, Distance(hollow, p));
  return Join(f, 0.008, Carve(ear, 0.004, Distance(concha, p)));
}

double FacedHead(const Vec3& p) { return Ear(Eye(Lips(Nose(Skull(p), p), p), p), p); }

}  // namespace

const SkinPart& BuiltinFacedHead() {
  static const SkinPart head = {FacedHead, {-0.11, 1.36, -0.12}, {0.11, 1.71, 0.13}, 0.04};
  return head;
}

const FrontLine& LipLine() {
  static const FrontLine line = {0, 0.0245, [](double x) { return 1.5215 + 0.8 * x * x; }, 0.055};
  return line;
}

const FrontLine& LidLine() {
  static const FrontLine line = {kEyeCenter.x() - 0.0140, kEyeCenter.x() + 0.0138,
                                 [](double x) {
                                   const double t = (x - kEyeCenter.x()) / 0.0140;
                                   return kEyeCenter.y() - 0.0042 * (1 - t * t) + 0.0008 * t -
                                          0.0006;
                                 },
                                 0.060};
  return line;
}

Vec3 HeadOutward(const Vec3& place, const Vec3& normal) {
  constexpr double kNeck = 1.450, kHead = 1.500;
  static const Vec3 center(0, 1.590, 0), radii(0.074, 0.110, 0.092);
  const Vec3 outward = (place - center).cwiseQuotient(radii.cwiseAbs2()).normalized();
  const double share = std::clamp((place.y() - kNeck) / (kHead - kNeck), 0.0, 1.0);
  return ((1 - share) * normal + share * outward).normalized();
}

double HeadEdgeLength(const Vec3& point) {
  constexpr double kHeadY = 1.462, kGrowth = 0.36;  // edges lengthen by so much a metre
  if (point.y() < kHeadY) return std::numeric_limits<double>::infinity();
  struct Feature {
    Vec3 at;
    double reach, length;
  };
  static const Feature kFeatures[] = {
      {kEyeCenter + Vec3(0, 0, 0.012), 0.011, 0.0023}, {{0.010, 1.522, 0.088}, 0.014, 0.0026},
      {{0.006, 1.553, 0.102}, 0.010, 0.0028},          {{0.030, 1.606, 0.080}, 0.018, 0.0048},
      {{0.030, 1.540, 0.075}, 0.030, 0.0062},          {{0.083, 1.576, -0.013}, 0.028, 0.0045},
      {{0.000, 1.495, 0.070}, 0.020, 0.0060},
  };
  const Vec3 p(std::abs(point.x()), point.y(), point.z());
  double length = 0.014;
  for (const Feature& feature : kFeatures) {
    const double beyond = std::max((p - feature.at).norm() - feature.reach, 0.0);
    length = std::min(length, feature.length + kGrowth * beyond);
  }
  return length;
}

}  // namespace gyre
