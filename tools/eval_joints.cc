// SPDX-License-Identifier: Apache-2.0
#include "tools/eval_joints.h"

#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/counted.h"
#include "core/error.h"
#include "core/progress.h"
#include "datasets/dataset_spec.h"
#include "loop/runs/run_directory.h"
#include "loop/training/lifted_frames.h"
#include "loop/training/network_bridge.h"
#include "loop/training/predictor.h"
#include "loop/training/seen_errors.h"
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

// Of networks that say neither bodies nor joints in space.
void PrintSeen(const std::string& title, int64_t samples, const SeenErrors& seen, bool as_json) {
  const double pck = seen.joints > 0 ? seen.near / seen.joints : std::nan(""),
               iou = seen.masks > 0 ? seen.overlap / seen.masks : std::nan("");
  if (as_json) {
    const auto or_null = [](double value) {
      return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
    };
    const nlohmann::json json = {{"evaluated", title},
                                 {"samples", samples},
                                 {"picture",
                                  {{"pck20_torso", or_null(pck)},
                                   {"joints", seen.joints},
                                   {"mask_iou", or_null(iou)},
                                   {"masks", seen.masks}}}};
    fmt::print("{}\n", json.dump(2));
    return;
  }
  fmt::print("{}\n\nPCK@0.2 torso  {:.3f}  of {:.0f} joints that are seen\n", title, pck,
             seen.joints);
  fmt::print("IoU of masks   {:.3f}  of {:.0f} people\n", iou, seen.masks);
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
  BringTargets(options.loss, &loading);
  Mixture mixture = OpenMixture(data);
  RequireKeypoints(mixture, network->keypoints());
  Loader loader(std::move(mixture), loading);
  std::vector<ClipFrame> frames;
  SeenErrors seen;
  int64_t samples = 0;
  Progress progress("evaluating", "batches", loader.steps_per_epoch());
  const at::NoGradGuard no_grad;
  for (int64_t i = 0; i < loader.steps_per_epoch(); ++i) {
    const Batch batch = loader.Next();
    const at::Tensor inputs = NetworkInputs(batch, options.network.input, device);
    const Output said = mirrored ? MeanOfMirrored(network, inputs) : network->forward(inputs);
    AddLiftedFrames(said, batch, &frames);
    AddSeenErrors(said, batch, &seen);
    samples += batch.size();
    progress.Advance();
  }
  const std::string title =
      fmt::format("network of {} on {}{}", FindCheckpoint(checkpoint).string(), data,
                  mirrored ? ", mean with the mirror image's" : "");
  if (frames.empty() && (seen.joints > 0 || seen.masks > 0)) {
    PrintSeen(title, samples, seen, args.count("json") > 0);
    return 0;
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
