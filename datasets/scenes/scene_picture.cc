// SPDX-License-Identifier: Apache-2.0
#include "datasets/scenes/scene_picture.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "render/shading.h"

namespace gyre {

namespace {

// The light on the body: sky, ground and one or two lamps or suns from above and the camera's side.
Lighting DrawLighting(Rng& rng) {
  Lighting lighting;
  const Vec3 tint(rng.Uniform(0.9, 1.1), 1, rng.Uniform(0.85, 1.1));
  lighting.sky = rng.Uniform(0.25, 0.6) * tint;
  lighting.ground =
      rng.Uniform(0.08, 0.3) * Vec3(rng.Uniform(0.85, 1.15), 1, rng.Uniform(0.85, 1.1));
  lighting.lights.clear();
  const int lamps = 1 + static_cast<int>(rng.Below(2));
  for (int i = 0; i < lamps; ++i) {
    const Vec3 towards(rng.Uniform(-1, 1), rng.Uniform(-1.2, 0.1), rng.Uniform(-1.2, 0.3));
    const Vec3 color(rng.Uniform(0.85, 1.15), 1, rng.Uniform(0.8, 1.15));
    lighting.lights.push_back({towards, rng.Uniform(0.2, 0.8) / lamps * color});
  }
  return lighting;
}

// A soft dark patch under the lowest part of the body.
void DrawContactShadow(const SceneGeometry& scene, Rng& rng, cv::Mat* picture) {
  int lowest = 0;
  scene.joints_px.col(1).maxCoeff(&lowest);
  const Vec2 foot = scene.joints_px.row(lowest).transpose();
  const double radius = scene.box.side_px * rng.Uniform(0.12, 0.3);
  const double flatness = rng.Uniform(0.12, 0.35), strength = rng.Uniform(0, 0.65);
  for (int y = 0; y < picture->rows; ++y) {
    const double dy = (y - foot.y()) / (flatness * radius);
    if (std::abs(dy) > 2.5) continue;
    uint8_t* row = picture->ptr(y);
    for (int x = 0; x < picture->cols; ++x) {
      const double dx = (x - foot.x()) / radius;
      const double gain = 1 - strength * std::exp(-1.5 * (dx * dx + dy * dy));
      for (int c = 0; c < 3; ++c) row[3 * x + c] = static_cast<uint8_t>(gain * row[3 * x + c]);
    }
  }
}

void DrawOccluders(const SceneGeometry& scene, Rng& rng, cv::Mat* picture) {
  for (const SceneOccluder& o : scene.occluders) {
    const cv::Scalar color(rng.Below(256), rng.Below(256), rng.Below(256));
    const cv::RotatedRect frame(
        cv::Point2f(static_cast<float>(o.center_px.x()), static_cast<float>(o.center_px.y())),
        cv::Size2f(static_cast<float>(2 * o.half_size_px.x()),
                   static_cast<float>(2 * o.half_size_px.y())),
        static_cast<float>(o.angle_rad * 180 / std::numbers::pi));
    if (o.round) {
      cv::ellipse(*picture, frame, color, cv::FILLED, cv::LINE_AA);
      continue;
    }
    cv::Point2f corners[4];
    frame.points(corners);
    std::vector<cv::Point> polygon(corners, corners + 4);
    cv::fillConvexPoly(*picture, polygon, color, cv::LINE_AA);
    cv::polylines(*picture, polygon, true, 0.6 * color, 1, cv::LINE_AA);
  }
}

// Noise of a sensor: normal, from a table that starts elsewhere in every row.
void AddSensorNoise(double sigma, Rng& rng, cv::Mat* picture) {
  constexpr int kTableSize = 1 << 14;
  static const std::vector<float> kTable = [] {
    Rng table_rng(0, RngStream::kNoise);
    std::vector<float> table(kTableSize);
    for (float& value : table) value = static_cast<float>(table_rng.Normal());
    return table;
  }();
  const float scale = static_cast<float>(sigma);
  for (int y = 0; y < picture->rows; ++y) {
    uint8_t* row = picture->ptr(y);
    uint32_t next = rng.NextU32();
    for (int i = 0; i < 3 * picture->cols; ++i, ++next) {
      row[i] = cv::saturate_cast<uint8_t>(row[i] + scale * kTable[next % kTableSize]);
    }
  }
}

}  // namespace

cv::Mat DrawScene(const BodyModel& body, const BodyRegions& regions, const SceneGeometry& scene,
                  int width_px, int height_px, Rng& rng) {
  const double lowest_px = std::clamp(scene.joints_px.col(1).maxCoeff(), 0.4 * height_px,
                                      static_cast<double>(height_px));
  const double horizon_px = rng.Uniform(0.3 * height_px, lowest_px);
  const double roll_rad = rng.Normal(0, 0.06);
  cv::Mat picture = DrawBackground(width_px, height_px, horizon_px, roll_rad, rng);
  DrawContactShadow(scene, rng, &picture);
  RenderOptions options;
  options.lighting = DrawLighting(rng);
  options.cull_back_faces = true;
  const Paint paint = Paint::PerVertex(regions.DrawColors(rng));
  picture = RenderMesh(picture, PoseBody(body, scene.params).vertices, body.faces, scene.camera,
                       paint, options);
  DrawOccluders(scene, rng, &picture);
  const double blur_px = width_px / 320.0 * rng.Uniform(-0.5, 0.9);
  if (blur_px > 0.25) cv::GaussianBlur(picture, picture, cv::Size(), blur_px);
  AddSensorNoise(rng.Uniform(0, 7), rng, &picture);
  return picture;
}

}  // namespace gyre
