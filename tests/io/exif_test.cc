// SPDX-License-Identifier: Apache-2.0
#include "io/exif.h"

#include <gtest/gtest.h>

#include <cmath>

#include "io/exif_samples.h"

namespace gyre {
namespace {

TEST(Exif, ReadsOrientationInBothByteOrders) {
  for (const bool little : {false, true}) {
    for (int orientation = 1; orientation <= 8; ++orientation) {
      const std::string bytes = ExifBytes(orientation, 0, little);
      const Exif exif = ParseExif(bytes);
      EXPECT_EQ(exif.orientation, orientation) << little;
      EXPECT_EQ(exif.SwapsSides(), orientation > 4);
      EXPECT_EQ(exif.orientation_at, 18);  // the header's 8, the count's 2, tag, type, number
    }
  }
}

TEST(Exif, PassesOverWhatIsNotThere) {
  EXPECT_EQ(ParseExif("").orientation, 1);
  EXPECT_EQ(ParseExif("II*").orientation, 1);
  EXPECT_EQ(ParseExif("not TIFF at all, but long enough").orientation, 1);
  EXPECT_EQ(ParseExif(ExifBytes(9)).orientation, 1);
  EXPECT_EQ(ParseExif(ExifBytes(0)).orientation, 1);
  const std::string whole = ExifBytes(6, 35);
  for (size_t size = 0; size < whole.size(); ++size) {
    const Exif exif = ParseExif(whole.substr(0, size));
    EXPECT_TRUE(exif.orientation == 1 || exif.orientation == 6) << size;
    EXPECT_TRUE(exif.focal_35mm == 0 || exif.focal_35mm == 35) << size;
  }
}

// 3-4-5: 4000 x 3000 pixels have a diagonal of 5000, a film of 36 x 24 mm one of 43.267.
TEST(Exif, TellsTheFocalLengthByTheFullFrameEquivalent) {
  const Exif exif = ParseExif(ExifBytes(1, 28, true));
  EXPECT_EQ(exif.focal_35mm, 28);
  EXPECT_NEAR(ExifFocalPx(exif, 4000, 3000).value(), 28 * 5000 / 43.26661, 0.01);
  EXPECT_NEAR(ExifFocalPx(exif, 300, 400).value(), 28 * 500 / 43.26661, 0.01);
  EXPECT_NEAR(FullFrameFocalPx(50, 360, 240), 500, 1e-9);  // film's own shape: 10 px per mm
  EXPECT_FALSE(ExifFocalPx(ParseExif(ExifBytes(1)), 4000, 3000).has_value());
}

// 6.4 mm on a sensor of 5000 px per cm: 3200 px of the picture as taken, 800 of a quarter of it.
TEST(Exif, TellsTheFocalLengthByTheSensor) {
  TiffBytes tiff(false);
  tiff.Directory({{0x8769, 4, 26}});
  tiff.Directory(
      {{0x920A, 5, 92}, {0xA20E, 5, 100}, {0xA210, 3, 3}, {0xA002, 4, 4800}, {0xA003, 3, 3200}});
  ASSERT_EQ(tiff.bytes().size(), 92);
  tiff.Add(64, 4).Add(10, 4).Add(10000, 4).Add(2, 4);
  const Exif exif = ParseExif(tiff.bytes());
  EXPECT_EQ(exif.focal_mm, 6.4);
  EXPECT_EQ(exif.sensor_px_per_mm, 500);
  EXPECT_NEAR(ExifFocalPx(exif, 4800, 3200).value(), 3200, 1e-9);
  EXPECT_NEAR(ExifFocalPx(exif, 800, 1200).value(), 800, 1e-9);
}

// Taken upright: 2700 px of 3200 x 4800 are 675 of a quarter of it, whichever way that is stored.
TEST(Exif, TheSensorsPixelsAreAlongTheLongerSide) {
  Exif exif;
  exif.focal_mm = 5.4;
  exif.sensor_px_per_mm = 500;
  exif.taken_width = 3200;
  exif.taken_height = 4800;
  EXPECT_NEAR(ExifFocalPx(exif, 800, 1200).value(), 675, 1e-9);
  EXPECT_NEAR(ExifFocalPx(exif, 1200, 800).value(), 675, 1e-9);
}

TEST(Exif, TakesNoFractionOfZero) {
  TiffBytes tiff(true);
  tiff.Directory({{0x8769, 4, 26}});
  tiff.Directory({{0x920A, 5, 56}, {0xA20E, 5, 56}});
  tiff.Add(64, 4).Add(0, 4);
  EXPECT_EQ(ParseExif(tiff.bytes()).focal_mm, 0);
  EXPECT_FALSE(ExifFocalPx(ParseExif(tiff.bytes()), 10, 10).has_value());
}

}  // namespace
}  // namespace gyre
