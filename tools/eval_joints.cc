// SPDX-License-Identifier: Apache-2.0
#include "tools/eval_joints.h"

#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/counted.h"
#include "core/error.h"
#include "core/progress.h"
#include "datasets/dataset_spec.h"
#include "loop/runs/run_directory.h"
#include "loop/training/lifted_frames.h"
#include "loop/training/network_bridge.h"
#include "loop/training/predictor.h"
#include "regressor/mirrored.h"
#include "regressor/root_joints.h"
#include "regressor/runtime.h"

namespace gyre {
namespace {

std::string RootText(const KeypointSet& set) {
  const JointRange range = JointsInSpace(set);
  const RootJoints root = PelvisOf(set, range.first, range.count);
  const auto name = [&](int64_t joint) { return std::string(set.joints[range.first + joint]); };
  return root.right == root.left ? name(root.right) : name(root.right) + " and " + name(root.left);
}

}  // namespace

int EvaluateJoints(const cxxopts::ParseResult& args, const std::string& checkpoint,
                   const TrainOptions& options) {
  InitRuntime(args["threads"].as<int>());
  const c10::Device device = DeviceFromName(args["device"].as<std::string>());
  const std::string data = args.count("data") ? args["data"].as<std::string>() : options.val;
  if (data.empty()) throw UsageError("--data is required: the run had no validation set");
  const bool mirrored = args.count("mirror-mean") > 0;
  Network network = LoadNetworkOf(checkpoint, options, NetworkSetting{}, device);
  LoaderOptions loading =
      LoaderOptions::Evaluation(args["batch-size"].as<int>(), options.network.image_px);
  BringInput(options.network, &loading);
  Loader loader(OpenMixture(data), loading);
  std::vector<ClipFrame> frames;
  int64_t samples = 0;
  Progress progress("evaluating", "batches", loader.steps_per_epoch());
  const at::NoGradGuard no_grad;
  for (int64_t i = 0; i < loader.steps_per_epoch(); ++i) {
    const Batch batch = loader.Next();
    const at::Tensor inputs = NetworkInputs(batch, options.network.input, device);
    AddLiftedFrames(mirrored ? MeanOfMirrored(network, inputs) : network->forward(inputs), batch,
                    &frames);
    samples += batch.size();
    progress.Advance();
  }
  if (frames.empty()) {
    ThrowUserError("nothing of {} can be evaluated: no sample has true 3D joints", data);
  }
  const KeypointSet& set = network->keypoints();
  EvaluationResult result{"clips",
                          std::string(set.name),
                          RootText(set),
                          JointsInSpace(set).count,
                          0,
                          static_cast<int64_t>(frames.size()),
                          {}};
  result.metrics = ClipErrors(std::move(frames));
  const std::string title =
      fmt::format("network of {} on {}{}", FindCheckpoint(checkpoint).string(), data,
                  mirrored ? ", mean with the mirror image's" : "");
  if (args.count("json") > 0) {
    nlohmann::json json = {{"evaluated", title},
                           {"samples_without_joints", samples - result.samples},
                           {"space", ToJson(result)}};
    fmt::print("{}\n", json.dump(2));
    return 0;
  }
  fmt::print("{}\n\n{}", title, FormatTable(result));
  if (samples > result.samples) {
    fmt::print("\n{} without true 3D joints left out.\n",
               Counted(samples - result.samples, "samples"));
  }
  return 0;
}

}  // namespace gyre
