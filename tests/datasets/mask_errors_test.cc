// SPDX-License-Identifier: Apache-2.0
#include "datasets/scenes/mask_errors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace gyre {
namespace {

constexpr int kWide = 203, kHigh = 151;

// The pixels 40..139 by 30..109.
std::vector<uint8_t> BoxMask() {
  std::vector<uint8_t> mask(kWide * kHigh, 0);
  for (int y = 30; y < 110; ++y) std::fill_n(&mask[y * kWide + 40], 100, 255);
  return mask;
}

SceneMask Disturbed(const MaskErrors& errors, uint64_t sample, double side_px = 112) {
  Rng rng(3, RngStream::kTest, 0, sample);
  return DisturbMask(errors, BoxMask(), kWide, kHigh, side_px, rng);
}

TEST(MaskErrors, WithoutAnyTheMaskStays) {
  const SceneMask mask = Disturbed({}, 1);
  EXPECT_EQ(mask.pixels, BoxMask());
  EXPECT_FALSE(mask.Hides({80, 60}));
}

TEST(MaskErrors, EdgesWanderByAsMuchAsSaid) {
  double sum = 0, squares = 0, steps = 0;
  int count = 0;
  for (uint64_t sample = 0; sample < 30; ++sample) {
    const SceneMask mask = Disturbed({.edge_px = 4}, sample);  // 2 px of this picture
    double before = 0;
    for (int y = 50; y < 90; ++y) {  // where the left edge is, away from the corners
      int x = 90;
      while (x > 0 && mask.pixels[y * kWide + x - 1] == 255) --x;
      const double off = 40 - x;
      sum += off;
      squares += off * off;
      if (y > 50) steps += std::abs(off - before);
      before = off;
      ++count;
    }
  }
  // Less than nothing: from inside, an edge that folds is met where it comes first.
  EXPECT_NEAR(sum / count, -0.3, 0.35);
  EXPECT_NEAR(std::sqrt(squares / count), 2, 0.4);
  EXPECT_LT(steps / count, 1);  // smooth along the edge
}

TEST(MaskErrors, OccludersCoverTheirShareOfTheBox) {
  for (uint64_t sample = 0; sample < 20; ++sample) {
    const SceneMask known = Disturbed({.occlusion = 0.2}, sample);
    EXPECT_NEAR(std::ranges::count(known.pixels, SceneMask::kUnknown), 0.2 * 100 * 80, 90);
    const SceneMask lying = Disturbed({.occlusion = 0.2, .occluder_known = false}, sample);
    EXPECT_EQ(std::ranges::count(lying.pixels, SceneMask::kUnknown), 0);
    EXPECT_NEAR(std::ranges::count(lying.pixels, 255), 0.8 * 100 * 80, 90);
    for (int y = 0; y < kHigh; ++y) {
      for (int x = 0; x < kWide; ++x) {
        EXPECT_EQ(known.Hides(Vec2(x, y)), known.pixels[y * kWide + x] == SceneMask::kUnknown);
      }
    }
  }
  EXPECT_NE(Disturbed({.occlusion = 0.2}, 1).left, Disturbed({.occlusion = 0.2}, 2).left);
  EXPECT_EQ(Disturbed({.occlusion = 0.2}, 1).top,
            Disturbed({.edge_px = 3, .occlusion = 0.2}, 1).top);
}

TEST(MaskErrors, OfNobodyHideNothing) {
  Rng rng(3, RngStream::kTest);
  const SceneMask mask = DisturbMask({.edge_px = 2, .occlusion = 0.3},
                                     std::vector<uint8_t>(kWide * kHigh, 0), kWide, kHigh, 50, rng);
  EXPECT_EQ(mask.pixels, std::vector<uint8_t>(kWide * kHigh, 0));
}

TEST(MaskErrors, SayWhatCannotBe) {
  EXPECT_THROW((MaskErrors{.edge_px = -1}).Check(), UserError);
  EXPECT_THROW((MaskErrors{.occlusion = 1}).Check(), UserError);
  EXPECT_THROW((MaskErrors{.occlusion = std::nan("")}).Check(), UserError);
  EXPECT_NO_THROW((MaskErrors{.edge_px = 100, .occlusion = 0.9}).Check());
}

}  // namespace
}  // namespace gyre
