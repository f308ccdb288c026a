// SPDX-License-Identifier: Apache-2.0
#include "loop/detection/region.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gyre {
namespace {

TEST(RegionTest, StandsTheBodyUpright) {
  // Hips at (50, 40), the circle's point 15 px to their right: the body lies.
  const Region region = RegionAround({50, 40}, {65, 40}, 1.25);
  EXPECT_DOUBLE_EQ(region.side_px, 37.5);
  EXPECT_DOUBLE_EQ(region.angle, std::numbers::pi / 2);
  // Up in the region is right in the picture, right is down.
  EXPECT_LT((region.InPicture({0.5, 0.1}) - Vec2(65, 40)).norm(), 1e-12);
  EXPECT_LT((region.InPicture({0.9, 0.5}) - Vec2(50, 55)).norm(), 1e-12);
}

TEST(RegionTest, AnUprightBodyIsNotTurned) {
  const Region region = RegionAround({7, 30}, {7, 22}, 2);
  EXPECT_DOUBLE_EQ(region.angle, 0);
  EXPECT_LT((region.InPicture({0, 1}) - Vec2(-9, 46)).norm(), 1e-12);
}

TEST(RegionTest, CutsPixelForPixel) {
  cv::Mat picture(3, 5, CV_8UC1);
  for (int i = 0; i < 15; ++i) picture.data[i] = static_cast<uint8_t>(10 * i);
  // Pixels 1..3 of rows 0..2: their centre is pixel (2, 1).
  const cv::Mat cut = CutRegion(picture, {{2, 1}, 3, 0}, 3);
  const std::vector<int> pixels(cut.begin<uint8_t>(), cut.end<uint8_t>());
  EXPECT_THAT(pixels, testing::ElementsAre(10, 20, 30, 60, 70, 80, 110, 120, 130));
}

TEST(RegionTest, TurnsAQuarterAndEndsInBlack) {
  cv::Mat picture(3, 3, CV_8UC1);
  for (int i = 0; i < 9; ++i) picture.data[i] = static_cast<uint8_t>(1 + i);
  const cv::Mat cut = CutRegion(picture, {{2, 1}, 3, std::numbers::pi / 2}, 3);
  // Rows of the region run down the picture, from its right (beyond it: black) to its left.
  const std::vector<int> pixels(cut.begin<uint8_t>(), cut.end<uint8_t>());
  EXPECT_THAT(pixels, testing::ElementsAre(0, 0, 0, 3, 6, 9, 2, 5, 8));
}

TEST(RegionTest, AveragesWhatIsMuchFiner) {
  // Columns of 0 and 200 in turn, 12 px for 3: each pixel is the mean of four by four.
  cv::Mat picture(12, 12, CV_8UC1);
  for (int i = 0; i < 144; ++i) picture.data[i] = i % 2 ? 200 : 0;
  const cv::Mat cut = CutRegion(picture, {{5.5, 5.5}, 12, 0}, 3);
  const std::vector<int> pixels(cut.begin<uint8_t>(), cut.end<uint8_t>());
  EXPECT_THAT(pixels, testing::Each(100));
}

// Means of four by four of a slope are its values in their middles.
TEST(RegionTest, FinerPixelsKeepTheirPlace) {
  cv::Mat picture(12, 12, CV_8UC1);
  for (int y = 0; y < 12; ++y) {
    for (int x = 0; x < 12; ++x) picture.at<uint8_t>(y, x) = static_cast<uint8_t>(10 * x + 2 * y);
  }
  const cv::Mat cut = CutRegion(picture, {{5.5, 5.5}, 12, 0}, 3);
  const std::vector<int> pixels(cut.begin<uint8_t>(), cut.end<uint8_t>());
  EXPECT_THAT(pixels, testing::ElementsAre(18, 58, 98, 26, 66, 106, 34, 74, 114));
}

}  // namespace
}  // namespace gyre
