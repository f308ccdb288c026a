// SPDX-License-Identifier: Apache-2.0
// Pinhole camera, boxes and crops.
//
// Camera frame: x right, y down, z forward, metres. Image: pixels, centres at integer coordinates.
//   pixel = focal_px * (X / Z, Y / Z) + center_px
//
// A crop is a similarity of the image, so a camera seen through a crop is again a camera (and an
// in-plane rotation and mirror of the body in front of it): see CropMap.
#pragma once

#include <optional>

#include "core/types.h"

namespace gyre {

struct Camera {
  double focal_px = 0;
  Vec2 center_px = Vec2::Zero();

  Vec2 Project(const Vec3& point_in_cam) const {
    return focal_px / point_in_cam.z() * point_in_cam.head<2>() + center_px;
  }
};

// A square region of an image: `center_px` and the length of a side. SPIN's files hold
// scale = side_px / 200.
struct Box {
  Vec2 center_px = Vec2::Zero();
  double side_px = 0;
};

// SPIN's constants: crops of 224 px are seen by a camera of focal length 5000 px at their centre.
inline constexpr double kSpinFocalPx = 5000;
inline constexpr int kReferenceCropPx = 224;

// A picture's longer side / focal length, of a field of view of 100 degrees: 2 tan 50 degrees.
// Lenses of a wider view that draw straight lines straight are rare, focal lengths in mm are not.
inline constexpr double kWidestView = 2.3835;

// The square box around points surer than a tenth of the surest (its weight in a fit is below 1 %),
// enlarged by `margin` (SPIN: 1.2). Empty when no point has confidence or all coincide.
std::optional<Box> BoxAroundPoints(const Points2& points_px, const VecX& confidence, double margin);

// Whether three points or more have confidence and all of them lie within 1.5 px of the image's
// corner: coordinates that were scaled to 0..1 or -1..1, no pixels.
bool AreNoPixels(const Points2& points_px, const VecX& confidence);

// The similarity that takes an image to a size_px x size_px crop: the box's centre goes to the
// crop's centre (size_px - 1) / 2, the box's side to size_px, after turning the image by
// -rotation_rad about the box's centre (a positive angle turns the box clockwise on the screen);
// then, if `flip`, the crop is mirrored left to right.
class CropMap {
 public:
  CropMap(const Box& box, int size_px, double rotation_rad = 0, bool flip = false);

  Vec2 CropFromImage(const Vec2& point_px) const;
  Vec2 ImageFromCrop(const Vec2& point_px) const;
  // The 2x3 matrix of CropFromImage, as cv::warpAffine takes it.
  Eigen::Matrix<double, 2, 3> CropFromImageMatrix() const;

  int size_px() const { return size_px_; }
  double scale() const { return scale_; }  // crop pixels per image pixel
  double rotation_rad() const { return rotation_rad_; }
  bool flip() const { return flip_; }
  const Box& box() const { return box_; }

  // The camera that sees the un-rotated, un-mirrored crop as `camera` sees the image. Turning and
  // mirroring act on the body instead: see BodyInCrop in body/symmetry.h.
  Camera CropCamera(const Camera& camera) const;
  // The inverse: the full-image camera of a camera of the crop.
  Camera ImageCamera(const Camera& crop_camera) const;

 private:
  Box box_;
  int size_px_;
  double rotation_rad_;
  bool flip_;
  double scale_;
  Eigen::Matrix2d linear_;  // crop = linear_ (image - box centre) + crop centre
};

// The camera of SPIN's reference crop: f = 5000 px, principal point at the centre of 224 x 224 px.
Camera SpinCropCamera();

// Translation of the weak-perspective camera (s, tx, ty) that a network predicts on a crop of
// size_px: t = (tx, ty, 2 f / (size_px s)). Points at depth t_z project to s (X + t) in units of
// half the crop. Source: SPIN (Kolotouros et al. 2019).
Vec3 TranslationFromWeakPerspective(const Vec3& s_tx_ty, double focal_px, double size_px);
Vec3 WeakPerspectiveFromTranslation(const Vec3& translation, double focal_px, double size_px);

}  // namespace gyre
