// SPDX-License-Identifier: Apache-2.0
#include "core/so3.h"

#include <Eigen/Geometry>
#include <Eigen/SVD>
#include <cmath>

namespace gyre {

Mat3 Hat(const Vec3& w) {
  Mat3 m;
  m << 0, -w.z(), w.y(), w.z(), 0, -w.x(), -w.y(), w.x(), 0;
  return m;
}

Mat3 ExpSO3(const Vec3& w) {
  const double a2 = w.squaredNorm();
  double s, c;  // sin(a)/a and (1 - cos(a))/a^2
  if (a2 < 1e-8) {
    s = 1 - a2 / 6;
    c = 0.5 - a2 / 24;
  } else {
    const double a = std::sqrt(a2);
    s = std::sin(a) / a;
    const double half = std::sin(0.5 * a) / a;
    c = 2 * half * half;
  }
  Mat3 r = c * w * w.transpose();
  r.diagonal().array() += 1 - c * a2;
  r(0, 1) -= s * w.z();
  r(0, 2) += s * w.y();
  r(1, 0) += s * w.z();
  r(1, 2) -= s * w.x();
  r(2, 0) -= s * w.y();
  r(2, 1) += s * w.x();
  return r;
}

Vec3 LogSO3(const Mat3& R) {
  // Through the quaternion, whose vector part is well conditioned except near the identity, where
  // 2 / w is.
  const Eigen::Quaterniond q = Eigen::Quaterniond(R).normalized();
  const Vec3 v = q.w() < 0 ? Vec3(-q.vec()) : Vec3(q.vec());
  const double w = std::abs(q.w());
  const double n = v.norm();
  if (n < 1e-9) return 2 * v / w;
  return 2 * std::atan2(n, w) / n * v;
}

Mat3 LeftJacobianSO3(const Vec3& w) {
  const double a2 = w.squaredNorm();
  double b, c;  // (1 - cos(a))/a^2 and (a - sin(a))/a^3
  if (a2 < 1e-4) {
    b = 0.5 - a2 / 24 + a2 * a2 / 720;
    c = 1.0 / 6 - a2 / 120 + a2 * a2 / 5040;
  } else {
    const double a = std::sqrt(a2);
    const double half = std::sin(0.5 * a) / a;
    b = 2 * half * half;
    c = (a - std::sin(a)) / (a2 * a);
  }
  const Mat3 h = Hat(w);
  return Mat3::Identity() + b * h + c * h * h;
}

double RotationAngle(const Mat3& a, const Mat3& b) {
  // R - R^T = 2 sin(angle) [axis]x and trace(R) = 1 + 2 cos(angle): sine and cosine together keep
  // their precision at zero and at pi alike.
  const Mat3 r = a.transpose() * b;
  const Vec3 two_sin_axis(r(2, 1) - r(1, 2), r(0, 2) - r(2, 0), r(1, 0) - r(0, 1));
  return std::atan2(two_sin_axis.norm(), r.trace() - 1);
}

Mat3 NearestRotation(const Mat3& m) {
  const Eigen::JacobiSVD<Mat3> svd(m, Eigen::ComputeFullU | Eigen::ComputeFullV);
  Vec3 d(1, 1, (svd.matrixU() * svd.matrixV().transpose()).determinant() < 0 ? -1 : 1);
  return svd.matrixU() * d.asDiagonal() * svd.matrixV().transpose();
}

Mat3 RotationFromSixD(const Eigen::Matrix<double, 6, 1>& x, SixDLayout layout) {
  const bool spin = layout == SixDLayout::kSpin;
  const Vec3 a1 = spin ? Vec3(x[0], x[2], x[4]) : Vec3(x[0], x[1], x[2]);
  const Vec3 a2 = spin ? Vec3(x[1], x[3], x[5]) : Vec3(x[3], x[4], x[5]);
  const Vec3 b1 = a1.normalized();
  const Vec3 b2 = (a2 - b1.dot(a2) * b1).normalized();
  Mat3 r;
  r << b1, b2, b1.cross(b2);
  return spin ? r : Mat3(r.transpose());
}

Eigen::Matrix<double, 6, 1> SixDFromRotation(const Mat3& R, SixDLayout layout) {
  Eigen::Matrix<double, 6, 1> x;
  if (layout == SixDLayout::kSpin) {
    x << R(0, 0), R(0, 1), R(1, 0), R(1, 1), R(2, 0), R(2, 1);
  } else {
    x << R(0, 0), R(0, 1), R(0, 2), R(1, 0), R(1, 1), R(1, 2);
  }
  return x;
}

}  // namespace gyre
