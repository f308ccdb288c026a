// SPDX-License-Identifier: Apache-2.0
#include "body/implicit_surface.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"

namespace gyre {
namespace {

// First-order distance to the ellipsoid |x / radii| = 1.
double EllipsoidDistance(const Vec3& x, const Vec3& radii) {
  const Vec3 scaled = x.cwiseQuotient(radii);
  const double level = scaled.norm();
  const double slope = scaled.cwiseQuotient(radii).norm();
  return slope < 1e-12 ? -radii.minCoeff() : level * (level - 1) / slope;
}

}  // namespace

double SmoothUnion(double a, double b, double k) {
  const double h = std::max(k - std::abs(a - b), 0.0) / k;
  return std::min(a, b) - h * h * k / 4;
}

double Distance(const Ellipsoid& shape, const Vec3& point) {
  return EllipsoidDistance(point - shape.center, shape.radii);
}

double Distance(const RoundCone& shape, const Vec3& point) {
  const Vec3 axis = shape.p1 - shape.p0;
  const double t = std::clamp((point - shape.p0).dot(axis) / axis.squaredNorm(), 0.0, 1.0);
  return (point - shape.p0 - t * axis).norm() - (shape.r0 + t * (shape.r1 - shape.r0));
}

Loft::Loft(int axis, double cap, std::vector<Station> stations)
    : axis_(axis), cap_(cap), stations_(std::move(stations)) {
  const int n = static_cast<int>(stations_.size());
  GYRE_CHECK(n >= 2);
  for (int i = 0; i < n; ++i) {
    const Station& before = stations_[std::max(i - 1, 0)];
    const Station& after = stations_[std::min(i + 1, n - 1)];
    const double dt = after.t - before.t;
    GYRE_CHECK(dt > 0, "stations must ascend");
    // Flat ends keep the sides tangent to the caps.
    const double on = i == 0 || i == n - 1 ? 0.0 : 1.0;
    slopes_.push_back({on, on * (after.u - before.u) / dt, on * (after.v - before.v) / dt,
                       on * (after.a - before.a) / dt, on * (after.b - before.b) / dt});
  }
}

Loft::Station Loft::At(double t) const {
  if (t <= stations_.front().t) return stations_.front();
  if (t >= stations_.back().t) return stations_.back();
  size_t i = 0;
  while (stations_[i + 1].t < t) ++i;
  const Station& p = stations_[i];
  const Station& q = stations_[i + 1];
  const Station& dp = slopes_[i];
  const Station& dq = slopes_[i + 1];
  const double length = q.t - p.t;
  const double s = (t - p.t) / length;
  const double w1 = s * s * (3 - 2 * s);
  const double w0 = 1 - w1;
  const double m0 = length * s * (1 - s) * (1 - s);
  const double m1 = -length * s * s * (1 - s);
  return {t, w0 * p.u + w1 * q.u + m0 * dp.u + m1 * dq.u,
          w0 * p.v + w1 * q.v + m0 * dp.v + m1 * dq.v, w0 * p.a + w1 * q.a + m0 * dp.a + m1 * dq.a,
          w0 * p.b + w1 * q.b + m0 * dp.b + m1 * dq.b};
}

double Loft::Distance(const Vec3& point) const {
  const double t = point[axis_];
  const Station section = At(t);
  const double beyond = std::max({stations_.front().t - t, t - stations_.back().t, 0.0});
  const Vec3 local(point[(axis_ == 0) ? 1 : 0] - section.u, point[(axis_ == 2) ? 1 : 2] - section.v,
                   beyond);
  return EllipsoidDistance(local, {section.a, section.b, cap_});
}

}  // namespace gyre
