// SPDX-License-Identifier: Apache-2.0
#include "core/camera.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace gyre {
namespace {

constexpr double kGuessedShare = 0.1;

}  // namespace

std::optional<Box> BoxAroundPoints(const Points2& points_px, const VecX& confidence,
                                   double margin) {
  GYRE_CHECK(points_px.rows() == confidence.size());
  if (confidence.size() == 0) return std::nullopt;
  const double guessed = kGuessedShare * confidence.maxCoeff();
  Eigen::AlignedBox2d bounds;
  for (int i = 0; i < points_px.rows(); ++i) {
    if (confidence[i] > std::max(guessed, 0.0)) bounds.extend(Vec2(points_px.row(i).transpose()));
  }
  if (bounds.isEmpty() || bounds.sizes().maxCoeff() <= 0) return std::nullopt;
  return Box{bounds.center(), margin * bounds.sizes().maxCoeff()};
}

bool AreNoPixels(const Points2& points_px, const VecX& confidence) {
  constexpr double kFarthest = 1.5;  // some joints lie a little outside the picture
  int points = 0;
  for (Eigen::Index i = 0; i < points_px.rows(); ++i) {
    if (!(confidence[i] > 0)) continue;
    if (!(points_px.row(i).array().abs() <= kFarthest).all()) return false;
    ++points;
  }
  return points >= 3;
}

CropMap::CropMap(const Box& box, int size_px, double rotation_rad, bool flip)
    : box_(box), size_px_(size_px), rotation_rad_(rotation_rad), flip_(flip) {
  GYRE_CHECK(box.side_px > 0 && std::isfinite(box.side_px) && size_px > 0);
  scale_ = size_px / box.side_px;
  const double c = std::cos(rotation_rad), s = std::sin(rotation_rad);
  linear_ << c, s, -s, c;  // Rot(-rotation)
  linear_ *= scale_;
  if (flip) linear_.row(0) *= -1;
}

Vec2 CropMap::CropFromImage(const Vec2& point_px) const {
  return linear_ * (point_px - box_.center_px) + Vec2::Constant(0.5 * (size_px_ - 1));
}

Vec2 CropMap::ImageFromCrop(const Vec2& point_px) const {
  return linear_.inverse() * (point_px - Vec2::Constant(0.5 * (size_px_ - 1))) + box_.center_px;
}

Eigen::Matrix<double, 2, 3> CropMap::CropFromImageMatrix() const {
  Eigen::Matrix<double, 2, 3> m;
  m << linear_, CropFromImage(Vec2::Zero());
  return m;
}

Camera CropMap::CropCamera(const Camera& camera) const {
  const CropMap upright(box_, size_px_);
  return {camera.focal_px * scale_, upright.CropFromImage(camera.center_px)};
}

Camera CropMap::ImageCamera(const Camera& crop_camera) const {
  const CropMap upright(box_, size_px_);
  return {crop_camera.focal_px / scale_, upright.ImageFromCrop(crop_camera.center_px)};
}

Camera SpinCropCamera() { return {kSpinFocalPx, Vec2::Constant(0.5 * (kReferenceCropPx - 1))}; }

Vec3 TranslationFromWeakPerspective(const Vec3& s_tx_ty, double focal_px, double size_px) {
  return {s_tx_ty[1], s_tx_ty[2], 2 * focal_px / (size_px * s_tx_ty[0] + 1e-9)};
}

Vec3 WeakPerspectiveFromTranslation(const Vec3& translation, double focal_px, double size_px) {
  return {2 * focal_px / (size_px * translation.z()), translation.x(), translation.y()};
}

}  // namespace gyre
