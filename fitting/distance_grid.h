// SPDX-License-Identifier: Apache-2.0
// A region of the picture as cells, and the signed distance from its border: what masks and posed
// bodies are compared by.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/types.h"

namespace gyre {

// Cell (x, y) is the square of side cell_px around origin_px + cell_px (x, y).
struct GridFrame {
  Vec2 origin_px = Vec2::Zero();
  double cell_px = 1;
  int width = 0, height = 0;

  Vec2 Center(double x, double y) const { return origin_px + cell_px * Vec2(x, y); }
  size_t Index(int x, int y) const { return static_cast<size_t>(y) * width + x; }
  bool Has(int x, int y) const { return x >= 0 && y >= 0 && x < width && y < height; }
};

// A place on a region's border and the direction out of it, of length 1.
struct BorderPoint {
  Vec2 at_px, normal;
};

class DistanceGrid {
 public:
  // `inside` [height, width]: not 0 where the cell belongs to the region.
  DistanceGrid(const GridFrame& frame, std::vector<uint8_t> inside);

  const GridFrame& frame() const { return frame_; }
  bool IsInside(int x, int y) const { return inside_[frame_.Index(x, y)] != 0; }

  // Pixels from the border, negative inside: bilinear between the cells' centres, where it is the
  // distance from the nearest cell of the other kind less half a cell. Beyond the grid the distance
  // from that is added. `gradient` may be null; it has a value everywhere, of either side where two
  // cells meet.
  double At(const Vec2& point_px, Vec2* gradient) const;

  // The midpoints between a cell inside and a neighbour, one of four, that is not, where
  // `takes(inside x, y, outside x, y)`. Normals are differences of At over `smooth_px`.
  using Takes = std::function<bool(int, int, int, int)>;
  std::vector<BorderPoint> Border(const Takes& takes, double smooth_px) const;

 private:
  GridFrame frame_;
  std::vector<uint8_t> inside_;
  std::vector<float> signed_px_;
};

}  // namespace gyre
