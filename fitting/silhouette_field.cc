// SPDX-License-Identifier: Apache-2.0
#include "fitting/silhouette_field.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/error.h"

namespace gyre {
namespace {

constexpr double kFinestCell = 0.5;     // pixels of the crop
constexpr double kMostMaskCells = 2e6;  // of masks that are much larger than their person
constexpr double kSmooth = 2;           // pixels of the crop, for the contour's normals
constexpr double kClear = 2;            // and how far from what is unknown it is taken for one
constexpr size_t kMostContour = 1000;   // points: of a person 200 px tall there are 300 by 3 px
constexpr double kSmallestScale = 1e-4, kLargestScale = 1e4;

struct Bounds {
  int left = std::numeric_limits<int>::max(), top = left, right = -1, bottom = -1;
  bool Empty() const { return right < left; }
};

Bounds BodyBounds(const SilhouetteMask& mask) {
  Bounds bounds;
  for (int y = 0; y < mask.height; ++y) {
    const uint8_t* const row = &mask.pixels[static_cast<size_t>(y) * mask.width];
    for (int x = 0; x < mask.width; ++x) {
      if (row[x] != SilhouetteMask::kBody) continue;
      bounds.left = std::min(bounds.left, x);
      bounds.right = std::max(bounds.right, x);
      bounds.top = std::min(bounds.top, y);
      bounds.bottom = std::max(bounds.bottom, y);
    }
  }
  return bounds;
}

uint8_t Sample(const SilhouetteMask& mask, const Vec2& at_px) {
  const double x = std::floor(at_px.x() + 0.5), y = std::floor(at_px.y() + 0.5);
  if (!(x >= 0 && y >= 0 && x < mask.width && y < mask.height)) return SilhouetteMask::kUnknown;
  return mask.pixels[static_cast<size_t>(y) * mask.width + static_cast<size_t>(x)];
}

std::vector<uint8_t> Sampled(const SilhouetteMask& mask, const GridFrame& frame) {
  std::vector<uint8_t> cells(static_cast<size_t>(frame.width) * frame.height);
  for (int y = 0; y < frame.height; ++y) {
    for (int x = 0; x < frame.width; ++x) {
      cells[frame.Index(x, y)] = Sample(mask, frame.Center(x, y));
    }
  }
  return cells;
}

std::vector<uint8_t> MayBe(std::vector<uint8_t> cells) {
  std::ranges::replace_if(
      cells, [](uint8_t cell) { return cell != SilhouetteMask::kBackground; }, uint8_t{1});
  return cells;
}

// The body with half of its size on every side, as far as the picture goes and a cell beyond.
GridFrame FrameAround(const SilhouetteMask& mask, const Bounds& body, double pixel_scale) {
  const int margin = std::max(body.right - body.left, body.bottom - body.top) / 2 + 8;
  const int left = std::max(body.left - margin, 0), top = std::max(body.top - margin, 0);
  const int right = std::min(body.right + margin, mask.width - 1);
  const int bottom = std::min(body.bottom + margin, mask.height - 1);
  const double cells = (right - left + 1.0) * (bottom - top + 1.0);
  const double step = std::max(
      {1.0, std::floor(kFinestCell / pixel_scale), std::ceil(std::sqrt(cells / kMostMaskCells))});
  GridFrame frame;
  frame.cell_px = std::min(step, 1e4);
  frame.origin_px = Vec2(left, top) - Vec2::Constant(left > 0 && top > 0 ? 0 : frame.cell_px);
  const auto count = [&](int last, double origin, int size) {
    const double inside = std::floor((last - origin) / frame.cell_px) + 1;
    return static_cast<int>(inside) + (last == size - 1 ? 1 : 0);
  };
  frame.width = std::max(count(right, frame.origin_px.x(), mask.width), 2);
  frame.height = std::max(count(bottom, frame.origin_px.y(), mask.height), 2);
  return frame;
}

}  // namespace

std::shared_ptr<const SilhouetteField> SilhouetteField::Of(const SilhouetteMask& mask,
                                                           double pixel_scale) {
  GYRE_CHECK(mask.width > 0 && mask.height > 0 &&
             mask.pixels.size() == static_cast<size_t>(mask.width) * mask.height);
  GYRE_CHECK(pixel_scale > 0 && std::isfinite(pixel_scale));
  pixel_scale = std::clamp(pixel_scale, kSmallestScale, kLargestScale);
  const Bounds body = BodyBounds(mask);
  if (body.Empty()) return nullptr;
  const GridFrame frame = FrameAround(mask, body, pixel_scale);
  std::shared_ptr<const SilhouetteField> field(new SilhouetteField(mask, pixel_scale, frame));
  const auto says = [&](uint8_t value) { return std::ranges::count(field->cells_, value) > 0; };
  if (!says(SilhouetteMask::kBody) || !says(SilhouetteMask::kBackground)) return nullptr;
  return field;
}

SilhouetteField::SilhouetteField(const SilhouetteMask& mask, double pixel_scale,
                                 const GridFrame& frame)
    : pixel_scale_(pixel_scale),
      width_(mask.width),
      height_(mask.height),
      cells_(Sampled(mask, frame)),
      may_be_(frame, MayBe(cells_)),
      body_area_px2_(frame.cell_px * frame.cell_px *
                     static_cast<double>(std::ranges::count(cells_, SilhouetteMask::kBody))) {}

double SilhouetteField::Outside(const Vec2& point_px, Vec2* gradient) const {
  const bool in_picture = point_px.x() >= -0.5 && point_px.y() >= -0.5 &&
                          point_px.x() <= width_ - 0.5 && point_px.y() <= height_ - 0.5;
  const double distance = in_picture ? may_be_.At(point_px, gradient) : 0;
  if (distance > 0) return distance;
  if (gradient != nullptr) gradient->setZero();
  return 0;
}

bool SilhouetteField::MayLeave(const Vec2& point_px, double within_px) const {
  return may_be_.At(point_px, nullptr) > -within_px;
}

uint8_t SilhouetteField::At(const Vec2& point_px) const {
  const GridFrame& frame = may_be_.frame();
  if (!(point_px.x() >= -0.5 && point_px.y() >= -0.5 && point_px.x() <= width_ - 0.5 &&
        point_px.y() <= height_ - 0.5)) {
    return SilhouetteMask::kUnknown;
  }
  const Vec2 cell = ((point_px - frame.origin_px) / frame.cell_px).array().round();
  const int x = static_cast<int>(cell.x()), y = static_cast<int>(cell.y());
  return frame.Has(x, y) ? cells_[frame.Index(x, y)] : SilhouetteMask::kBackground;
}

std::vector<BorderPoint> SilhouetteField::Contour(double spacing_px) const {
  const GridFrame& frame = may_be_.frame();
  spacing_px = std::max(spacing_px, frame.cell_px);
  const int reach = static_cast<int>(std::ceil(kClear / pixel_scale_ / frame.cell_px));
  const auto is_clear = [&](int x, int y, int, int) {
    if (cells_[frame.Index(x, y)] != SilhouetteMask::kBody) return false;
    for (int v = std::max(y - reach, 0); v <= std::min(y + reach, frame.height - 1); ++v) {
      for (int u = std::max(x - reach, 0); u <= std::min(x + reach, frame.width - 1); ++u) {
        if (cells_[frame.Index(u, v)] == SilhouetteMask::kUnknown) return false;
      }
    }
    return true;
  };
  // A point is taken unless one before it is near: looked for in tiles as large as the spacing.
  const int columns = static_cast<int>(frame.width * frame.cell_px / spacing_px) + 2;
  const int rows = static_cast<int>(frame.height * frame.cell_px / spacing_px) + 2;
  std::vector<std::vector<int>> tiles(static_cast<size_t>(columns) * rows);
  std::vector<BorderPoint> contour;
  for (const BorderPoint& point : may_be_.Border(is_clear, kSmooth / pixel_scale_)) {
    const Vec2 tile = (point.at_px - frame.origin_px) / spacing_px;
    const int x = static_cast<int>(tile.x()), y = static_cast<int>(tile.y());
    bool free = true;
    for (int v = std::max(y - 1, 0); v <= std::min(y + 1, rows - 1); ++v) {
      for (int u = std::max(x - 1, 0); u <= std::min(x + 1, columns - 1); ++u) {
        for (const int other : tiles[static_cast<size_t>(v) * columns + u]) {
          free = free && (contour[other].at_px - point.at_px).norm() >= spacing_px;
        }
      }
    }
    if (!free) continue;
    tiles[static_cast<size_t>(y) * columns + x].push_back(static_cast<int>(contour.size()));
    contour.push_back(point);
  }
  if (contour.size() <= kMostContour) return contour;
  std::vector<BorderPoint> fewer;
  for (size_t i = 0; i < kMostContour; ++i) {
    fewer.push_back(contour[i * contour.size() / kMostContour]);
  }
  return fewer;
}

}  // namespace gyre
