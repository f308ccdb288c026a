// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/cone_field.h"

#include <ceres/jet.h>

#include <Eigen/Geometry>
#include <cmath>

namespace gyre {
namespace {

constexpr double kDeepest = -1000, kTiny = 1e-6;
// By the three corners of the cone's triangle and the point.
using Jet = ceres::Jet<double, 12>;

template <typename T>
struct Cone {
  Eigen::Matrix<T, 3, 1> centre, normal;
  T radius;

  explicit Cone(const Eigen::Matrix<T, 3, 3>& corners) {  // as columns
    const Eigen::Matrix<T, 3, 1> b = corners.col(1) - corners.col(0),
                                 c = corners.col(2) - corners.col(0);
    const Eigen::Matrix<T, 3, 1> n = b.cross(c);
    const T n2 = n.squaredNorm();
    const Eigen::Matrix<T, 3, 1> to =
        (n.cross(b) * c.squaredNorm() + c.cross(n) * b.squaredNorm()) / (T(2) * n2);
    using std::sqrt;
    centre = corners.col(0) + to;
    radius = sqrt(to.squaredNorm());
    normal = n / sqrt(n2);
  }

  T Field(const Eigen::Matrix<T, 3, 1>& point, const ConeField& field) const {
    using std::sqrt;
    const double s = field.sigma_m;
    const Eigen::Matrix<T, 3, 1> from = point - centre;
    const T x = from.dot(normal);
    if (x >= s || (field.inside_alone && x >= 0.0) || x <= kDeepest) return T(0);
    const T d2 = (from - x * normal).squaredNorm();
    const T rho = (d2 > 0.0 ? sqrt(d2) : T(0)) / (radius * (1.0 - x / s) + kTiny);
    if (!(rho < 1.0)) return T(0);
    const T rep =
        x <= -s ? 1.0 - s - x : (3 - 2 * s) / 4 - x / (2 * s) - (1 - 2 * s) / (4 * s * s) * x * x;
    const T f = (1.0 - rho) * rep, f2 = f * f;
    return field.power == 8 ? f2 * f2 : f2;
  }
};

}  // namespace

Eigen::Matrix<double, 6, 1> ConeResiduals(const Triangle& a, const Triangle& b,
                                          const ConeField& field,
                                          std::array<SixCorners, 6>* derivatives) {
  Eigen::Matrix<double, 6, 1> residuals;
  for (const bool second : {false, true}) {
    const Triangle &of_cone = second ? b : a, &of_points = second ? a : b;
    const int cone_row = second ? 3 : 0, point_row = second ? 0 : 3;
    const Cone<double> cone(of_cone.transpose());
    Eigen::Matrix<Jet, 3, 3> corners;
    for (int i = 0; i < 9; ++i) corners(i % 3, i / 3) = Jet(of_cone(i / 3, i % 3), i);
    for (int corner = 0; corner < 3; ++corner) {
      const int row = 3 * (second ? 1 : 0) + corner;
      residuals[row] = cone.Field(of_points.row(corner).transpose(), field);
      if (derivatives == nullptr) continue;
      SixCorners& derivative = (*derivatives)[row];
      derivative.setZero();
      if (residuals[row] == 0) continue;
      Eigen::Matrix<Jet, 3, 1> point;
      for (int axis = 0; axis < 3; ++axis) point[axis] = Jet(of_points(corner, axis), 9 + axis);
      const Jet value = Cone<Jet>(corners).Field(point, field);
      for (int i = 0; i < 9; ++i) derivative(cone_row + i / 3, i % 3) = value.v[i];
      for (int axis = 0; axis < 3; ++axis) derivative(point_row + corner, axis) = value.v[9 + axis];
    }
  }
  return residuals;
}

}  // namespace gyre
