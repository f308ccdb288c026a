// SPDX-License-Identifier: Apache-2.0
#include "fitting/sequence_options.h"

#include <cmath>

#include "core/error.h"

namespace gyre {

void SequenceOptions::Check() const {
  if (!std::isfinite(acceleration_weight) || acceleration_weight <= 0) {
    ThrowUserError("sequence option acceleration_weight is {}; it must be a positive number",
                   acceleration_weight);
  }
  if (overlap_frames < 2 || window_frames <= overlap_frames) {
    ThrowUserError(
        "sequence options overlap_frames and window_frames are {} and {}; they must be at least 2 "
        "and more than the overlap",
        overlap_frames, window_frames);
  }
  if (max_iterations <= 0 || !(function_tolerance > 0)) {
    ThrowUserError(
        "sequence options max_iterations and function_tolerance are {} and {}; both must be "
        "positive",
        max_iterations, function_tolerance);
  }
  if (!(pose_s >= 0 && pose_s <= 60)) {
    ThrowUserError("sequence option pose_s is {}; it must be from 0 to 60", pose_s);
  }
  if (!(hold_weight >= 0 && floor_weight >= 0)) {
    ThrowUserError(
        "sequence options hold_weight and floor_weight are {} and {}; both must be 0 or "
        "more",
        hold_weight, floor_weight);
  }
  if (height_m != 0 && !(height_m >= 0.4 && height_m <= 2.8)) {
    ThrowUserError("sequence option height_m is {}; people are from 0.4 to 2.8 m tall", height_m);
  }
}

}  // namespace gyre
