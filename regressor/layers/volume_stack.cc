// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/volume_stack.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <string>

namespace gyre {
namespace {

// Targets are zero almost everywhere, so are volumes at first: what a convolution starts with says
// about as much in every cell as a target does at its peak, and the first hundred steps or more
// would go into taking that back. Not quite zero, so that the layers before it are taught at once.
void StartNearEmpty(torch::nn::Conv2d& out) {
  constexpr double kShare = 0.01;
  const at::NoGradGuard no_grad;
  out->weight.mul_(kShare);
  out->bias.zero_();
}

}  // namespace

int VolumeStackImpl::HalvingsOf(int image_px) {
  constexpr int kMost = 4, kSmallestMap = 4;
  int halvings = 1;
  while (halvings < kMost && (image_px / 4) >> (halvings + 1) >= kSmallestMap) ++halvings;
  return halvings;
}

VolumeStackImpl::VolumeStackImpl(int64_t width, int64_t joints, std::vector<int64_t> depths,
                                 int halvings)
    : joints_(joints), depths_(std::move(depths)) {
  const int64_t inner = 4 * width, wide = 8 * width;
  int64_t before = 2 * width, in = inner;  // channels brought along, and those of the map
  const size_t count = std::max<size_t>(depths_.size(), 1);
  for (size_t k = 0; k < count; ++k) {
    const std::string name = "stage" + std::to_string(k + 1) + "_";
    const bool last = k + 1 == count;
    feature_channels_ = last ? wide : inner;
    Stage stage{Hourglass(halvings, in, inner, wide), LinearMap(wide, wide),
                LinearMap(wide, feature_channels_)};
    register_module(name + "hourglass", stage.hourglass);
    register_module(name + "linear1", stage.linear1);
    register_module(name + "linear2", stage.linear2);
    const auto one_by_one = [&](const char* part, int64_t from, int64_t to) {
      return register_module(name + part, PaddedConvolution(from, to, 1));
    };
    if (!depths_.empty()) {
      const int64_t channels = joints_ * depths_[k];
      stage.out = one_by_one("out", feature_channels_, channels);
      StartNearEmpty(stage.out);
      if (!last) {
        in = inner + before;
        stage.back = one_by_one("back", channels, in);
        stage.mix = one_by_one("mix", in, in);
        before = feature_channels_;
      }
    }
    stages_.push_back(std::move(stage));
  }
}

StackedVolumes VolumeStackImpl::forward(const at::Tensor& before, const at::Tensor& map) {
  StackedVolumes said;
  at::Tensor x = map, along = before;
  for (size_t k = 0; k < stages_.size(); ++k) {
    Stage& stage = stages_[k];
    said.features = stage.linear2(stage.linear1(stage.hourglass(x)));
    if (stage.out.is_empty()) return said;
    const at::Tensor channels = stage.out(said.features);
    said.volumes.push_back(
        channels.view({channels.size(0), joints_, depths_[k], channels.size(2), channels.size(3)}));
    if (stage.mix.is_empty()) return said;
    x = stage.mix(at::cat({said.features, along}, 1)) + stage.back(channels);
    along = said.features;
  }
  return said;
}

}  // namespace gyre
