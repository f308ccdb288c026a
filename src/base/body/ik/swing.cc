// SPDX-License-Identifier: Apache-2.0
#include "body/ik/swing.h"

#include <Eigen/Geometry>
#include <Eigen/LU>
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>

#include "core/so3.h"

namespace gyre {
namespace {

constexpr double kNoLength = 1e-9;  // metres
constexpr double kOpposite = 1e-7;  // of 1 + cosine

// The smallest rotation from unit vector a to unit vector q.
Mat3 Smallest(const Vec3& a, const Vec3& q, double cosine) {
  if (1 + cosine < kOpposite) {
    const Vec3 axis = a.unitOrthogonal();
    return 2 * axis * axis.transpose() - Mat3::Identity();
  }
  const Vec3 v = a.cross(q);
  Mat3 r = Hat(v) + v * v.transpose() / (1 + cosine);
  r.diagonal().array() += cosine;
  return r;
}

}  // namespace

Vec3 Vee2(const Mat3& a) { return Vec3(a(2, 1) - a(1, 2), a(0, 2) - a(2, 0), a(1, 0) - a(0, 1)); }

Swing MakeSwing(const Vec3& a, const Vec3& q, double twist) {
  Swing swing;
  swing.from_length = a.norm();
  swing.to_length = q.norm();
  swing.from = swing.from_length > kNoLength ? Vec3(a / swing.from_length) : Vec3(Vec3::UnitY());
  swing.to = swing.to_length > kNoLength ? Vec3(q / swing.to_length) : swing.from;
  if (swing.from_length <= kNoLength) swing.to = swing.from;
  swing.cosine = std::clamp(swing.from.dot(swing.to), -1.0, 1.0);
  swing.rotation = Smallest(swing.from, swing.to, swing.cosine);
  if (twist != 0) swing.rotation *= ExpSO3(twist * swing.from);
  return swing;
}

SwingGradient PullSwing(const Swing& swing, const Vec3& g) {
  const double spin = swing.to.dot(g), over = spin / std::max(1 + swing.cosine, kOpposite);
  SwingGradient out{Vec3::Zero(), Vec3::Zero(), spin};
  if (swing.from_length <= kNoLength) return out;
  const Vec3 h = over * swing.to - swing.rotation.transpose() * g;
  out.a = h.cross(swing.from) / swing.from_length;
  if (swing.to_length <= kNoLength) return out;
  const Vec3 z = g - over * swing.from;
  out.q = z.cross(swing.to) / swing.to_length;
  return out;
}

double TwistOf(const Mat3& rotation, const Vec3& a) {
  // Of a unit quaternion (w, v) the twist is the part (w, v.a).
  const Eigen::Quaterniond q(rotation);
  double angle = 2 * std::atan2(q.vec().dot(a.normalized()), q.w());
  if (angle > EIGEN_PI) angle -= 2 * EIGEN_PI;
  if (angle <= -EIGEN_PI) angle += 2 * EIGEN_PI;
  return angle;
}

Mat3 AlignDirections(std::span<const PointPair> pairs) {
  Mat3 m = Mat3::Zero();
  for (const PointPair& pair : pairs) m += pair.weight * pair.to * pair.from.transpose();
  return NearestRotation(m);
}

void PullAlignment(const Mat3& R, std::span<const PointPair> pairs, const Vec3& g,
                   std::span<PointPair> gradients) {
  Mat3 p = Mat3::Zero();
  for (const PointPair& pair : pairs) {
    p += pair.weight * pair.to * (R * pair.from).transpose();
  }
  const double trace = p.trace();
  Mat3 k = -0.5 * (p + p.transpose());
  k.diagonal().array() += trace;
  // A direction that the points leave open has no curvature.
  const Eigen::JacobiSVD<Mat3> svd(k, Eigen::ComputeFullU | Eigen::ComputeFullV);
  const double least = 1e-9 * svd.singularValues()[0];
  Vec3 h = Vec3::Zero();
  for (int i = 0; i < 3; ++i) {
    if (svd.singularValues()[i] <= least) continue;
    h += svd.matrixV().col(i) * (svd.matrixU().col(i).dot(g) / svd.singularValues()[i]);
  }
  for (size_t i = 0; i < pairs.size(); ++i) {
    gradients[i].to = pairs[i].weight * h.cross(R * pairs[i].from);
    gradients[i].from = pairs[i].weight * (R.transpose() * pairs[i].to.cross(h));
  }
}

Mat3 Triad(const Vec3& s, const Vec3& h) {
  const Vec3 first = s.normalized();
  const Vec3 second = (h - h.dot(first) * first).normalized();
  Mat3 frame;
  frame << first, second, first.cross(second);
  return frame;
}

// With unit axes s, m, n the frame turns by s x ds + s n.(dh - (h.s) ds) / |h - (h.s) s|.
TriadGradient PullTriad(const Vec3& s, const Vec3& h, const Vec3& g) {
  const double length = s.norm();
  const Vec3 first = s / length;
  const double along = h.dot(first);
  const Vec3 across = h - along * first;
  const Vec3 third = first.cross(across) / across.norm();
  const Vec3 spin = third * (first.dot(g) / across.norm());
  return {(g.cross(first) - along * spin) / length, spin};
}

}  // namespace gyre
