// SPDX-License-Identifier: Apache-2.0
#include "body/face_points.h"

#include <Eigen/Geometry>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include "core/error.h"

namespace gyre {
namespace {

// The faces of the skin that moves with head and jaw by this share, without eyeballs.
std::vector<int> HeadFaces(const FaceSkin& skin, double share) {
  const int head = skin.layout.IndexOf("Head"), jaw = skin.layout.IndexOf("Jaw");
  const auto of_head = [&](int v) {
    return skin.weights.coeff(v, head) + skin.weights.coeff(v, jaw) > share;
  };
  std::vector<int> faces;
  for (int f = 0; f < skin.faces.rows(); ++f) {
    const auto face = skin.faces.row(f);
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
std::vector<int> FaceInFrontOfEars(const FaceSkin& skin, const Points3& vertices,
                                   double front_of_ears) {
  constexpr double kDown = -0.85, kNotNeck = 0.9;
  std::vector<int> kept;
  for (const int f : HeadFaces(skin, kNotNeck)) {
    const auto corner = [&](int i) -> Vec3 { return vertices.row(skin.faces(f, i)); };
    const Vec3 normal = (corner(1) - corner(0)).cross(corner(2) - corner(0)).normalized();
    const double back = std::min({corner(0).z(), corner(1).z(), corner(2).z()});
    if (back > front_of_ears && normal.y() > kDown) kept.push_back(f);
  }
  return kept;
}

}  // namespace

std::vector<FacePlace> AllFacePlaces(const FacePlaces& places) {
  std::vector<FacePlace> all;
  const auto add = [&](std::span<const FacePlace> part) {
    for (const FacePlace& place : part) all.push_back(place);
  };
  // Mirrored, in the reverse order.
  const auto add_left = [&](std::span<const FacePlace> part) {
    for (size_t i = part.size(); i-- > 0;) all.push_back({-part[i].x, part[i].y});
  };
  const std::span<const FacePlace> nose(places.nose), eye(places.eye), upper(places.upper_lip),
      lower(places.lower_lip), inner_upper(places.inner_upper_lip),
      inner_lower(places.inner_lower_lip);
  add(places.brow);
  add_left(places.brow);
  add(nose);
  add_left(nose.subspan(4, 2));
  add(eye);
  add_left(eye.first(4));
  add_left(eye.last(2));
  add(upper);
  add_left(upper.first(3));
  add_left(lower.last(2));
  add(lower);
  add(inner_upper);
  add_left(inner_upper.first(2));
  add_left(inner_lower.last(1));
  add(inner_lower);
  GYRE_CHECK(all.size() == kNumFaceLandmarks);
  return all;
}

std::vector<SurfacePoint> FacePointsAt(const FaceSkin& skin, const Points3& vertices,
                                       const FacePlaces& places) {
  const std::vector<int> faces = HeadFaces(skin, 0.5);
  std::vector<SurfacePoint> points;
  for (const FacePlace& place : AllFacePlaces(places)) {
    SurfacePoint point;
    if (!Foremost(vertices, skin.faces, faces, Vec2(place.x, place.y) / 1000, &point)) break;
    points.push_back(point);
  }
  return points;
}

std::vector<std::array<SurfacePoint, kNumContourPoints>> FaceContour(const FaceSkin& skin,
                                                                     const Points3& vertices,
                                                                     const Points3& joints) {
  constexpr int kRows = 79, kLastRight = 39;
  constexpr double kEars = 0.018;  // the front of the ears, before the head's joint
  const int head = skin.layout.IndexOf("Head"), eye = skin.layout.IndexOf("L_Eye");
  const std::vector<int> faces = FaceInFrontOfEars(skin, vertices, joints(head, 2) + kEars);
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
      rows[row][i] = Outermost(view, skin.faces, faces, center.head<2>(),
                               Vec2(-std::cos(angle), -std::sin(angle)));
    }
  }
  return rows;
}

}  // namespace gyre
