// SPDX-License-Identifier: Apache-2.0
#include "loop/predictor.h"

#include <c10/core/GradMode.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "loop/network_bridge.h"
#include "loop/run_directory.h"
#include "regressor/preprocess.h"
#include "regressor/runtime.h"
#include "regressor/weights.h"

namespace gyre {

std::vector<BodyParams> PredictBodies(HmrNet& network, const Batch& batch, const RestJoints& rest,
                                      c10::Device device) {
  const at::NoGradGuard no_grad;
  if (network->is_training()) network->eval();  // threads may share a network in evaluation
  const at::Tensor images = NormalizeCrops(batch.pixels, batch.size(), batch.crop_px, device);
  return BodiesFromOutput(network->forward(images), batch, rest);
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
  UseChannelsLast(*trained.network);
  return trained;
}

}  // namespace gyre
