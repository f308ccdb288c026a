// SPDX-License-Identifier: Apache-2.0
// A trained network at work.
#pragma once

#include <c10/core/Device.h>

#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "body/body_model.h"
#include "datasets/loader.h"
#include "loop/train_options.h"
#include "regressor/hmr.h"

namespace gyre {

// Of the box around keypoints that a network is shown; as its training data.
inline constexpr double kNetworkBoxMargin = 1.2;

// In evaluation mode, without gradients: one body per sample, in the camera frame of its image.
std::vector<BodyParams> PredictBodies(HmrNet& network, const Batch& batch, const RestJoints& rest,
                                      c10::Device device);

// The network of a run or of one of its checkpoints, with the options it was trained with. For
// evaluation: its batch norms are folded, see batch_norm.h.
struct TrainedNetwork {
  HmrNet network{nullptr};
  TrainOptions options;
};
TrainedNetwork LoadTrainedNetwork(const std::filesystem::path& run_or_checkpoint,
                                  c10::Device device);

// One that looks at keypoints (gyre train --preset prior18). UserError for another.
TrainedNetwork LoadKeypointNetwork(const std::filesystem::path& run_or_checkpoint,
                                   c10::Device device);
// What it makes of the samples' boxes and keypoints; no picture is read.
std::vector<BodyParams> PredictFromKeypoints(TrainedNetwork& trained,
                                             std::span<const Sample> samples,
                                             const RestJoints& rest, c10::Device device);

}  // namespace gyre
