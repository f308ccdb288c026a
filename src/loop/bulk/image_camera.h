// SPDX-License-Identifier: Apache-2.0
// The camera of the image where a user knows its focal length.
#pragma once

#include <optional>
#include <string>

#include "loop/bulk/person_source.h"

namespace gyre {

// At most one of the focal lengths; none: each person's own camera stays.
struct CameraChoice {
  double focal_px = 0;
  double focal_mm = 0;  // the full-frame equivalent, see FullFrameFocalPx
  bool focal_of_exif = false;
  std::optional<Vec2> center_px = {};  // otherwise the middle of the image

  bool Given() const { return focal_px > 0 || focal_mm > 0 || focal_of_exif; }
};

// Sets the problem's camera; the image's size is that of the keypoints' file or, where it says
// none, the picture's. Returns why not, in one sentence, with a camera that the fitter refuses;
// empty when it is set. A person's calibrated camera stays, and one without a box has none.
std::string SetImageCamera(const CameraChoice& choice, FitInput* input);

// Why a focal length cannot be meant, in one sentence: a field of view of more than 100 degrees.
// Empty when it can.
std::string WideViewText(const CameraChoice& choice, double focal_px, int width, int height);

}  // namespace gyre
