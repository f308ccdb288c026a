// SPDX-License-Identifier: Apache-2.0
// A trained network at work.
#pragma once

#include <c10/core/Device.h>

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "body/body_model.h"
#include "datasets/decorators/loader.h"
#include "loop/training/network_bridge.h"
#include "loop/training/run_options.h"
#include "regressor/network.h"

namespace gyre {

// In evaluation mode, without gradients: one body per sample, in the camera frame of its image.
// UserError for a network that says no bodies.
std::vector<BodyParams> PredictBodies(Network& network, const Batch& batch, const RestJoints& rest,
                                      c10::Device device);

// What a network starts from: a run or checkpoint of gyre, a file of weights (regressor/weights.h),
// by a name that begins with "resnet" torchvision's backbone, or a folder of the detector's
// files; "detector" is where tools/get_detector puts them. Of the networks that it is made of
// several, with commas between. Empty: it stays as it was drawn.
void LoadInitialWeights(const std::string& init, Network& network);
std::vector<std::filesystem::path> InitialWeights(const std::string& init);

// The network of a run or of one of its checkpoints, whose options these are. For evaluation: its
// batch norms are folded, see batch_norm.h.
Network LoadNetworkOf(const std::filesystem::path& run_or_checkpoint, const TrainOptions& options,
                      const NetworkSetting& setting, c10::Device device);

// The same with the options it was trained with, and a body.
struct TrainedNetwork {
  Network network{nullptr};
  TrainOptions options;
  RestJoints rest;
  c10::Device device;

  std::vector<BodyParams> Predict(const Batch& batch) {
    return PredictBodies(network, batch, rest, device);
  }
};
// It speaks of `body`, whose layout has to be that of the body it was trained with; that it is
// another one is told. `extra_path`: BodyIdentity's, of `body`.
TrainedNetwork LoadTrainedNetwork(const std::filesystem::path& run_or_checkpoint,
                                  const std::shared_ptr<const BodyModel>& body, c10::Device device,
                                  const std::string& extra_path = "");

// One that looks at keypoints (gyre train --preset prior18), or at those of clips (video).
// UserError for another.
TrainedNetwork LoadKeypointNetwork(const std::filesystem::path& run_or_checkpoint,
                                   const std::shared_ptr<const BodyModel>& body,
                                   c10::Device device);
// What it makes of the samples' boxes and keypoints; no picture is read. One of clips looks at the
// frames of a track that come one behind the other as at a clip, at others as standing still.
std::vector<BodyParams> PredictFromKeypoints(TrainedNetwork& trained,
                                             std::span<const Person> samples);

}  // namespace gyre
