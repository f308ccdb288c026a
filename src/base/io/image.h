// SPDX-License-Identifier: Apache-2.0
// JPEG and PNG images.
#pragma once

#include <filesystem>
#include <opencv2/core/mat.hpp>
#include <string>
#include <string_view>

namespace gyre {

// Cameras store pictures as the sensor saw them and note in EXIF how to turn them upright. Keypoint
// data sets are annotated on the pixels as stored, so that is the default; pictures of a user who
// sees them turned upright want kUpright.
enum class ImageOrientation { kAsStored, kUpright };

// 8-bit BGR (grey images are expanded, transparency dropped, 16 bits cut to 8). UserError names the
// path when the file is missing, neither JPEG nor PNG, damaged, cut off or larger than 2^27 pixels.
cv::Mat ReadImage(const std::filesystem::path& path,
                  ImageOrientation orientation = ImageOrientation::kAsStored);
cv::Mat ParseImage(std::string_view content, const std::string& what,
                   ImageOrientation orientation = ImageOrientation::kAsStored);
// As stored, and a JPEG *reduction (1, 2, 4 or 8) times smaller, sizes rounded up: each pixel is
// the mean of the square of pixels that it stands for, and decoding takes a fraction of the time.
// *reduction becomes 1 for a PNG.
cv::Mat ReadReducedImage(const std::filesystem::path& path, int* reduction);

// Atomically, as PNG or JPEG (quality 95) by the path's extension (.png, .jpg, .jpeg). 8-bit, grey,
// BGR or, for PNG, BGRA.
void WriteImage(const std::filesystem::path& path, const cv::Mat& image);

}  // namespace gyre
