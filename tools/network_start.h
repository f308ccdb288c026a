// SPDX-License-Identifier: Apache-2.0
// Starts for fits from a trained network.
#pragma once

#include <filesystem>
#include <vector>

#include "body/body_model.h"
#include "tools/fit_input.h"

namespace gyre {

// Gives every person with a readable picture and at least two different keypoints the network's
// body as its start; the others keep the start they have. Returns how many got one. `run` is a
// training run or one of its checkpoints.
int64_t StartFromNetwork(const std::filesystem::path& run, const BodyModel& body,
                         std::vector<FitInput>* inputs);

}  // namespace gyre
