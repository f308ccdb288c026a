// SPDX-License-Identifier: Apache-2.0
#include "fitting/hidden_parts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

namespace gyre {
namespace {

// The pixels of the mask whose centres lie in the cell, but for what the mask shows.
void PaintUnknown(const GridFrame& cells, int x, int y, SilhouetteMask* mask) {
  const Vec2 center = cells.Center(x, y);
  const auto first = [&](double at) {
    return std::max(0, static_cast<int>(std::ceil(at - cells.cell_px / 2)));
  };
  const auto end = [&](double at, int size) {
    return std::min(size, static_cast<int>(std::floor(at + cells.cell_px / 2)) + 1);
  };
  for (int v = first(center.y()); v < end(center.y(), mask->height); ++v) {
    for (int u = first(center.x()); u < end(center.x(), mask->width); ++u) {
      uint8_t& says = mask->pixels[static_cast<size_t>(v) * mask->width + u];
      if (says == SilhouetteMask::kBackground) says = SilhouetteMask::kUnknown;
    }
  }
}

}  // namespace

SilhouetteMask WithHiddenPartsUnknown(SilhouetteMask mask, const SilhouetteField& field,
                                      const BodyOutline& body, double deep_px) {
  const GridFrame& cells = body.frame();
  std::vector<uint8_t> taken(static_cast<size_t>(cells.width) * cells.height, 0);
  std::vector<std::pair<int, int>> open;
  const auto take = [&](int x, int y) {
    if (!cells.Has(x, y) || taken[cells.Index(x, y)] != 0 || !body.Covers(x, y)) return;
    if (field.At(cells.Center(x, y)) != SilhouetteMask::kBackground) return;
    taken[cells.Index(x, y)] = 1;
    open.emplace_back(x, y);
  };
  for (int y = 0; y < cells.height; ++y) {
    for (int x = 0; x < cells.width; ++x) {
      if (field.Outside(cells.Center(x, y), nullptr) > deep_px) take(x, y);
    }
  }
  constexpr std::array<std::pair<int, int>, 4> kNeighbours = {{{1, 0}, {-1, 0}, {0, 1}, {0, -1}}};
  while (!open.empty()) {
    const auto [x, y] = open.back();
    open.pop_back();
    PaintUnknown(cells, x, y, &mask);
    for (const auto& [dx, dy] : kNeighbours) take(x + dx, y + dy);
  }
  return mask;
}

}  // namespace gyre
