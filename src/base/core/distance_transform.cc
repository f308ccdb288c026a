// SPDX-License-Identifier: Apache-2.0
#include "core/distance_transform.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"

namespace gyre {
namespace {

constexpr float kNever = std::numeric_limits<float>::infinity();

// Distances within each column.
std::vector<float> AlongColumns(std::span<const uint8_t> sites, int width, int height) {
  std::vector<float> distance(sites.size());
  for (int x = 0; x < width; ++x) {
    float since = kNever;
    for (int y = 0; y < height; ++y) {
      const size_t i = static_cast<size_t>(y) * width + x;
      since = sites[i] != 0 ? 0 : since + 1;
      distance[i] = since;
    }
    since = kNever;
    for (int y = height; y-- > 0;) {
      const size_t i = static_cast<size_t>(y) * width + x;
      since = sites[i] != 0 ? 0 : since + 1;
      distance[i] = std::min(distance[i], since);
    }
  }
  return distance;
}

// The parabolas of one row that are lowest somewhere, and from where on each is.
struct Envelope {
  explicit Envelope(int width) : apex(width), from(width) {}

  void Build(const float* column, int width) {
    count = 0;
    for (int x = 0; x < width; ++x) {
      if (column[x] == kNever) continue;
      double begin = -std::numeric_limits<double>::infinity();
      while (count > 0) {
        const double other = apex[count - 1], height = column[static_cast<int>(other)];
        begin = (static_cast<double>(column[x]) * column[x] + static_cast<double>(x) * x -
                 height * height - other * other) /
                (2 * (x - other));
        if (begin > from[count - 1]) break;
        --count;
      }
      if (count == 0) begin = -std::numeric_limits<double>::infinity();
      apex[count] = x;
      from[count++] = begin;
    }
  }

  std::vector<int> apex;
  std::vector<double> from;
  int count = 0;
};

}  // namespace

std::vector<float> DistanceTransform(std::span<const uint8_t> sites, int width, int height) {
  GYRE_CHECK(width > 0 && height > 0 && sites.size() == static_cast<size_t>(width) * height,
             "{} cells of {} x {}", sites.size(), width, height);
  std::vector<float> distance = AlongColumns(sites, width, height);
  Envelope envelope(width);
  std::vector<float> row(width);
  for (int y = 0; y < height; ++y) {
    float* const out = &distance[static_cast<size_t>(y) * width];
    std::copy_n(out, width, row.begin());
    envelope.Build(row.data(), width);
    if (envelope.count == 0) continue;  // all are infinite
    int at = 0;
    for (int x = 0; x < width; ++x) {
      while (at + 1 < envelope.count && envelope.from[at + 1] < x) ++at;
      const double along = x - envelope.apex[at], across = row[envelope.apex[at]];
      out[x] = static_cast<float>(std::sqrt(along * along + across * across));
    }
  }
  return distance;
}

}  // namespace gyre
