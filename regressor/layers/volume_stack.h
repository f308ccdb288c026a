// SPDX-License-Identifier: Apache-2.0
// Stacked hourglasses that say where joints are in volumes of ever more cells in depth: coarse to
// fine (Pavlakos et al. 2017). Behind each hourglass two linear layers and a convolution to
// joints * depth channels, channel = joint * depth + cell; before the next, the volumes and what
// was before them are brought back in. At 4 w = 256 channels and 17 joints, stacks of depths 1, 2,
// 4, 64 have 12,868,241, 13,228,834, 13,353,796 and 13,728,320 parameters.
#pragma once

#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include <vector>

#include "regressor/layers/hourglass.h"

namespace gyre {

// What a stack gives.
struct StackedVolumes {
  std::vector<at::Tensor> volumes;  // [B,M,D,H,W] each, D as asked for
  at::Tensor features;              // [B,C,H,W] before the last
};

class VolumeStackImpl : public torch::nn::Module {
 public:
  // On maps of 2 `width` and 4 `width` channels, whose sides are multiples of 2^halvings. Without
  // depths it is one hourglass that says no volume. Before it has learnt anything volumes are all
  // but empty.
  VolumeStackImpl(int64_t width, int64_t joints, std::vector<int64_t> depths, int halvings);

  // For a picture's side in pixels, whose map is a quarter of it: four for 256, as published, down
  // to a map of 4 x 4. A smaller picture is halved less often: the norms of a single cell would
  // have nothing but the batch to go by.
  static int HalvingsOf(int image_px);

  StackedVolumes forward(const at::Tensor& before, const at::Tensor& map);
  int64_t feature_channels() const { return feature_channels_; }

 private:
  struct Stage {
    Hourglass hourglass;
    LinearMap linear1, linear2;
    torch::nn::Conv2d out{nullptr}, back{nullptr},
        mix{nullptr};  // the last two: not behind the last
  };

  int64_t joints_, feature_channels_ = 0;
  std::vector<int64_t> depths_;
  std::vector<Stage> stages_;
};
TORCH_MODULE(VolumeStack);

}  // namespace gyre
