// SPDX-License-Identifier: Apache-2.0
#include "fitting/distance_grid.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/distance_transform.h"
#include "core/error.h"

namespace gyre {

DistanceGrid::DistanceGrid(const GridFrame& frame, std::vector<uint8_t> inside)
    : frame_(frame), inside_(std::move(inside)) {
  GYRE_CHECK(frame.cell_px > 0 && frame.width >= 2 && frame.height >= 2);
  std::vector<uint8_t> outside(inside_.size());
  std::ranges::transform(inside_, outside.begin(), [](uint8_t v) { return v == 0; });
  const auto beyond = DistanceTransform(inside_, frame.width, frame.height);
  const auto within = DistanceTransform(outside, frame.width, frame.height);
  // Where there is no cell of the other kind, as far as the grid goes.
  const auto most = static_cast<float>(frame.width + frame.height);
  signed_px_.resize(inside_.size());
  for (size_t i = 0; i < inside_.size(); ++i) {
    const float cells =
        inside_[i] != 0 ? 0.5F - std::min(within[i], most) : std::min(beyond[i], most) - 0.5F;
    signed_px_[i] = static_cast<float>(frame.cell_px) * cells;
  }
}

double DistanceGrid::At(const Vec2& point_px, Vec2* gradient) const {
  const Vec2 cells = (point_px - frame_.origin_px) / frame_.cell_px;
  const Vec2 at = cells.cwiseMax(0.0).cwiseMin(Vec2(frame_.width - 1, frame_.height - 1));
  const int x = std::min(static_cast<int>(at.x()), frame_.width - 2);
  const int y = std::min(static_cast<int>(at.y()), frame_.height - 2);
  const double u = at.x() - x, v = at.y() - y;
  const float* const top = &signed_px_[frame_.Index(x, y)];
  const float* const bottom = top + frame_.width;
  const Vec2 beyond = frame_.cell_px * (cells - at);
  const double far = beyond.norm();
  if (gradient != nullptr) {
    const double along_x = (1 - v) * (top[1] - top[0]) + v * (bottom[1] - bottom[0]);
    const double along_y = (1 - u) * (bottom[0] - top[0]) + u * (bottom[1] - top[1]);
    *gradient = Vec2(along_x, along_y) / frame_.cell_px;
    for (int i = 0; i < 2; ++i) {
      if (beyond[i] != 0) (*gradient)[i] = beyond[i] / far;
    }
  }
  return (1 - v) * ((1 - u) * top[0] + u * top[1]) + v * ((1 - u) * bottom[0] + u * bottom[1]) +
         far;
}

std::vector<BorderPoint> DistanceGrid::Border(const Takes& takes, double smooth_px) const {
  constexpr int kSides[4][2] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
  std::vector<BorderPoint> border;
  for (int y = 0; y < frame_.height; ++y) {
    for (int x = 0; x < frame_.width; ++x) {
      if (!IsInside(x, y)) continue;
      for (const auto& [dx, dy] : kSides) {
        if (!frame_.Has(x + dx, y + dy) || IsInside(x + dx, y + dy)) continue;
        if (!takes(x, y, x + dx, y + dy)) continue;
        BorderPoint point{frame_.Center(x + 0.5 * dx, y + 0.5 * dy), Vec2(dx, dy)};
        const auto slope = [&](const Vec2& step) {
          return At(point.at_px + step, nullptr) - At(point.at_px - step, nullptr);
        };
        const Vec2 rise(slope({smooth_px, 0}), slope({0, smooth_px}));
        if (rise.norm() > 0) point.normal = rise.normalized();
        border.push_back(point);
      }
    }
  }
  return border;
}

}  // namespace gyre
