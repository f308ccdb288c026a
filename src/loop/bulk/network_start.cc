// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/network_start.h"

#include <spdlog/spdlog.h>

#include <optional>

#include "core/error.h"
#include "core/parallel.h"
#include "datasets/decorators/augment.h"
#include "datasets/decorators/loader.h"
#include "io/image.h"
#include "loop/training/predictor.h"
#include "regressor/runtime.h"

namespace gyre {
namespace {

ImageBuffer BufferOf(const cv::Mat& image) {
  ImageBuffer buffer;
  buffer.width = image.cols;
  buffer.height = image.rows;
  buffer.pixels.assign(image.datastart, image.dataend);
  return buffer;
}

// The person's picture as a batch of one; empty when it cannot be cropped.
std::optional<Batch> BatchOf(const Person& person, int crop_px) {
  if (person.image_path.empty()) return std::nullopt;
  Batch batch;
  batch.crop_px = crop_px;
  batch.samples = {person};
  batch.crops.push_back(CropOf(person.box, crop_px, Augmentation()));
  batch.pixels.resize(static_cast<size_t>(crop_px) * crop_px * 3);
  try {
    WarpToCrop(BufferOf(ReadImage(person.image_path)), batch.crops[0], Augmentation(),
               batch.pixels.data());
  } catch (const UserError& error) {
    spdlog::warn("{}; this person starts from the mean", error.what());
    return std::nullopt;
  }
  return batch;
}

class TrainedNetworkStart : public NetworkStart {
 public:
  TrainedNetworkStart(const std::filesystem::path& run,
                      const std::shared_ptr<const BodyModel>& body)
      : trained_(LoadTrainedNetwork(run, body, DeviceFromName("cpu"))) {
    if (trained_.options.network.input == NetworkInput::kSilhouette) {
      ThrowUserError("{}: its network looks at silhouettes, which gyre fit does not have",
                     run.string());
    }
  }

  bool needs_pictures() const override {
    return trained_.options.network.input == NetworkInput::kImage;
  }

  void SetStarts(int threads, std::vector<FitInput>* inputs) override {
    // A person per thread, not a batch on all threads: the bytes of a start then depend neither on
    // its neighbours nor on the number of threads.
    ParallelFor(static_cast<int64_t>(inputs->size()), threads,
                [&](int64_t i, int) { SetStart(&(*inputs)[i]); });
  }

 private:
  void SetStart(FitInput* input) {
    const auto person = PersonForNetwork(*input);
    if (!person) return;
    if (!needs_pictures()) {
      input->problem.start = PredictFromKeypoints(trained_, {&*person, 1})[0];
    } else {
      const auto batch = BatchOf(*person, trained_.options.network.image_px);
      if (!batch) return;
      input->problem.start = trained_.Predict(*batch)[0];
    }
    input->problem.has_start = input->problem.start_has_translation = true;
  }

  TrainedNetwork trained_;
};

}  // namespace

std::unique_ptr<NetworkStart> OpenNetworkStart(const std::filesystem::path& run,
                                               const std::shared_ptr<const BodyModel>& body) {
  InitRuntime(1);  // a person per thread, see SetStarts
  return std::make_unique<TrainedNetworkStart>(run, body);
}

}  // namespace gyre
