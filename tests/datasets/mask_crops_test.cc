// SPDX-License-Identifier: Apache-2.0
#include "datasets/decorators/mask_crops.h"

#include <gtest/gtest.h>

#include "body/body_parts.h"

namespace gyre {
namespace {

constexpr int kSize = 4;

// Of a box of 4 px at (2.5, 1.5): the crop's pixels are the picture's, columns 1 to 4, rows 0 to 3.
// The picture has columns 0 to 3 and rows 0 to 2.
CropMap OddCrop(bool flip) { return CropMap({Vec2(2.5, 1.5), kSize}, kSize, 0, flip); }

TEST(MaskCrops, AreSharesOfPixelsAndKnowThePicturesEdge) {
  ImageBuffer mask{4, 3, 3, std::vector<uint8_t>(3 * 4 * 3, 0)};
  const auto paint = [&](int u, int v) {
    std::fill_n(&mask.pixels[3 * (4 * v + u)], 3, uint8_t{255});
  };
  paint(1, 0);
  paint(3, 1);
  paint(0, 2);  // left of the crop
  std::vector<uint8_t> shares(16, 7), known(16, 7);
  WarpMask(mask, OddCrop(false), shares.data(), known.data());
  EXPECT_EQ(shares, (std::vector<uint8_t>{255, 0, 0, 0,  //
                                          0, 0, 255, 0,  //
                                          0, 0, 0, 0,    //
                                          0, 0, 0, 0}));
  EXPECT_EQ(known, (std::vector<uint8_t>{255, 255, 255, 0,  //
                                         255, 255, 255, 0,  //
                                         255, 255, 255, 0,  //
                                         0, 0, 0, 0}));
  WarpMask(mask, OddCrop(true), shares.data(), known.data());
  EXPECT_EQ(shares, (std::vector<uint8_t>{0, 0, 0, 255,  //
                                          0, 255, 0, 0,  //
                                          0, 0, 0, 0,    //
                                          0, 0, 0, 0}));
  EXPECT_EQ(known, (std::vector<uint8_t>{0, 255, 255, 255,  //
                                         0, 255, 255, 255,  //
                                         0, 255, 255, 255,  //
                                         0, 0, 0, 0}));
  // Half a pixel to the right: halves.
  const CropMap moved({Vec2(3, 1.5), kSize}, kSize);
  WarpMask(mask, moved, shares.data(), known.data());
  EXPECT_NEAR(shares[4 + 1], 128, 1);  // between columns 2 and 3 of row 1
  // The centres lie at 1.6, 2.6, 3.6 and 4.6: in columns 2, 3, 4 and 5, of which there are two.
  WarpMask(mask, CropMap({Vec2(3.1, 1.5), kSize}, kSize), shares.data(), known.data());
  EXPECT_EQ(std::vector<uint8_t>(known.begin(), known.begin() + 4),
            (std::vector<uint8_t>{255, 255, 0, 0}));
}

TEST(MaskCrops, PartsChangeSidesInAMirror) {
  const uint8_t all[] = {9,
                         kHeadPart,
                         kRightArmPart,
                         kLeftArmPart,  //
                         9,
                         kRightLegPart,
                         kLeftLegPart,
                         kTorsoPart,  //
                         9,
                         0,
                         kUnknownPart,
                         kLeftLegPart};
  const ImageBuffer parts{4, 3, 1, std::vector<uint8_t>(all, all + 12)};
  constexpr uint8_t kNo = 255;
  std::vector<uint8_t> labels(16);
  WarpParts(parts, OddCrop(false), labels.data());
  EXPECT_EQ(labels, (std::vector<uint8_t>{1, 3, 4, kNo,    //
                                          5, 6, 2, kNo,    //
                                          0, kNo, 6, kNo,  //
                                          kNo, kNo, kNo, kNo}));
  WarpParts(parts, OddCrop(true), labels.data());
  EXPECT_EQ(labels, (std::vector<uint8_t>{kNo, 3, 4, 1,    //
                                          kNo, 2, 5, 6,    //
                                          kNo, 5, kNo, 0,  //
                                          kNo, kNo, kNo, kNo}));
}

}  // namespace
}  // namespace gyre
