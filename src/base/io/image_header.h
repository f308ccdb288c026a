// SPDX-License-Identifier: Apache-2.0
// What a picture's file says of it before its pixels are decoded. The format is told by the
// content, whatever the file is called.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/enum_names.h"
#include "io/exif.h"

namespace gyre {

enum class ImageFormat { kJpeg, kPng, kWebp, kBmp, kTiff };
template <>
struct EnumNames<ImageFormat> {
  static constexpr NameOf<ImageFormat> kAll[] = {{ImageFormat::kJpeg, "jpeg"},
                                                 {ImageFormat::kPng, "png"},
                                                 {ImageFormat::kWebp, "webp"},
                                                 {ImageFormat::kBmp, "bmp"},
                                                 {ImageFormat::kTiff, "tiff"}};
};

struct ImageHeader {
  ImageFormat format = ImageFormat::kJpeg;
  int64_t width = 0, height = 0;  // px, as stored
  // What its decoder unpacks at once where that is more than the picture: a tile reaches over edges.
  int64_t block_width = 0, block_height = 0;  // px
  // The end of the file's content is there, as far as the format lets tell. False of a beginning.
  bool complete = false;
  Exif exif;
  // More of the file may hold its EXIF or its size, as a beginning of it is told.
  bool needs_more = false;

  // The sides of the picture turned upright.
  int64_t upright_width() const { return exif.SwapsSides() ? height : width; }
  int64_t upright_height() const { return exif.SwapsSides() ? width : height; }
};

// Of a whole file or of its beginning. UserError names `what` and what the content is when it is no
// picture of these formats.
ImageHeader InspectImage(std::string_view content, const std::string& what);

}  // namespace gyre
