// SPDX-License-Identifier: Apache-2.0
#include "regressor/encoders/silhouette_encoder.h"

#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>
#include <torch/nn/modules/conv.h>

#include <algorithm>
#include <array>
#include <string>

#include "regressor/encoders/dense.h"

namespace gyre {
namespace {

class SilhouetteEncoder : public Encoder {
 public:
  static constexpr int kStages = 5;

  explicit SilhouetteEncoder(const NetworkOptions& options) {
    feature_size_ = 512;
    int64_t in = 1;
    for (int i = 0; i < kStages; ++i) {
      const int64_t out = int64_t{options.width} << std::min(i, 2);
      convs[i] = register_module(
          "conv" + std::to_string(i + 1),
          torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3).padding(1).bias(false)));
      norms[i] = register_module("bn" + std::to_string(i + 1), BatchNorm(out));
      in = out;
    }
    const int64_t side = options.image_px >> kStages;
    dense = register_module("dense", Dense(in * side * side, feature_size_, options.dropout));
  }

  Features Encode(const at::Tensor& silhouettes) override {
    at::Tensor h = silhouettes;
    for (int i = 0; i < kStages; ++i) {
      h = at::max_pool2d(norms[i](convs[i](h)).relu_(), /*kernel_size=*/2);
    }
    return {.pooled = dense(h.flatten(1)), .maps = {h}};
  }

 private:
  std::array<torch::nn::Conv2d, kStages> convs{nullptr, nullptr, nullptr, nullptr, nullptr};
  std::array<BatchNorm, kStages> norms{nullptr, nullptr, nullptr, nullptr, nullptr};
  Dense dense{nullptr};
};

}  // namespace

std::shared_ptr<Encoder> MakeSilhouetteEncoder(const NetworkOptions& options,
                                               const KeypointSet& /*set*/) {
  return std::make_shared<SilhouetteEncoder>(options);
}

}  // namespace gyre
