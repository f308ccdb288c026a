// SPDX-License-Identifier: Apache-2.0
#include <Eigen/Geometry>
#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "datasets/scenes/scene_picture.h"

namespace gyre {

namespace {

cv::Vec3f DrawColor(Rng& rng, double max_saturation) {
  const double hue = rng.Uniform(0, 6), saturation = rng.Uniform(0, max_saturation),
               value = rng.Uniform(40, 240);
  const auto channel = [&](double shift) {
    const double k = std::fmod(shift + hue, 6);
    return static_cast<float>(value * (1 - saturation * std::clamp(std::min(k, 4 - k), 0.0, 1.0)));
  };
  return {channel(1), channel(3), channel(5)};  // HSV to BGR
}

cv::Scalar ToScalar(const cv::Vec3f& color) { return {color[0], color[1], color[2]}; }

// Smooth random values in [low, high] over the picture.
cv::Mat SmoothField(int width, int height, int cells, double low, double high, Rng& rng) {
  cv::Mat coarse(cells, cells, CV_32F);
  for (float& value : cv::Mat_<float>(coarse)) value = static_cast<float>(rng.Uniform(low, high));
  cv::Mat field;
  cv::resize(coarse, field, cv::Size(width, height), 0, 0, cv::INTER_CUBIC);
  return field;
}

// Two colours laid out over a plane: none, stripes, or checks, with a cell's own shade.
struct Tiling {
  cv::Vec3f first, second;
  float size_u = 1, size_v = 1, phase = 0;
  bool checks = false, stripes = false;

  static Tiling Draw(Rng& rng, double max_saturation) {
    Tiling t;
    t.first = DrawColor(rng, max_saturation);
    t.second = 0.6f * t.first + 0.4f * DrawColor(rng, max_saturation);
    t.size_u = static_cast<float>(rng.Uniform(0.15, 1));
    t.size_v = static_cast<float>(rng.Uniform(0.15, 1));
    t.phase = static_cast<float>(rng.Uniform(0, 100));
    const double kind = rng.Uniform();
    t.checks = kind < 0.3;
    t.stripes = kind > 0.7;
    return t;
  }

  const cv::Vec3f& At(float u, float v) const {
    if (!checks && !stripes) return first;
    const int column = static_cast<int>(std::floor(u / size_u + phase));
    const int row = stripes ? 0 : static_cast<int>(std::floor(v / size_v + phase));
    return ((column + row) & 1) != 0 ? second : first;
  }
};

// Draws in coordinates that the camera's roll turns about the middle of the picture.
class RoomPainter {
 public:
  RoomPainter(cv::Mat* picture, double roll_rad)
      : picture_(*picture),
        middle_(0.5 * (picture->cols - 1), 0.5 * (picture->rows - 1)),
        turn_(roll_rad) {}

  // A convex polygon.
  void Fill(const std::vector<Vec2>& corners, const cv::Vec3f& color) {
    std::vector<cv::Point> points;
    for (const Vec2& corner : corners) {
      const Vec2 p = turn_ * (corner - middle_) + middle_;
      points.emplace_back(static_cast<int>(std::lround(p.x())),
                          static_cast<int>(std::lround(p.y())));
    }
    cv::fillConvexPoly(picture_, points, ToScalar(color), cv::LINE_AA);
  }
  void FillRect(double left, double top, double width, double height, const cv::Vec3f& color) {
    Fill({{left, top}, {left + width, top}, {left + width, top + height}, {left, top + height}},
         color);
  }
  void FillEllipse(const Vec2& center, const Vec2& half, const cv::Vec3f& color) {
    const Vec2 p = turn_ * (center - middle_) + middle_;
    cv::ellipse(
        picture_, cv::Point(static_cast<int>(p.x()), static_cast<int>(p.y())),
        cv::Size(std::max(1, static_cast<int>(half.x())), std::max(1, static_cast<int>(half.y()))),
        0, 0, 360, ToScalar(color), cv::FILLED, cv::LINE_AA);
  }

