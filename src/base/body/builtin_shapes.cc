// SPDX-License-Identifier: Apache-2.0
#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>

#include "body/anthropometry.h"
#include "body/builtin_body.h"
#include "body/builtin_rig.h"

namespace gyre {
namespace {

double Step(double x, double low, double high) {
  const double t = std::clamp((x - low) / (high - low), 0.0, 1.0);
  return t * t * (3 - 2 * t);
}
double Bump(double x, double center, double width) {
  const double t = (x - center) / width;
  return std::exp(-t * t);
}

Points3 VertexNormals(const SymmetricMesh& skin) {
  Points3 normals = Points3::Zero(skin.vertices.rows(), 3);
  for (int f = 0; f < skin.faces.rows(); ++f) {
    const auto corner = [&](int i) -> Vec3 { return skin.vertices.row(skin.faces(f, i)); };
    const Vec3 area = (corner(1) - corner(0)).cross(corner(2) - corner(0));
    for (int i = 0; i < 3; ++i) normals.row(skin.faces(f, i)) += area;
  }
  normals.rowwise().normalize();
  // Exact symmetry, whatever the order of summation was.
  for (int v = 0; v < normals.rows(); ++v) {
    const int other = skin.mirror_of[v];
    if (other < v) continue;
    const Vec3 mirrored(-normals(other, 0), normals(other, 1), normals(other, 2));
    const Vec3 mean = 0.5 * (normals.row(v).transpose() + mirrored);
    normals.row(v) = mean;
    normals.row(other) = Vec3(-mean.x(), mean.y(), mean.z());
  }
  return normals;
}

// How much of a vertex belongs to limbs, and what each variation does to it. All lengths in metres,
// for one standard deviation among adults.
struct Vertex {
  Vec3 at;      // mirrored to the left, x >= 0
  Vec3 normal;  // the same
  Eigen::RowVectorXd weights;

  double Weight(std::initializer_list<std::pair<int, double>> factors) const {
    double sum = 0;
    for (const auto& [joint, factor] : factors) {
      sum += factor * weights[joint];
      const bool paired =
          joint != 0 && joint != 3 && joint != 6 && joint != 9 && joint != 12 && joint != 15;
      if (paired) sum += factor * weights[joint + 1];
    }
    return sum;
  }
  double arm() const { return Weight({{16, 1}, {18, 1}, {20, 1}, {22, 1}}); }
  double leg() const { return Weight({{1, 1}, {4, 1}, {7, 1}, {10, 1}}); }
};

Vec3 Size(const Vertex& v, const Skeleton& joints) {
  return 0.070 / anthropometry::kStature * (v.at - joints[0]);
}

Vec3 Girth(const Vertex& v, const Skeleton&) {
  return 0.011 * v.normal *
         v.Weight({{0, 1.2},
                   {1, 1.1},
                   {3, 1.5},
                   {4, 0.55},
                   {6, 1.4},
                   {7, 0.15},
                   {9, 1.1},
                   {10, 0.1},
                   {12, 0.6},
                   {13, 0.9},
                   {15, 0.2},
                   {16, 0.75},
                   {18, 0.45},
                   {20, 0.1}});
}

// Legs longer, trunk shorter, stature the same.
Vec3 LegLength(const Vertex& v, const Skeleton& joints) {
  constexpr double kShare = 0.030;
  const double hip = joints[1].y();
  const double neck = joints[12].y();
  const auto shift = [&](double y) {
    const double below = kShare * std::min(y - hip, 0.0);
    return below - kShare * hip * std::clamp((y - hip) / (neck - hip), 0.0, 1.0);
  };
  const double arm = v.arm();
  return {0, (1 - arm) * shift(v.at.y()) + arm * shift(joints[16].y()), 0};
}

Vec3 ArmLength(const Vertex& v, const Skeleton& joints) {
  return {0.035 * v.arm() * std::max(v.at.x() - joints[16].x(), 0.0), 0, 0};
}

Vec3 ShoulderWidth(const Vertex& v, const Skeleton& joints) {
  const double high = Step(v.at.y(), 1.12, 1.36);
  return {0.013 * high * Step(v.at.x(), -joints[16].x(), joints[16].x()) *
              std::min(v.at.x() / joints[16].x(), 1.0),
          0, 0};
}

Vec3 HipWidth(const Vertex& v, const Skeleton& joints) {
  const double trunk = 0.013 * v.at.x() / 0.16 * Bump(v.at.y(), joints[1].y(), 0.14);
  // A leg moves with its hip joint and widens; on the mid-plane nothing moves sideways.
  const double widening =
      0.006 * (v.at.x() - joints[1].x()) / 0.08 * Bump(v.at.y(), joints[1].y(), 0.25);
  const double leg = (0.007 + widening) * Step(v.at.x(), 0.0, 0.06);
  return {v.leg() * leg + (1 - v.leg()) * trunk, 0, 0};
}

Vec3 ChestDepth(const Vertex& v, const Skeleton&) {
  const double chest = Bump(v.at.y(), 1.26, 0.13) * (1 - v.arm());
  return chest * Vec3(0.005 * v.at.x() / 0.155, 0, 0.013 * (v.at.z() + 0.01) / 0.11);
}

Vec3 Belly(const Vertex& v, const Skeleton&) {
  const double front = Step(v.at.z(), -0.06, 0.09);
  const double belly = Bump(v.at.y(), 1.05, 0.105) * (1 - v.leg());
  return belly * front * Vec3(0.006 * v.at.x() / 0.13, -0.004, 0.022 * Bump(v.at.x(), 0, 0.13));
}

Vec3 LimbGirth(const Vertex& v, const Skeleton&) {
  return 0.006 * v.normal * v.Weight({{1, 1.2}, {4, 0.8}, {16, 1.0}, {18, 0.8}, {13, 0.3}});
}

Vec3 HeadSize(const Vertex& v, const Skeleton& joints) {
  return 0.035 * v.Weight({{15, 1.0}, {12, 0.4}}) * (v.at - joints[12]);
}

using Variation = Vec3 (*)(const Vertex&, const Skeleton&);
constexpr Variation kVariations[] = {
    Size,     Girth,      LegLength, ArmLength, ShoulderWidth,
    HipWidth, ChestDepth, Belly,     LimbGirth, HeadSize};

}  // namespace

std::span<const std::string_view> BuiltinShapeNames() {
  static constexpr std::string_view kNames[] = {
      "size",      "girth",       "leg length", "arm length", "shoulder width",
      "hip width", "chest depth", "belly",      "limb girth", "head size"};
  return kNames;
}

RowMatX BuiltinShapedirs(const SymmetricMesh& skin, const SparseRows& weights,
                         const Skeleton& joints, const Swelling& swelling) {
  const Points3 normals = VertexNormals(skin);
  constexpr int kShapes = std::size(kVariations);
  RowMatX shapedirs(3 * skin.vertices.rows(), kShapes);
  for (int i = 0; i < skin.vertices.rows(); ++i) {
    const double side = skin.vertices(i, 0) < 0 ? -1.0 : 1.0;
    const Vec3 mirror(side, 1, 1);
    Vertex v;
    v.at = mirror.cwiseProduct(skin.vertices.row(i).transpose());
    v.normal = mirror.cwiseProduct(normals.row(i).transpose());
    if (swelling) v.normal = swelling(v.at, v.normal);
    v.weights = weights.row(i);
    for (int c = 0; c < kShapes; ++c) {
      shapedirs.block<3, 1>(3 * i, c) = mirror.cwiseProduct(kVariations[c](v, joints));
    }
  }
  return shapedirs;
}

}  // namespace gyre
