// SPDX-License-Identifier: Apache-2.0
#include "fitting/hidden_parts.h"

#include <gtest/gtest.h>

#include <memory>

namespace gyre {
namespace {

constexpr int kWidth = 211, kHeight = 153;

// A board that covers columns 100 to 160 and rows 50 to 110 of the picture, in cells of 1 or 2 px;
// its mask has rows 54 to 79 of it and leaves the uppermost four and the lowest 31 out.
class HiddenPartsTest : public testing::TestWithParam<double> {
 protected:
  HiddenPartsTest() {
    const Points3 corners{{0, 0, 2}, {1.2, 0, 2}, {1.2, 1.2, 2}, {0, 1.2, 2}};
    board_ = BodyOutline::Of(corners, Faces{{0, 1, 2}, {0, 2, 3}}, {100, {100, 50}}, GetParam());
    mask_.pixels.assign(static_cast<size_t>(kWidth) * kHeight, SilhouetteMask::kBackground);
    for (int y = 54; y < 80; ++y) {
      for (int x = 100; x <= 160; ++x) At(&mask_, x, y) = SilhouetteMask::kBody;
    }
  }
  static uint8_t& At(SilhouetteMask* mask, int x, int y) { return mask->pixels[kWidth * y + x]; }
  SilhouetteMask Known(double deep_px) const {
    return WithHiddenPartsUnknown(mask_, *SilhouetteField::Of(mask_, 1), *board_, deep_px);
  }

  std::shared_ptr<const BodyOutline> board_;
  SilhouetteMask mask_{kWidth, kHeight, {}};
};

TEST_P(HiddenPartsTest, WhatLiesDeepOutsideIsUnknownToItsLastPixelBesideTheMask) {
  SilhouetteMask known = Known(12);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      // The border's own pixels are either, by where the cells' centres lie.
      if (y == 109 || y == 110 || y == 111 || x == 99 || x == 100 || x == 160 || x == 161) continue;
      const bool below = x > 100 && x < 160 && y >= 80 && y < 109;
      // In cells of 2 px the first row may be half of the mask's.
      if (GetParam() == 2 && y == 80) continue;
      EXPECT_EQ(At(&known, x, y), below ? SilhouetteMask::kUnknown : At(&mask_, x, y))
          << x << ", " << y;
    }
  }
}

TEST_P(HiddenPartsTest, WhatIsNearTheMaskIsKnownNotToBeThere) {
  EXPECT_EQ(Known(35).pixels, mask_.pixels);
}

INSTANTIATE_TEST_SUITE_P(Cells, HiddenPartsTest, testing::Values(1, 2));

}  // namespace
}  // namespace gyre
