// SPDX-License-Identifier: Apache-2.0
#include "render/overlay.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "render/shading.h"

namespace gyre {
namespace {

// Three soft lights that show a body's form from any side.
Lighting StudioLighting() {
  Lighting lighting;
  lighting.sky = Vec3(0.30, 0.31, 0.33);
  lighting.ground = Vec3(0.14, 0.13, 0.12);
  lighting.lights = {{{-0.6, -0.7, -1.0}, Vec3(0.62, 0.61, 0.58)},
                     {{1.0, -0.2, -0.4}, Vec3(0.16, 0.17, 0.19)},
                     {{0.2, -0.6, 0.8}, Vec3(0.25, 0.25, 0.25)}};
  return lighting;
}

RenderOptions BodyOptions(const OverlayStyle& style) {
  RenderOptions options;
  options.lighting = StudioLighting();
  options.supersample = style.supersample;
  options.opacity = style.opacity;
  options.cull_back_faces = true;
  return options;
}

// The part of the picture that a body's projection can touch: rendering a small person in a large
// photograph costs no more than the person. Empty when nothing is in front of the camera.
cv::Rect ProjectedBounds(const Points3& vertices, const Camera& camera, const cv::Size& size) {
  Eigen::AlignedBox2d bounds;
  for (Eigen::Index i = 0; i < vertices.rows(); ++i) {
    const Vec3 p = vertices.row(i);
    if (!p.allFinite()) continue;
    // A body that crosses the camera's plane may appear anywhere.
    if (p.z() < 0.05) return {0, 0, size.width, size.height};
    bounds.extend(camera.Project(p));
  }
  if (bounds.isEmpty()) return {};
  const Vec2 limit(size.width, size.height);
  const Vec2 low = (bounds.min().array() - 2).floor().max(0).min(limit.array());
  const Vec2 high = (bounds.max().array() + 3).ceil().max(0).min(limit.array());
  return {cv::Point(static_cast<int>(low.x()), static_cast<int>(low.y())),
          cv::Point(static_cast<int>(high.x()), static_cast<int>(high.y()))};
}

}  // namespace

cv::Mat DrawBodyOverlay(const cv::Mat& image, const Points3& vertices, const Faces& faces,
                        const Camera& camera, const OverlayStyle& style) {
  GYRE_CHECK(image.type() == CV_8UC3 && !image.empty());
  cv::Mat result = image.clone();
  const cv::Rect region = ProjectedBounds(vertices, camera, image.size());
  if (region.empty()) return result;
  const Camera region_camera{camera.focal_px, camera.center_px - Vec2(region.x, region.y)};
  Paint paint = Paint::Uniform(style.rgb);
  paint.opacity = style.vertex_opacity;
  RenderMesh(image(region), vertices, faces, region_camera, paint, BodyOptions(style))
      .copyTo(result(region));
  return result;
}

cv::Mat RenderTurned(const Points3& vertices, const Faces& faces, cv::Size size, double angle_rad,
                     const OverlayStyle& style) {
  cv::Mat background(size, CV_8UC3, cv::Scalar(238, 236, 234));
  if (vertices.rows() == 0 || !vertices.allFinite()) return background;
  const Mat3 turn = Eigen::AngleAxisd(angle_rad, Vec3::UnitY()).toRotationMatrix();
  const auto middle = [](const Points3& points) -> Eigen::RowVector3d {
    return 0.5 * (points.colwise().minCoeff() + points.colwise().maxCoeff());
  };
  Points3 points = (vertices.rowwise() - middle(vertices)) * turn.transpose();
  points = points.rowwise() - middle(points);
  // A long lens: nearly parallel rays, so that lengths compare across the picture.
  const double reach = points.rowwise().norm().maxCoeff();
  const double distance = 12 * std::max(reach, 1e-3);
  const Vec2 half_extent = points.leftCols<2>().cwiseAbs().colwise().maxCoeff().transpose();
  const double margin = 0.45;
  const double focal_px =
      distance * std::min(margin * size.width / std::max(half_extent.x(), 1e-3),
                          margin * size.height / std::max(half_extent.y(), 1e-3));
  points.col(2).array() += distance;
  OverlayStyle opaque = style;
  opaque.opacity = 1;
  const Camera camera{focal_px, {0.5 * (size.width - 1), 0.5 * (size.height - 1)}};
  return RenderMesh(background, points, faces, camera, Paint::Uniform(style.rgb),
                    BodyOptions(opaque));
}

}  // namespace gyre
