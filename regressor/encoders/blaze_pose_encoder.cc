// SPDX-License-Identifier: Apache-2.0
#include "regressor/encoders/blaze_pose_encoder.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/linear.h>

#include <cmath>
#include <string>
#include <utility>

#include "body/joint_positions.h"
#include "core/error.h"
#include "regressor/crop_region.h"
#include "regressor/detector_files.h"
#include "regressor/encoders/keypoint_encoder.h"
#include "regressor/layers/blaze_pose.h"
#include "regressor/layers/body_finder.h"
#include "regressor/preprocess.h"

namespace gyre {
namespace {

// Every body has these, and its hips are where the landmarks' are.
constexpr const char* kSet = "halpe26";
constexpr double kBoxMargin = 1.2;      // of prior18's crops around keypoints
constexpr double kMinVisibility = 0.1;  // of a landmark that counts
constexpr double kSmallestBox = 0.1;    // half a side; the region's is 1
constexpr double kFarthest = 2;         // of a landmark from the box's middle, in half its side

// Where each keypoint of a set stands among the landmarks; -1 where it is none of them.
std::vector<int64_t> RowsOf(const KeypointSet& set) {
  std::vector<int64_t> rows(set.size(), -1);
  const std::vector<int> of_landmarks = PositionsIn(set, FindKeypointSet("blazepose33"));
  for (size_t i = 0; i < of_landmarks.size(); ++i) {
    if (of_landmarks[i] >= 0) rows[of_landmarks[i]] = static_cast<int64_t>(i);
  }
  return rows;
}

// The square around those of places [B,N,2] that are seen [B,N], around all where none is.
CropRegion BoxAround(const at::Tensor& places, const at::Tensor& seen) {
  const at::NoGradGuard no_grad;
  const at::Tensor out = seen.logical_not() & seen.any(1, /*keepdim=*/true);
  const at::Tensor low = places.masked_fill(out.unsqueeze(2), 1e9).amin(1);
  const at::Tensor high = places.masked_fill(out.unsqueeze(2), -1e9).amax(1);
  const at::Tensor half_side = ((high - low).amax(1) * (0.5 * kBoxMargin)).clamp_min(kSmallestBox);
  return {.center = (low + high) / 2, .half_side = half_side, .angle = at::zeros_like(half_side)};
}

class BlazePoseEncoder : public Encoder {
 public:
  BlazePoseEncoder(const NetworkOptions& options, const BlazePoseSizes& sizes, std::string file)
      : file_(std::move(file)),
        rows_(RowsOf(FindKeypointSet(kSet))),
        finder(register_module("finder", BodyFinder(sizes))),
        trunk(register_module("trunk", BlazePose(sizes))),
        pose(register_module("pose", MakeKeypointEncoder(options, FindKeypointSet(kSet)))) {
    feature_size_ = pose->feature_size();
    // The map's four cells, whether there is a body, how visible each landmark is, and where it is
    // in space.
    const int64_t numbers = 4 * sizes.branch + 1 + 4 * BlazePoseImpl::kNumPoints;
    seen = register_module("seen", torch::nn::Linear(numbers, feature_size_));
    torch::nn::init::zeros_(seen->weight);
    torch::nn::init::zeros_(seen->bias);
  }

  Features Encode(const at::Tensor& images) override {
    const at::Tensor rgb = RgbOfNormalized(images);
    const CropRegion region = finder->Find(rgb);
    const BlazePoseImpl::Said said = trunk(CutRegions(rgb, region));
    const at::Tensor rows = at::tensor(rows_, said.places.options().dtype(at::kLong));
    const at::Tensor places = said.places.index_select(1, rows.clamp_min(0));
    const at::Tensor visible =
        (said.visibility.index_select(1, rows.clamp_min(0)) > kMinVisibility) & (rows >= 0);
    const CropRegion box = BoxAround(places, visible);
    const at::Tensor in_box =
        ((places - box.center.unsqueeze(1)) / box.half_side.reshape({-1, 1, 1}))
            .clamp(-kFarthest, kFarthest);
    const at::Tensor landmarks = at::cat({in_box, visible.to(in_box.dtype()).unsqueeze(2)}, 2);
    const at::Tensor map = said.map.flatten(1);
    const at::Tensor beside =
        at::cat({at::layer_norm(map, map.sizes().slice(1)), said.presence.unsqueeze(1),
                 said.visibility, said.world_m.flatten(1)},
                1);
    // Of that many numbers, so that Adam's steps are not as many times as large.
    const double scale = 1 / std::sqrt(static_cast<double>(beside.size(1)));
    return {.pooled = pose->Encode(landmarks).pooled + seen(scale * beside),
            .maps = {},
            .region = Within(region, box)};
  }

  // Batches of photographs are small, and all of some of their landmarks are seen: statistics of
  // batch norm stay what they were where the PosePrior was taught.
  void train(bool on) override {
    Encoder::train(on);
    pose->eval();
  }

  std::vector<at::Tensor> TaughtParameters() const override { return trunk->parameters(); }

  void LoadReleased(const std::filesystem::path& folder) override {
    const TfliteModel model = ReadTflite(DetectorFile(folder.string(), file_));
    finder->Load(DetectorFile(folder.string(), "pose_detection.tflite"), model);
    trunk->Load(model);
  }

 private:
  std::string file_;
  std::vector<int64_t> rows_;  // of the landmarks, by the set's keypoints
  BodyFinder finder;
  BlazePose trunk;
  std::shared_ptr<Encoder> pose;
  torch::nn::Linear seen{nullptr};
};

}  // namespace

std::shared_ptr<Encoder> MakeBlazePoseEncoder(const NetworkOptions& options,
                                              const KeypointSet& /*set*/) {
  if (options.image_px != BlazePoseImpl::kInputPx) {
    ThrowUserError("image_px: {} is not 256, which backbone {} takes", options.image_px,
                   EnumName(options.backbone));
  }
  if (options.backbone == Backbone::kBlazePoseLite) {
    return std::make_shared<BlazePoseEncoder>(options, kBlazePoseLite, "pose_landmark_lite.tflite");
  }
  return std::make_shared<BlazePoseEncoder>(options, kBlazePoseFull, "pose_landmark_full.tflite");
}

std::vector<std::vector<NameRule>> BlazePoseParts() {
  return {{{"pose.", ""}, {"fc1.", "fc1."}, {"fc2.", "fc2."}, {"dec", "dec"}, {"init_", "init_"}}};
}

}  // namespace gyre
