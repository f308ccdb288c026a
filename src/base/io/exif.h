// SPDX-License-Identifier: Apache-2.0
// What a camera wrote beside its pixels (Exif 2.3, TIFF 6.0): how to turn the picture upright, and
// the lens it was taken with.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace gyre {

// Of TIFF's first directory and of its EXIF directory; 0 of what is not said.
struct Exif {
  // 1: upright as stored; 2 mirrored, 3 upside down, 4 both; 5 to 8: rows are columns. The picture
  // is upright when it is mirrored or turned so that stored row 0 and column 0 stand where TIFF's
  // tag 274 says.
  int orientation = 1;
  double focal_mm = 0;                        // of the lens
  double focal_35mm = 0;                      // of a lens of the same view on film of 36 x 24 mm
  double sensor_px_per_mm = 0;                // of the sensor, in pixels of the picture as taken
  int64_t taken_width = 0, taken_height = 0;  // the picture as taken, px
  int64_t width = 0, height = 0;              // of a TIFF file's picture, px
  int64_t tile_width = 0, tile_height = 0;    // where it is stored in tiles, px

  // Where in the bytes the orientation stands, a 16-bit number in their own order; 0: nowhere.
  size_t orientation_at = 0;

  bool SwapsSides() const { return orientation >= 5; }
};

// `tiff` begins with "II*\0" or "MM\0*". What is damaged or unknown is passed over: a picture is
// none the worse for it.
Exif ParseExif(std::string_view tiff);

// The focal length in pixels of a picture of that size, by the 35 mm equivalent (whose field of
// view along the diagonal is the picture's) or by the sensor. Empty when EXIF does not tell.
std::optional<double> ExifFocalPx(const Exif& exif, int width, int height);

// The same of a full-frame equivalent: pixels = mm * diagonal / 43.27 mm.
double FullFrameFocalPx(double focal_mm, int width, int height);

}  // namespace gyre
