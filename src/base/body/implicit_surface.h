// SPDX-License-Identifier: Apache-2.0
// Implicit surfaces: functions f of a point that are negative inside and about the signed distance
// in metres near f = 0. Shapes are joined by a smooth union,
//   f = min(a, b) - h^2 k / 4,  h = max(k - |a - b|, 0) / k,
// whose blend reaches k metres.
#pragma once

#include <vector>

#include "core/types.h"

namespace gyre {

double SmoothUnion(double a, double b, double k);

// An ellipsoid with radii along the axes.
struct Ellipsoid {
  Vec3 center;
  Vec3 radii;
};
double Distance(const Ellipsoid& shape, const Vec3& point);

// A round cone: a ball of radius r0 at p0 swept to a ball of radius r1 at p1.
struct RoundCone {
  Vec3 p0, p1;
  double r0, r1;
};
double Distance(const RoundCone& shape, const Vec3& point);

// A tube along one axis whose elliptic cross-section is interpolated between stations by a cubic
// Hermite spline, closed by half-ellipsoids of depth `cap`.
class Loft {
 public:
  // At `t` along the axis: centre (u, v) and half-widths (a, b) on the two other axes, which follow
  // in the order of x, y, z.
  struct Station {
    double t, u, v, a, b;
  };
  Loft(int axis, double cap, std::vector<Station> stations);

  double Distance(const Vec3& point) const;
  const std::vector<Station>& stations() const { return stations_; }
  int axis() const { return axis_; }

 private:
  Station At(double t) const;

  int axis_;
  double cap_;
  std::vector<Station> stations_;  // t ascending
  std::vector<Station> slopes_;    // d/dt of u, v, a, b
};

}  // namespace gyre
