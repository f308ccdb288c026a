// SPDX-License-Identifier: Apache-2.0
#include "datasets/scenes/mask_errors.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/distance_transform.h"
#include "core/error.h"

namespace gyre {
namespace {

constexpr double kWavePx = 12;  // of the crop
constexpr int kWaves = 64;      // knots on a side, over and over in a larger picture

// Normal numbers at knots, bilinear between them, of deviation 1 in the mean over a cell: there the
// squared weights are (2/3)^2.
class SmoothNoise {
 public:
  explicit SmoothNoise(Rng& rng) : knots_(kWaves * kWaves) {
    for (double& knot : knots_) knot = 1.5 * rng.Normal();
  }

  double At(double x, double y) const {
    const double left = std::floor(x), top = std::floor(y);
    const double u = x - left, v = y - top;
    const auto knot = [&](double column, double row) {
      const auto wrap = [](double i) { return static_cast<int>(i) & (kWaves - 1); };
      return knots_[wrap(row) * kWaves + wrap(column)];
    };
    return (1 - v) * ((1 - u) * knot(left, top) + u * knot(left + 1, top)) +
           v * ((1 - u) * knot(left, top + 1) + u * knot(left + 1, top + 1));
  }

 private:
  std::vector<double> knots_;
};

void MoveEdge(const SmoothNoise& noise, double edge_px, double pixel_scale, SceneMask* mask) {
  std::vector<uint8_t> outside(mask->pixels);
  for (uint8_t& value : outside) value = value == 0;
  const auto beyond = DistanceTransform(mask->pixels, mask->width, mask->height);
  const auto within = DistanceTransform(outside, mask->width, mask->height);
  for (int y = 0; y < mask->height; ++y) {
    for (int x = 0; x < mask->width; ++x) {
      const size_t i = static_cast<size_t>(y) * mask->width + x;
      const double out_px = mask->pixels[i] != 0 ? 0.5 - within[i] : beyond[i] - 0.5;
      const double moved = edge_px * noise.At(pixel_scale * x / kWavePx, pixel_scale * y / kWavePx);
      mask->pixels[i] = pixel_scale * out_px < moved ? 255 : 0;
    }
  }
}

void CheckErrorRange(const char* field, double value, double low, double high) {
  if (!(value >= low && value <= high)) {
    ThrowUserError("mask errors: {} is {}; it must be from {} to {}", field, value, low, high);
  }
}

// `at`: its place among those inside the mask's box, and its height by its width.
void PutOccluder(double share, const Vec2& at, double slenderness, SceneMask* mask) {
  int left = mask->width, top = mask->height, right = -1, bottom = -1;
  for (int y = 0; y < mask->height; ++y) {
    for (int x = 0; x < mask->width; ++x) {
      if (mask->pixels[static_cast<size_t>(y) * mask->width + x] == 0) continue;
      left = std::min(left, x);
      right = std::max(right, x);
      top = std::min(top, y);
      bottom = std::max(bottom, y);
    }
  }
  if (right < left) return;
  const int width = right - left + 1, height = bottom - top + 1;
  const double wide = std::min(1.0, std::max(std::sqrt(share) / slenderness, share));
  mask->occluder_width = static_cast<int>(std::lround(wide * width));
  mask->occluder_height = static_cast<int>(std::lround(share / wide * height));
  mask->left = left + static_cast<int>(at.x() * (width - mask->occluder_width + 1));
  mask->top = top + static_cast<int>(at.y() * (height - mask->occluder_height + 1));
}

}  // namespace

void MaskErrors::Check() const {
  CheckErrorRange("edge_px", edge_px, 0, 100);
  CheckErrorRange("occlusion", occlusion, 0, 0.9);
}

bool SceneMask::Hides(const Vec2& point_px) const {
  return point_px.x() >= left - 0.5 && point_px.x() < left + occluder_width - 0.5 &&
         point_px.y() >= top - 0.5 && point_px.y() < top + occluder_height - 0.5;
}

SceneMask DisturbMask(const MaskErrors& errors, std::vector<uint8_t> mask, int width, int height,
                      double side_px, Rng& rng) {
  GYRE_CHECK(side_px > 0 && mask.size() == static_cast<size_t>(width) * height);
  const double at_x = rng.Uniform(), at_y = rng.Uniform(), slenderness = rng.Uniform(0.7, 1.4);
  const SmoothNoise noise(rng);
  SceneMask disturbed;
  disturbed.width = width;
  disturbed.height = height;
  disturbed.pixels = std::move(mask);
  if (errors.occlusion > 0) PutOccluder(errors.occlusion, {at_x, at_y}, slenderness, &disturbed);
  if (errors.edge_px > 0) MoveEdge(noise, errors.edge_px, kReferenceCropPx / side_px, &disturbed);
  const uint8_t hidden = errors.occluder_known ? SceneMask::kUnknown : 0;
  for (int y = 0; y < disturbed.occluder_height; ++y) {
    const size_t begin = static_cast<size_t>(disturbed.top + y) * width + disturbed.left;
    std::fill_n(&disturbed.pixels[begin], disturbed.occluder_width, hidden);
  }
  return disturbed;
}

}  // namespace gyre
