// SPDX-License-Identifier: Apache-2.0
// A calibrated camera as OpenCV and Pose2Sim describe it: a pinhole with two focal lengths, behind
// a lens that bends what it shows.
//
//   x = X / Z, y = Y / Z, r^2 = x^2 + y^2
//   photograph = (fx x' + skew y' + cx, fy y' + cy)
//   (x', y') = radial (x, y) + (2 p1 xy + p2 (r^2 + 2 x^2) + s1 r^2 + s2 r^4,
//                               p1 (r^2 + 2 y^2) + 2 p2 xy + s3 r^2 + s4 r^4)
//   radial = (1 + k1 r^2 + k2 r^4 + k3 r^6) / (1 + k4 r^2 + k5 r^4 + k6 r^6)
// with the coefficients k1 k2 p1 p2 [k3 [k4 k5 k6 [s1 s2 s3 s4]]]. A fisheye lens has four, k1 to
// k4:
//   (x', y') = t (1 + k1 t^2 + k2 t^4 + k3 t^6 + k4 t^8) / r (x, y),  t = atan r
// Source: OpenCV, calib3d (Brown 1971; Kannala and Brandt 2006).
//
// The fitter knows pinholes with square pixels: Pinhole() is that of the same place and view, and
// the maps below go between its picture and the photograph.
#pragma once

#include <optional>
#include <vector>

#include "core/camera.h"
#include "core/types.h"

namespace gyre {

struct Lens {
  double fx = 0, fy = 0, skew = 0;  // px
  Vec2 center_px = Vec2::Zero();
  std::vector<double> distortion;  // empty: none
  bool fisheye = false;
  int width = 0, height = 0;  // of the photographs that it was calibrated for, px; 0: not said

  // Focal length sqrt(fx fy), the same centre.
  Camera Pinhole() const;
  // Whether the pinhole's picture is the photograph itself.
  bool IsPinhole() const;

  // Where the photograph shows what the pinhole's picture shows there.
  Vec2 PhotographFromPinhole(const Vec2& point_px) const;
  // The inverse, by Newton's method to 1e-6 px; empty where the lens shows nothing.
  std::optional<Vec2> PinholeFromPhotograph(const Vec2& point_px) const;

  // UserError of what no camera has: focal lengths that are not positive, coefficients of another
  // number than above; `what` names the file and camera.
  void Check(const std::string& what) const;
};

}  // namespace gyre
