// SPDX-License-Identifier: Apache-2.0
// How a person's picture has to be seen for the keypoints to lie on it.
#pragma once

#include <memory>

#include "core/enum_names.h"
#include "core/lens.h"
#include "core/types.h"

namespace gyre {

// What EXIF's orientation means for keypoints.
enum class ExifTurn {
  // Where the file of keypoints says the picture's size (COCO), the picture is turned or not so as
  // to have it; where that tells nothing, it is turned upright, as OpenPose, browsers and most
  // tools see it.
  kBySize,
  kApply,   // the keypoints are of the picture turned upright
  kIgnore,  // the keypoints are of the pixels as stored
};
template <>
struct EnumNames<ExifTurn> {
  static constexpr NameOf<ExifTurn> kAll[] = {
      {ExifTurn::kBySize, "by-size"}, {ExifTurn::kApply, "apply"}, {ExifTurn::kIgnore, "ignore"}};
};

struct PictureFrame {
  ExifTurn exif = ExifTurn::kBySize;
  // Between the photograph and the keypoints, which are those of its pinhole; null: none.
  std::shared_ptr<const Lens> lens;
  // By which the file's pixels were multiplied to be the photograph's.
  Vec2 scale = Vec2::Ones();
};

}  // namespace gyre
