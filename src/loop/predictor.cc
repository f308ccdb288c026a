// SPDX-License-Identifier: Apache-2.0
#include "loop/predictor.h"

#include <c10/core/GradMode.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "loop/network_bridge.h"
#include "loop/run_directory.h"
#include "regressor/batch_norm.h"
#include "regressor/runtime.h"
#include "regressor/weights.h"

namespace gyre {

std::vector<BodyParams> PredictBodies(HmrNet& network, const Batch& batch, const RestJoints& rest,
                                      c10::Device device) {
  const at::NoGradGuard no_grad;
  if (network->is_training()) network->eval();  // threads may share a network in evaluation
  const at::Tensor input = NetworkInputs(batch, network->options().input, device);
  return BodiesFromOutput(network->forward(input), batch, rest);
}

TrainedNetwork LoadTrainedNetwork(const std::filesystem::path& run_or_checkpoint,
                                  c10::Device device) {
  const std::filesystem::path checkpoint = FindCheckpoint(run_or_checkpoint);
  // RUN/checkpoints/000500
  const std::filesystem::path options_file =
      std::filesystem::absolute(checkpoint).parent_path().parent_path() / "options.json";
  const auto json = nlohmann::json::parse(ReadFile(options_file), nullptr, false);
  TrainedNetwork trained;
  trained.options = TrainOptionsFromJson(json, options_file.string());
  trained.options.network.Check();
  const auto prior = LoadPosePrior(trained.options.prior);
  trained.network = HmrNet(trained.options.network, MeanParams::FromPrior(*prior));
  LoadNetworkWeights(*trained.network, checkpoint / "network.pt");
  trained.network->to(device);
  trained.network->eval();
  FoldBatchNorm(*trained.network);
  UseChannelsLast(*trained.network);
  return trained;
}

TrainedNetwork LoadKeypointNetwork(const std::filesystem::path& run_or_checkpoint,
                                   c10::Device device) {
  TrainedNetwork trained = LoadTrainedNetwork(run_or_checkpoint, device);
  if (trained.options.network.input != NetworkInput::kKeypoints) {
    ThrowUserError(
        "{}: its network looks at {}s; one that looks at keypoints comes from gyre "
        "train --preset prior18",
        run_or_checkpoint.string(), EnumName(trained.options.network.input));
  }
  return trained;
}

std::vector<BodyParams> PredictFromKeypoints(TrainedNetwork& trained,
                                             std::span<const Sample> samples,
                                             const RestJoints& rest, c10::Device device) {
  if (samples.empty()) return {};
  Batch batch;
  batch.crop_px = trained.options.network.image_px;
  batch.samples.assign(samples.begin(), samples.end());
  for (const Sample& sample : samples) {
    batch.crops.push_back(CropOf(sample.box, batch.crop_px, Augmentation()));
    batch.keypoints.push_back(
        KeypointsInCrop(sample.keypoints_px, sample.keypoints_confidence, batch.crops.back()));
  }
  return PredictBodies(trained.network, batch, rest, device);
}

}  // namespace gyre