 private:
  cv::Mat& picture_;
  Vec2 middle_;
  Eigen::Rotation2Dd turn_;
};

// Wall above and floor below the horizon, each a tiled plane; the floor in perspective.
void PaintPlanes(double horizon_px, double roll_rad, bool outdoors, Rng& rng, cv::Mat* picture) {
  const int width = picture->cols, height = picture->rows;
  Tiling wall = Tiling::Draw(rng, 0.5), floor = Tiling::Draw(rng, 0.55);
  const cv::Vec3f far = DrawColor(rng, 0.3);
  if (outdoors) {
    wall.checks = wall.stripes = floor.checks = floor.stripes = false;
    wall.first = cv::Vec3f(230, 200, 170) * static_cast<float>(rng.Uniform(0.5, 1));
  }
  const float turn = static_cast<float>(rng.Uniform(0, 1.57));
  const float cos_turn = std::cos(turn), sin_turn = std::sin(turn);
  const float cos_roll = static_cast<float>(std::cos(roll_rad));
  const float sin_roll = static_cast<float>(std::sin(roll_rad));
  const float horizon = static_cast<float>(horizon_px - 0.5 * (height - 1));
  const float vanishing = horizon - static_cast<float>(rng.Uniform(0.1, 0.6)) * height;
  for (int y = 0; y < height; ++y) {
    cv::Vec3b* row = picture->ptr<cv::Vec3b>(y);
    for (int x = 0; x < width; ++x) {
      const float dx = x - 0.5f * (width - 1), dy = y - 0.5f * (height - 1);
      const float u = cos_roll * dx + sin_roll * dy, v = cos_roll * dy - sin_roll * dx;
      cv::Vec3f color;
      if (v < horizon) {
        const float fade = 0.5f * (horizon - v) / height;
        color = (1 - fade) * wall.At(4 * u / width, 4 * v / height) + fade * far;
      } else {
        const float depth = height / (v - vanishing);
        const float across = 3 * depth * u / width;
        color = floor.At(cos_turn * across + sin_turn * 3 * depth,
                         cos_turn * 3 * depth - sin_turn * across);
      }
      row[x] = cv::Vec3b(cv::saturate_cast<uint8_t>(color[0]), cv::saturate_cast<uint8_t>(color[1]),
                         cv::saturate_cast<uint8_t>(color[2]));
    }
  }
}

void PaintFurniture(double horizon_px, double size_px, Rng& rng, RoomPainter* painter) {
  const double width = size_px * rng.Uniform(0.08, 0.5), height = size_px * rng.Uniform(0.08, 0.5);
  const double left = rng.Uniform(-0.1, 1) * size_px;
  const double bottom = horizon_px + size_px * rng.Uniform(0, 0.25);
  const double depth = size_px * rng.Uniform(0.02, 0.08), lean = size_px * rng.Uniform(-0.08, 0.08);
  const cv::Vec3f color = DrawColor(rng, 0.7);
  const double top = bottom - height;
  painter->FillRect(left, top, width, height, color);
  painter->Fill({{left, top},
                 {left + width, top},
                 {left + width + lean, top - depth},
                 {left + lean, top - depth}},
                1.15f * color);
  const int shelves = static_cast<int>(rng.Below(4));
  for (int i = 1; i <= shelves; ++i) {
    painter->FillRect(left + 0.05 * width, top + i * height / (shelves + 1), 0.9 * width,
                      std::max(1.0, 0.01 * size_px), 0.6f * color);
  }
}

void PaintWallPicture(double horizon_px, double size_px, Rng& rng, RoomPainter* painter) {
  const double width = size_px * rng.Uniform(0.08, 0.35),
               height = size_px * rng.Uniform(0.08, 0.35);
  const double left = rng.Uniform(-0.05, 0.95) * size_px;
  const double top = rng.Uniform(0, 1) * std::max(1.0, horizon_px - height);
  const double border = size_px * rng.Uniform(0.004, 0.02);
  painter->FillRect(left, top, width, height, DrawColor(rng, 0.5));
  painter->FillRect(left + border, top + border, width - 2 * border, height - 2 * border,
                    DrawColor(rng, 0.6));
}

void PaintTree(double horizon_px, double size_px, Rng& rng, RoomPainter* painter) {
  const Vec2 foot(rng.Uniform(0, 1) * size_px, horizon_px + size_px * rng.Uniform(0, 0.1));
  const double height = size_px * rng.Uniform(0.2, 0.7), trunk = size_px * rng.Uniform(0.01, 0.04);
  painter->FillRect(foot.x() - trunk, foot.y() - height, 2 * trunk, height,
                    cv::Vec3f(50, 70, 90) * static_cast<float>(rng.Uniform(0.6, 1.4)));
  const cv::Vec3f leaves(60 * static_cast<float>(rng.Uniform(0.3, 1)),
                         static_cast<float>(rng.Uniform(70, 150)),
                         static_cast<float>(rng.Uniform(30, 110)));
  for (int i = 0; i < 5; ++i) {
    const Vec2 offset(size_px * rng.Uniform(-0.1, 0.1), size_px * rng.Uniform(-0.1, 0.1));
    painter->FillEllipse(foot - Vec2(0, height) + offset,
                         size_px * Vec2(rng.Uniform(0.05, 0.13), rng.Uniform(0.05, 0.13)),
                         static_cast<float>(rng.Uniform(0.8, 1.2)) * leaves);
  }
}

void PaintClutter(double size_px, Rng& rng, RoomPainter* painter) {
  const Vec2 center(rng.Uniform(0, 1) * size_px, rng.Uniform(0, 1) * size_px);
  const cv::Vec3f color = DrawColor(rng, 0.9);
  const double kind = rng.Uniform();
  if (kind < 0.3) {
    painter->FillEllipse(center, size_px * Vec2(rng.Uniform(0.01, 0.1), rng.Uniform(0.01, 0.1)),
                         color);
  } else if (kind < 0.6) {
    painter->FillRect(center.x(), center.y(), size_px * rng.Uniform(0.01, 0.05),
                      size_px * rng.Uniform(0.1, 0.6), color);
  } else {
    const auto corner = [&] {
      return Vec2(center + size_px * Vec2(rng.Uniform(-0.12, 0.12), rng.Uniform(-0.12, 0.12)));
    };
    const Vec2 a = corner(), b = corner(), c = corner();
    painter->Fill({a, b, c}, color);
  }
}

// Uneven light and grain of the surfaces, multiplied onto the picture.
void MultiplyFields(bool outdoors, Rng& rng, cv::Mat* picture) {
  cv::Mat light = SmoothField(picture->cols, picture->rows, 4, 0.7, 1.2, rng);
  const double grain = rng.Uniform(0, outdoors ? 0.25 : 0.12);
  const int cells = 20 + static_cast<int>(rng.Below(60));
  light = light.mul(SmoothField(picture->cols, picture->rows, cells, 1 - grain, 1 + grain, rng));
  for (int y = 0; y < picture->rows; ++y) {
    uint8_t* row = picture->ptr(y);
    const float* gain = light.ptr<float>(y);
    for (int i = 0; i < 3 * picture->cols; ++i) {
      row[i] = cv::saturate_cast<uint8_t>(row[i] * gain[i / 3]);
    }
  }
}

}  // namespace

cv::Mat DrawBackground(int width_px, int height_px, double horizon_px, double roll_rad, Rng& rng) {
  cv::Mat picture(height_px, width_px, CV_8UC3);
  const bool outdoors = rng.Bernoulli(0.4);
  PaintPlanes(horizon_px, roll_rad, outdoors, rng, &picture);
  RoomPainter painter(&picture, roll_rad);
  const double size_px = std::max(width_px, height_px);
  const int things = static_cast<int>(rng.Below(6));
  for (int i = 0; i < things; ++i) {
    if (outdoors) {
      PaintTree(horizon_px, size_px, rng, &painter);
    } else if (rng.Bernoulli(0.4)) {
      PaintWallPicture(horizon_px, size_px, rng, &painter);
    } else {
      PaintFurniture(horizon_px, size_px, rng, &painter);
    }
  }
  const int clutter = static_cast<int>(rng.Below(7));
  for (int i = 0; i < clutter; ++i) PaintClutter(size_px, rng, &painter);
  MultiplyFields(outdoors, rng, &picture);
  const double defocus_px = size_px / 320 * rng.Uniform(-1.5, 2.5);
  if (defocus_px > 0.3) cv::GaussianBlur(picture, picture, cv::Size(), defocus_px);
  return picture;
}

}  // namespace gyre
