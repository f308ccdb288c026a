// SPDX-License-Identifier: Apache-2.0
// What a network says of joints in space, for metrics/clip_errors.h.
#pragma once

#include <string>
#include <vector>

#include "datasets/decorators/loader.h"
#include "metrics/clip_errors.h"
#include "regressor/output.h"

namespace gyre {

// Adds the samples whose joints are known to what an output says of theirs, in the crops' axes;
// nothing when it says no joints. Clips are told by data set and track.
void AddLiftedFrames(const Output& said, const Batch& batch, std::vector<ClipFrame>* frames);

// As bytes, between ranks.
std::string PackFrames(const std::vector<ClipFrame>& frames);
void UnpackFrames(const std::string& bytes, std::vector<ClipFrame>* frames);

}  // namespace gyre
