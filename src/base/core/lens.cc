// SPDX-License-Identifier: Apache-2.0
#include "core/lens.h"

#include <Eigen/LU>
#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace gyre {
namespace {

constexpr double kFarthest = 1e6;  // px, of any picture

Vec2 BentByFisheye(const std::vector<double>& k, const Vec2& point) {
  const double r = point.norm();
  if (r == 0) return point;
  const double t = std::atan(r), t2 = t * t;
  const double bent = t * (1 + t2 * (k[0] + t2 * (k[1] + t2 * (k[2] + t2 * k[3]))));
  return bent / r * point;
}

Vec2 BentByLens(const std::vector<double>& given, const Vec2& point) {
  double k[12] = {};  // k1 k2 p1 p2 k3 k4 k5 k6 s1 s2 s3 s4
  std::copy(given.begin(), given.end(), k);
  const double x = point.x(), y = point.y(), r2 = point.squaredNorm();
  const double radial =
      (1 + r2 * (k[0] + r2 * (k[1] + r2 * k[4]))) / (1 + r2 * (k[5] + r2 * (k[6] + r2 * k[7])));
  return {radial * x + 2 * k[2] * x * y + k[3] * (r2 + 2 * x * x) + r2 * (k[8] + r2 * k[9]),
          radial * y + k[2] * (r2 + 2 * y * y) + 2 * k[3] * x * y + r2 * (k[10] + r2 * k[11])};
}

// Columns: how the point in the photograph moves with x and y, by differences.
Eigen::Matrix2d SlopeOf(const Lens& lens, const Vec2& point_px) {
  constexpr double kStepPx = 1e-3;
  Eigen::Matrix2d slope;
  for (int i = 0; i < 2; ++i) {
    const Vec2 step = kStepPx * Vec2::Unit(i);
    slope.col(i) = (lens.PhotographFromPinhole(point_px + step) -
                    lens.PhotographFromPinhole(point_px - step)) /
                   (2 * kStepPx);
  }
  return slope;
}

}  // namespace

Camera Lens::Pinhole() const { return {std::sqrt(fx * fy), center_px}; }

bool Lens::IsPinhole() const {
  const bool bends = fisheye || std::ranges::any_of(distortion, [](double k) { return k != 0; });
  return !bends && fx == fy && skew == 0;
}

Vec2 Lens::PhotographFromPinhole(const Vec2& point_px) const {
  if (IsPinhole()) return point_px;
  const Camera pinhole = Pinhole();
  const Vec2 ray = (point_px - center_px) / pinhole.focal_px;
  const Vec2 bent = distortion.empty() ? ray
                    : fisheye          ? BentByFisheye(distortion, ray)
                                       : BentByLens(distortion, ray);
  return Vec2(fx * bent.x() + skew * bent.y(), fy * bent.y()) + center_px;
}

std::optional<Vec2> Lens::PinholeFromPhotograph(const Vec2& point_px) const {
  if (IsPinhole()) return point_px;
  constexpr double kCloseEnoughPx = 1e-6;
  Vec2 point = point_px;
  for (int iteration = 0; iteration < 50; ++iteration) {
    const Vec2 miss = point_px - PhotographFromPinhole(point);
    const Eigen::Matrix2d slope = SlopeOf(*this, point);
    // Behind the place where the lens folds the picture, the same pixel shows something else.
    if (!miss.allFinite() || !(slope.determinant() > 0)) return std::nullopt;
    if (miss.norm() < kCloseEnoughPx) return point;
    point += slope.inverse() * miss;
    if (!(point.array().abs() < kFarthest).all()) return std::nullopt;
  }
  return std::nullopt;
}

void Lens::Check(const std::string& what) const {
  const auto focal = [](double px) { return std::isfinite(px) && px >= 1 && px <= kFarthest; };
  if (!focal(fx) || !focal(fy)) {
    ThrowUserError("{}: its focal lengths are {} and {}; expected pixels, from 1 to 1e6", what, fx,
                   fy);
  }
  if (!std::isfinite(skew) || !(center_px.array().abs() <= kFarthest).all()) {
    ThrowUserError("{}: its centre ({}, {}) or skew {} is no place in a picture", what,
                   center_px.x(), center_px.y(), skew);
  }
  for (const double k : distortion) {
    if (!std::isfinite(k)) ThrowUserError("{}: its distortion is not finite", what);
  }
  const size_t n = distortion.size();
  const bool known = fisheye ? n == 4 : n == 0 || n == 4 || n == 5 || n == 8 || n == 12;
  if (!known) {
    ThrowUserError("{}: has {} distortion coefficients; expected {}", what, n,
                   fisheye ? "4 of a fisheye lens" : "0, 4, 5, 8 or 12");
  }
}

}  // namespace gyre
