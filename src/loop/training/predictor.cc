// SPDX-License-Identifier: Apache-2.0
#include "loop/training/predictor.h"

#include <c10/core/GradMode.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "datasets/decorators/clip_runs.h"
#include "loop/runs/body_notes.h"
#include "loop/runs/run_directory.h"
#include "person/crops.h"
#include "regressor/batch_norm.h"
#include "regressor/detector_files.h"
#include "regressor/runtime.h"
#include "regressor/weights.h"

namespace gyre {

std::vector<BodyParams> PredictBodies(Network& network, const Batch& batch, const RestJoints& rest,
                                      c10::Device device) {
  const at::NoGradGuard no_grad;
  if (network->is_training()) network->eval();  // threads may share a network in evaluation
  const Output output = network->forward(NetworkInputs(batch, network->options().input, device));
  if (!output.HasBody()) {
    ThrowUserError("a network with head {} says no bodies", network->options().head);
  }
  return BodiesFromOutput(output, batch, rest);
}

std::vector<std::filesystem::path> InitialWeights(const std::string& init) {
  if (init.empty()) return {};
  if (std::filesystem::exists(init)) return {init};
  std::vector<std::filesystem::path> paths;
  for (size_t begin = 0, end = 0; end != std::string::npos; begin = end + 1) {
    end = init.find(',', begin);
    paths.emplace_back(init.substr(begin, end - begin));
    if (paths.back().empty()) {
      ThrowUserError("init = {}: there is a comma without a run on either side", init);
    }
  }
  return paths;
}

void LoadInitialWeights(const std::string& init, Network& network) {
  const auto& parts = FindHead(network->options().head).parts;
  for (const std::filesystem::path& path : InitialWeights(init)) {
    if (path == "detector" && !std::filesystem::exists(path)) {
      network->encoder().LoadReleased("");
    } else if (IsDetectorFolder(path)) {
      network->encoder().LoadReleased(path);
    } else if (path.filename().string().starts_with("resnet") &&
               !std::filesystem::is_directory(path)) {
      LoadBackboneWeights(network->encoder(), path);  // torchvision's file names
    } else {
      const bool run = std::filesystem::is_directory(path);
      LoadNetworkWeights(*network, run ? FindCheckpoint(path) / "network.pt" : path,
                         network->names(), parts);
    }
  }
}

Network LoadNetworkOf(const std::filesystem::path& run_or_checkpoint, const TrainOptions& options,
                      const NetworkSetting& setting, c10::Device device) {
  Network network(options.network, setting);
  LoadNetworkWeights(*network, FindCheckpoint(run_or_checkpoint) / "network.pt", network->names());
  network->to(device);
  network->eval();
  FoldBatchNorm(*network);
  UseChannelsLast(*network);
  return network;
}

TrainedNetwork LoadTrainedNetwork(const std::filesystem::path& run_or_checkpoint,
                                  const std::shared_ptr<const BodyModel>& body, c10::Device device,
                                  const std::string& extra_path) {
  TrainedNetwork trained{Network{nullptr}, OptionsOfRun(run_or_checkpoint), RestJoints(*body),
                         device};
  if (!trained.options.HasBody()) {
    ThrowUserError("{}: a network with head {} says no bodies", run_or_checkpoint.string(),
                   trained.options.network.head);
  }
  const NetworkSetting setting{body, LoadPosePrior(trained.options.prior)};
  try {
    trained.network = LoadNetworkOf(run_or_checkpoint, trained.options, setting, device);
  } catch (const UserError& error) {
    // A body of another layout has other weights; which body it was says more than they do.
    const std::string other = OtherBodyText(run_or_checkpoint, *body, extra_path);
    if (other.empty()) throw;
    ThrowUserError("{}; its weights do not fit ({})", other, error.what());
  }
  TellOtherBody(run_or_checkpoint, *body, extra_path);
  return trained;
}

TrainedNetwork LoadKeypointNetwork(const std::filesystem::path& run_or_checkpoint,
                                   const std::shared_ptr<const BodyModel>& body,
                                   c10::Device device) {
  TrainedNetwork trained = LoadTrainedNetwork(run_or_checkpoint, body, device);
  const NetworkInput input = trained.options.network.input;
  if (input != NetworkInput::kKeypoints && input != NetworkInput::kClip) {
    ThrowUserError(
        "{}: its network looks at {}s; one that looks at keypoints comes from gyre "
        "train --preset prior18",
        run_or_checkpoint.string(), EnumName(input));
  }
  return trained;
}

namespace {

// Of each sample those that are frames of its track and come right before and behind it, one frame
// apart: [begin, end).
std::vector<std::pair<int64_t, int64_t>> FramesAround(std::span<const Person> samples) {
  std::vector<std::pair<int64_t, int64_t>> around;
  for (int64_t begin = 0, end; begin < std::ssize(samples); begin = end) {
    end = begin + 1;
    while (end < std::ssize(samples) && Follows(samples[end - 1], samples[end])) ++end;
    around.insert(around.end(), end - begin, {begin, end});
  }
  return around;
}

// What a loader brings of the frames around, as far as they are among the samples.
void AddClips(std::span<const Person> samples, const NetworkOptions& network, Batch* batch) {
  LoaderOptions loading;
  BringInput(network, &loading);
  batch->clip_frames = loading.clip_frames;
  const auto around = FramesAround(samples);
  for (int64_t i = 0; i < std::ssize(samples); ++i) {
    const int64_t first = i - loading.clip_before;
    for (int64_t t = first; t < first + loading.clip_frames; ++t) {
      const Person& frame = samples[std::clamp(t, around[i].first, around[i].second - 1)];
      const Keypoints seen = KeypointsInCrop(frame.keypoints, batch->crops[i]);
      for (int j = 0; j < seen.size(); ++j) {
        for (const double number : {seen.px(j, 0), seen.px(j, 1), seen.confidence[j]}) {
          batch->clips.push_back(static_cast<float>(number));
        }
      }
    }
  }
}

}  // namespace

std::vector<BodyParams> PredictFromKeypoints(TrainedNetwork& trained,
                                             std::span<const Person> samples) {
  if (samples.empty()) return {};
  Batch batch;
  batch.crop_px = trained.options.network.image_px;
  batch.samples.assign(samples.begin(), samples.end());
  for (const Person& sample : samples) {
    batch.crops.push_back(NetworkCrop(trained.options.network, sample.box));
    batch.keypoints.push_back(KeypointsInCrop(sample.keypoints, batch.crops.back()));
  }
  if (trained.options.network.input == NetworkInput::kClip) {
    AddClips(samples, trained.options.network, &batch);
  }
  return trained.Predict(batch);
}

}  // namespace gyre
