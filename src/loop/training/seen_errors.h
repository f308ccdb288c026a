// SPDX-License-Identifier: Apache-2.0
// How well a network says what is seen in a picture, without a body: joints and the person's mask.
#pragma once

#include <array>

#include "datasets/decorators/loader.h"
#include "regressor/output.h"

namespace gyre {

// Sums, which ranks add up.
struct SeenErrors {
  double joints = 0;   // that are observed, of people whose torso is
  double near = 0;     // of these within 0.2 torso diameters (PCK@0.2 torso)
  double masks = 0;    // people with a known mask
  double overlap = 0;  // sum of their intersection over union

  std::array<double*, 4> Sums() { return {&joints, &near, &masks, &overlap}; }
};

// Adds a batch. Joints of the uvd set are compared with their namesakes among the observed
// keypoints, in the crop; of masks the last, at the pixels of the crop that are known. Nothing
// where the output says no such thing.
void AddSeenErrors(const Output& said, const Batch& batch, SeenErrors* errors);

}  // namespace gyre
