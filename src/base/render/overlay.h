// SPDX-License-Identifier: Apache-2.0
// Pictures for people: the body over its photograph, skeletons, strips and contact sheets.
// All pictures are CV_8UC3, BGR.
#pragma once

#include <opencv2/core/mat.hpp>
#include <string>
#include <vector>

#include "body/joints.h"
#include "core/camera.h"
#include "core/types.h"

namespace gyre {

struct OverlayStyle {
  Vec3 rgb = {0.62, 0.74, 0.90};  // sRGB of the body
  double opacity = 0.9;           // lets the photograph shine through
  VecX vertex_opacity;            // [V] in [0, 1], times opacity; empty: 1
  int supersample = 2;
};

// The shaded body (vertices [V,3] in the camera frame, metres) over the photograph that `camera`
// took, at the photograph's own resolution. Parts outside the picture or behind the camera are
// left out.
cv::Mat DrawBodyOverlay(const cv::Mat& image, const Points3& vertices, const Faces& faces,
                        const Camera& camera, const OverlayStyle& style = {});

// Joints with positive confidence and the limbs between them: the person's right side red, the
// left side blue, the middle yellow; faint where confidence is low; fingers thin, faces as points.
// Line widths follow the person's size in the picture. `keypoints_px` [N,2] and `confidence` [N] in
// the order of `set`.
cv::Mat DrawSkeleton(const cv::Mat& image, const Points2& keypoints_px, const VecX& confidence,
                     const KeypointSet& set);

// The body turned by `angle_rad` about the camera's vertical through its middle (pi / 2: seen from
// its side), large in the middle of a plain picture of `size`, through a long lens whatever camera
// took the photograph.
cv::Mat RenderTurned(const Points3& vertices, const Faces& faces, cv::Size size, double angle_rad,
                     const OverlayStyle& style = {});

// Pictures side by side, scaled to one height, with a narrow gap.
cv::Mat ComposeStrip(const std::vector<cv::Mat>& images, int height_px);

// A grid of pictures in rows of `columns`, each scaled to fit one cell, its caption below it.
// `captions` is empty or has one entry per picture; ASCII.
cv::Mat ContactSheet(const std::vector<cv::Mat>& images, int columns,
                     const std::vector<std::string>& captions = {});

}  // namespace gyre
