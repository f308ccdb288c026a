// SPDX-License-Identifier: Apache-2.0
#include "tools/network_start.h"

#include <spdlog/spdlog.h>

#include <optional>

#include "core/error.h"
#include "core/progress.h"
#include "datasets/augment.h"
#include "datasets/loader.h"
#include "io/image.h"
#include "loop/predictor.h"
#include "regressor/runtime.h"

namespace gyre {
namespace {

constexpr double kBoxMargin = 1.2;  // as the network's training data

ImageBuffer BufferOf(const cv::Mat& image) {
  ImageBuffer buffer;
  buffer.width = image.cols;
  buffer.height = image.rows;
  buffer.pixels.assign(image.datastart, image.dataend);
  return buffer;
}

// The person as a batch of one; empty when it cannot be cropped.
std::optional<Batch> BatchOf(const FitInput& input, int crop_px) {
  const FitProblem& problem = input.problem;
  const auto box = BoxAroundPoints(problem.keypoints_px, problem.confidence, kBoxMargin);
  if (input.image_path.empty() || !box) return std::nullopt;
  Batch batch;
  batch.crop_px = crop_px;
  batch.samples.resize(1);
  batch.samples[0].box = *box;
  batch.samples[0].camera = problem.camera;
  batch.crops.push_back(CropOf(*box, crop_px, Augmentation()));
  batch.pixels.resize(static_cast<size_t>(crop_px) * crop_px * 3);
  try {
    WarpToCrop(BufferOf(ReadImage(input.image_path)), batch.crops[0], Augmentation(),
               batch.pixels.data());
  } catch (const UserError& error) {
    spdlog::warn("{}; this person starts from the mean", error.what());
    return std::nullopt;
  }
  return batch;
}

}  // namespace

int64_t StartFromNetwork(const std::filesystem::path& run, const BodyModel& body,
                         std::vector<FitInput>* inputs) {
  InitRuntime(0);
  const c10::Device device = DeviceFromName("cpu");
  TrainedNetwork trained = LoadTrainedNetwork(run, device);
  const RestJoints rest(body);
  Progress progress("regressing", "persons", static_cast<int64_t>(inputs->size()));
  int64_t started = 0;
  for (FitInput& input : *inputs) {
    if (const auto batch = BatchOf(input, trained.options.network.image_px)) {
      input.problem.start = PredictBodies(trained.network, *batch, rest, device)[0];
      input.problem.has_start = true;
      input.problem.start_has_translation = true;
      ++started;
    }
    progress.Advance();
  }
  return started;
}

}  // namespace gyre
