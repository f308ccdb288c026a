// SPDX-License-Identifier: Apache-2.0
// Pictures: JPEG, PNG, WebP, BMP and TIFF, told by their content.
#pragma once

#include <filesystem>
#include <functional>
#include <opencv2/core/mat.hpp>
#include <string>
#include <string_view>

#include "io/image_header.h"

namespace gyre {

// Cameras store pictures as the sensor saw them and note in EXIF how to turn them upright.
enum class ImageOrientation { kAsStored, kUpright };

// 8-bit BGR (grey images are expanded, transparency dropped, 16 bits cut to 8). UserError names the
// path when the file is missing, no such picture, damaged, cut off or larger than 2^27 pixels.
cv::Mat ReadImage(const std::filesystem::path& path,
                  ImageOrientation orientation = ImageOrientation::kAsStored);
cv::Mat ParseImage(std::string_view content, const std::string& what,
                   ImageOrientation orientation = ImageOrientation::kAsStored);

// Says how a picture is wanted when its header is known, before it is decoded.
using OrientationOf = std::function<ImageOrientation(const ImageHeader&)>;

// A JPEG *reduction (1, 2, 4 or 8) times smaller, sizes rounded up: each pixel is the mean of the
// square of pixels that it stands for, and decoding takes a fraction of the time. *reduction
// becomes 1 for other formats, and smaller where a turned picture's squares would not begin at its
// corner.
cv::Mat ReadReducedImage(const std::filesystem::path& path, int* reduction,
                         const OrientationOf& orientation = nullptr);

// Without decoding the picture, mostly from the first bytes of the file.
ImageHeader ReadImageHeader(const std::filesystem::path& path);

// Atomically, as PNG or JPEG (quality 95) by the path's extension (.png, .jpg, .jpeg). 8-bit, grey,
// BGR or, for PNG, BGRA.
void WriteImage(const std::filesystem::path& path, const cv::Mat& image);

}  // namespace gyre
