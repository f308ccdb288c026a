// SPDX-License-Identifier: Apache-2.0
#include "body/makehuman_face.h"

#include <Eigen/Geometry>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include "body/skin_weights.h"
#include "core/error.h"

namespace gyre {
namespace {

constexpr int kSmoothing =
    4;  // rounds over the skin: units have folds, which turned round are cracks

struct UnitShare {
  const char* unit;  // "*" stands for left and right
  double share;
};
struct ExpressionRule {
  std::vector<UnitShare> shares;
  bool skew = false;  // the right side does the opposite of the left
};

// In the order of kMakeHumanExpressions.
const std::vector<ExpressionRule>& ExpressionRules() {
  static const std::vector<ExpressionRule> kRules = {
      {{{"mouth-open", 0.08}, {"mouth-pursing", 0.10}, {"mouth-protusion", 0.04}}},
      {{{"mouth-corner-puller", 0.24}, {"mouth-depression", -0.42}}},
      {{{"eyebrows-*-up", 0.60},
        {"eyebrows-*-extern-up", 0.60},
        {"eyebrows-*-inner-up", 0.30},
        {"eyebrows-*-down", -0.20}}},
      {{{"eye-*-closure", 0.18}, {"eye-*-slit", 0.13}, {"eye-*-opened-up", -0.32}}},
      {{{"mouth-pursing", 0.22}, {"mouth-retraction", -0.28}}},
      {{{"eyebrows-*-down", 0.65}, {"eyebrows-*-inner-up", -0.75}}},
      {{{"nose-*-elevation", 0.45}, {"nose-depression", -0.35}, {"mouth-elevation", 0.12}}},
      {{{"mouth-eversion", 0.40}, {"mouth-parling", 0.30}}},
      {{{"mouth-corner-puller", 0.25}, {"mouth-depression", -0.30}}, true},
      {{{"eyebrows-*-up", 0.60}, {"eyebrows-*-extern-up", 0.60}, {"eyebrows-*-down", -0.35}}, true},
  };
  return kRules;
}

// Offsets of the body's vertices, smoothed.
RowMatX Smoothed(const MakeHumanData& data, const Points3& base_offsets) {
  return DiffuseOverSkin(data.BodyOf(base_offsets), data.faces(), kSmoothing);
}

// One unit, or both of a pair; those of the right turned round for a skew expression.
Points3 UnitOffsets(const MakeHumanData& data, const UnitShare& share, bool skew) {
  constexpr double kMidline = 0.02;  // metres from the middle where a side's movement is its own
  Points3 offsets = Points3::Zero(data.base().rows(), 3);
  const std::string name = share.unit;
  const size_t star = name.find('*');
  if (star != std::string::npos) {
    const std::string before = name.substr(0, star), after = name.substr(star + 1);
    data.AddUnit(before + "left" + after, share.share, &offsets);
    data.AddUnit(before + "right" + after, skew ? -share.share : share.share, &offsets);
    return offsets;
  }
  data.AddUnit(name, share.share, &offsets);
  if (!skew) return offsets;
  const VecX side = (data.base().col(0) / kMidline).cwiseMax(-1).cwiseMin(1);
  return side.asDiagonal() * offsets;
}

// Places on the front of the base mesh's face, millimetres to the left and up: what the person has
// on the right and in the middle of iBUG's points 17 to 67, chosen for gyre by looking at the mesh.
struct FacePlace {
  double x, y;
};
constexpr FacePlace kBrow[] = {{-55, 745}, {-46, 751}, {-36, 753.5}, {-25, 752}, {-13, 748}};
constexpr FacePlace kNose[] = {{0, 731},     {0, 718},    {0, 706},  {0, 693.5},
                               {-14, 687.5}, {-6.5, 687}, {0, 681.5}};
// Outer corner, upper lid, inner corner, lower lid.
constexpr FacePlace kEye[] = {{-44.4, 729},   {-38.5, 732.9}, {-27, 732.9},
                              {-15.8, 726.8}, {-26, 723.8},   {-38.5, 724.2}};
constexpr FacePlace kUpperLip[] = {{-26.5, 661}, {-17, 667.5}, {-8, 669.3}, {0, 667.4}};
constexpr FacePlace kLowerLip[] = {{0, 649.2}, {-8.5, 650}, {-17.5, 653.7}};
constexpr FacePlace kInnerUpperLip[] = {{-24.3, 661.1}, {-9, 661.9}, {0, 661.4}};
constexpr FacePlace kInnerLowerLip[] = {{0, 660.2}, {-9, 660.3}};

std::vector<FacePlace> AllFacePlaces() {
  std::vector<FacePlace> all;
  const auto add = [&](auto first, auto last) { all.insert(all.end(), first, last); };
  // Mirrored, in the reverse order.
  const auto add_left = [&](auto first, auto last) {
    while (last != first) {
      --last;
      all.push_back({-last->x, last->y});
    }
  };
  add(std::begin(kBrow), std::end(kBrow));
  add_left(std::begin(kBrow), std::end(kBrow));
  add(std::begin(kNose), std::end(kNose));
  add_left(kNose + 4, kNose + 6);
  add(std::begin(kEye), std::end(kEye));
  add_left(kEye, kEye + 4);
  add_left(kEye + 4, kEye + 6);
  add(std::begin(kUpperLip), std::end(kUpperLip));
  add_left(kUpperLip, kUpperLip + 3);
  add_left(kLowerLip + 1, kLowerLip + 3);
  add(std::begin(kLowerLip), std::end(kLowerLip));
  add(std::begin(kInnerUpperLip), std::end(kInnerUpperLip));
  add_left(kInnerUpperLip, kInnerUpperLip + 2);
  add_left(kInnerLowerLip + 1, kInnerLowerLip + 2);
  add(std::begin(kInnerLowerLip), std::end(kInnerLowerLip));
  GYRE_CHECK(all.size() == kNumFaceLandmarks);
  return all;
}

// The faces of the skin that moves with head and jaw by this share, without eyeballs.
std::vector<int> HeadFaces(const MakeHumanData& data, double share) {
  const BodyLayout& layout = *data.rig().layout;
  const int head = layout.IndexOf("Head"), jaw = layout.IndexOf("Jaw");
  const auto of_head = [&](int v) {
    return data.weights().coeff(v, head) + data.weights().coeff(v, jaw) > share;
  };
  std::vector<int> faces;
  for (int f = 0; f < data.faces().rows(); ++f) {
    const auto face = data.faces().row(f);
    if (std::all_of(face.begin(), face.end(), of_head)) faces.push_back(f);
  }
  return faces;
}

// The foremost point of these faces at (x, y). False when there is none.
bool Foremost(const Points3& vertices, const Faces& faces, const std::vector<int>& among,
              const Vec2& at, SurfacePoint* point) {
  double front = -std::numeric_limits<double>::infinity();
  for (const int f : among) {
    Eigen::Matrix3d corners;  // columns (x, y, 1)
    for (int i = 0; i < 3; ++i) corners.col(i) = vertices.row(faces(f, i)).transpose();
    const Eigen::RowVector3d z = corners.row(2);
    corners.row(2).setOnes();
    if (std::abs(corners.determinant()) < 1e-14) continue;
    const Vec3 share = corners.inverse() * at.homogeneous();
    if (share.minCoeff() < -1e-9 || z.dot(share) <= front) continue;
    front = z.dot(share);
    for (int i = 0; i < 3; ++i) {
      point->vertices[i] = faces(f, i);
      point->weights[i] = share[i];
    }
  }
  return std::isfinite(front);
}

// Where the ray from `center` along `direction` leaves these faces, seen along z.
SurfacePoint Outermost(const Points3& view, const Faces& faces, const std::vector<int>& among,
                       const Vec2& center, const Vec2& direction) {
  double reach = 0;
  SurfacePoint point;
  const Vec2 across(-direction.y(), direction.x());
  for (const int f : among) {
    for (int i = 0; i < 3; ++i) {
      const int j = (i + 1) % 3;
      const Vec2 a = view.row(faces(f, i)).head<2>().transpose() - center;
      const Vec2 b = view.row(faces(f, j)).head<2>().transpose() - center;
      const double from = across.dot(a), to = across.dot(b);
      if ((from > 0) == (to > 0)) continue;
      const double t = from / (from - to);
      const double along = direction.dot(a + t * (b - a));
      if (along <= reach) continue;
      reach = along;
      point.weights = {};
      for (int k = 0; k < 3; ++k) point.vertices[k] = faces(f, k);
      point.weights[i] = 1 - t;
      point.weights[j] = t;
    }
  }
  GYRE_CHECK(reach > 0, "the face has no outline");
  return point;
}

// The head's faces in front of the ears, without the neck and what of the chin looks down.
std::vector<int> FaceInFrontOfEars(const MakeHumanData& data, const Points3& vertices,
                                   double front_of_ears) {
  constexpr double kDown = -0.85, kNotNeck = 0.9;
  std::vector<int> kept;
  for (const int f : HeadFaces(data, kNotNeck)) {
    const auto corner = [&](int i) -> Vec3 { return vertices.row(data.faces()(f, i)); };
    const Vec3 normal = (corner(1) - corner(0)).cross(corner(2) - corner(0)).normalized();
    const double back = std::min({corner(0).z(), corner(1).z(), corner(2).z()});
    if (back > front_of_ears && normal.y() > kDown) kept.push_back(f);
  }
  return kept;
}

}  // namespace

RowMatX ExpressionShapes(const MakeHumanData& data) {
  const std::vector<ExpressionRule>& rules = ExpressionRules();
  GYRE_CHECK(rules.size() == kMakeHumanExpressions.size());
  RowMatX shapes(3 * std::ssize(data.body()), std::ssize(rules));
  for (size_t e = 0; e < rules.size(); ++e) {
    Points3 offsets = Points3::Zero(data.base().rows(), 3);
    for (const UnitShare& share : rules[e].shares) {
      offsets += UnitOffsets(data, share, rules[e].skew);
    }
    const RowMatX smoothed = Smoothed(data, offsets);
    shapes.col(static_cast<Eigen::Index>(e)) =
        Eigen::Map<const VecX>(smoothed.data(), smoothed.size());
  }
  return shapes;
}

Points3 LipsAtRest(const MakeHumanData& data) {
  constexpr double kParted = 0.4;
  Points3 offsets = Points3::Zero(data.base().rows(), 3);
  data.AddUnit("mouth-parling", kParted, &offsets);
  return Smoothed(data, offsets);
}

std::vector<SurfacePoint> FacePoints(const MakeHumanData& data) {
  const Points3 body = data.BodyOf(data.base());
  const std::vector<int> faces = HeadFaces(data, 0.5);
  std::vector<SurfacePoint> points;
  for (const FacePlace& place : AllFacePlaces()) {
    SurfacePoint point;
    const Vec2 at = Vec2(place.x, place.y) / 1000;
    if (!Foremost(body, data.faces(), faces, at, &point)) {
      ThrowUserError(
          "3dobjs/base.obj has no face at ({:.4f}, {:.4f}) m; MakeHuman's own base mesh was "
          "expected.",
          at.x(), at.y());
    }
    points.push_back(point);
  }
  return points;
}

std::vector<std::array<SurfacePoint, kNumContourPoints>> FaceContour(const MakeHumanData& data,
                                                                     const Points3& vertices,
                                                                     const Points3& joints) {
  constexpr int kRows = 79, kLastRight = 39;
  constexpr double kEars = 0.018;  // the front of the ears, before the head's joint
  const BodyLayout& layout = *data.rig().layout;
  const int head = layout.IndexOf("Head"), eye = layout.IndexOf("L_Eye");
  const std::vector<int> faces = FaceInFrontOfEars(data, vertices, joints(head, 2) + kEars);
  std::vector<std::array<SurfacePoint, kNumContourPoints>> rows(kRows);
  for (int row = 0; row < kRows; ++row) {
    const double yaw = row <= kLastRight ? -row : row - kLastRight;  // degrees, to the left
    const Mat3 turn =
        Eigen::AngleAxisd(yaw * std::numbers::pi / 180, Vec3::UnitY()).toRotationMatrix();
    const Points3 view = vertices * turn.transpose();
    // Rays spread in a half circle below the eyes, from the right to the left.
    const Vec3 between(0, joints(eye, 1), 0.5 * (joints(head, 2) + joints(eye, 2)));
    const Vec3 center = turn * between;
    for (int i = 0; i < kNumContourPoints; ++i) {
      const double angle = std::numbers::pi * i / (kNumContourPoints - 1);
      rows[row][i] = Outermost(view, data.faces(), faces, center.head<2>(),
                               Vec2(-std::cos(angle), -std::sin(angle)));
    }
  }
  return rows;
}

}  // namespace gyre
