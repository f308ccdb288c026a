// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/network_start.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "core/error.h"
#include "core/parallel.h"
#include "datasets/decorators/augment.h"
#include "datasets/decorators/loader.h"
#include "datasets/readers/image_folder.h"
#include "loop/bulk/fit_identity.h"
#include "loop/runs/run_directory.h"
#include "loop/training/network_picture.h"
#include "loop/training/predictor.h"
#include "regressor/runtime.h"

namespace gyre {
namespace {

// The person's picture as a batch of one, made as training's loader makes it. UserError when there
// is none, or it cannot be read.
Batch BatchOf(const FitInput& input, const Person& person, const NetworkOptions& network) {
  static const ImageFolderDataset files("pictures", {});
  const Dataset& pictures = input.made_pictures ? *input.made_pictures : files;
  Batch batch;
  const int crop_px = batch.crop_px = network.image_px;
  batch.samples = {person};
  batch.crops.push_back(NetworkCrop(network, person.box));
  batch.pixels.resize(static_cast<size_t>(crop_px) * crop_px * 3);
  WarpToCrop(pictures.LoadImageAtScale(person, batch.crops[0].scale()), batch.crops[0],
             Augmentation(), batch.pixels.data());
  return batch;
}

// Within what a picture can hold.
bool IsSane(const Box& box) {
  constexpr double kFarthestPx = 1e6;
  return box.side_px >= 1 && box.side_px <= kFarthestPx &&
         (box.center_px.array().abs() <= kFarthestPx).all();
}

class TrainedNetworkStart : public NetworkStart {
 public:
  TrainedNetworkStart(const std::filesystem::path& run,
                      const std::shared_ptr<const BodyModel>& body)
      : trained_(LoadTrainedNetwork(run, body, DeviceFromName("cpu"))),
        keypoints_(FindKeypointSet(trained_.options.network.keypoints)),
        fingerprint_(FingerprintOfFile(FindCheckpoint(run) / "network.pt")) {
    if (trained_.options.network.input == NetworkInput::kSilhouette) {
      ThrowUserError("{}: its network looks at silhouettes, which gyre fit does not have",
                     run.string());
    }
  }

  bool needs_pictures() const override {
    return trained_.options.network.input == NetworkInput::kImage;
  }

  std::string fingerprint() const override { return fingerprint_; }

  void SetStarts(int threads, std::vector<FitInput>* inputs) override {
    // A person per thread, not a batch on all threads: the bytes of a start then depend neither on
    // its neighbours nor on the number of threads.
    ParallelFor(static_cast<int64_t>(inputs->size()), threads,
                [&](int64_t i, int) { SetStart(&(*inputs)[i]); });
  }

 private:
  void SetStart(FitInput* input) {
    input->no_body.reset();
    const auto person = PersonForNetwork(*input, keypoints_);
    if (!person || !IsSane(person->box)) {
      input->no_body = {"no_box", "there is no box, and keypoints that make one are not there"};
      return;
    }
    if (!(person->camera->focal_px > 0) || !person->camera->center_px.allFinite()) {
      input->no_body = {"bad_camera", "the camera of the picture is not known"};
      return;
    }
    const std::optional<BodyParams> body = Said(input, *person);
    if (!body) return;
    if (!body->values().allFinite()) {
      input->no_body = {"not_finite", "the network's numbers are not finite; is it trained?"};
      return;
    }
    input->problem.start = *body;
    input->problem.has_start = input->problem.start_has_translation = true;
  }

  // Empty where there is nothing to look at.
  std::optional<BodyParams> Said(FitInput* input, const Person& person) {
    if (!needs_pictures() && person.keypoints.NumObserved() == 0) {
      input->no_body = {"no_keypoints", "the network looks at keypoints, and none is observed"};
      return std::nullopt;
    }
    if (!needs_pictures()) return PredictFromKeypoints(trained_, {&person, 1})[0];
    Batch batch;
    try {
      batch = BatchOf(*input, person, trained_.options.network);
    } catch (const UserError& error) {
      input->no_body = {input->HasPicture() ? "unreadable_picture" : "no_picture", error.what()};
      return std::nullopt;
    }
    return trained_.Predict(batch)[0];
  }

  TrainedNetwork trained_;
  const KeypointSet& keypoints_;
  std::string fingerprint_;
};

}  // namespace

std::unique_ptr<NetworkStart> OpenNetworkStart(const std::filesystem::path& run,
                                               const std::shared_ptr<const BodyModel>& body) {
  InitRuntime(1);  // a person per thread, see SetStarts
  return std::make_unique<TrainedNetworkStart>(run, body);
}

}  // namespace gyre
