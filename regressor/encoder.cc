// SPDX-License-Identifier: Apache-2.0
#include "regressor/encoder.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include <algorithm>
#include <array>
#include <string>

#include "body/joints.h"
#include "core/error.h"
#include "regressor/batch_norm.h"
#include "regressor/resnet.h"

namespace gyre {
namespace {

// Linear, batch norm, ReLU, dropout.
class DenseImpl : public torch::nn::Module {
 public:
  DenseImpl(int64_t in, int64_t out, double dropout)
      : linear(register_module("linear", torch::nn::Linear(in, out))),
        norm(register_module("norm", BatchNorm(out))),
        drop(register_module("drop", torch::nn::Dropout(dropout))) {}

  at::Tensor forward(const at::Tensor& x) { return drop(norm(linear(x)).relu_()); }

 private:
  torch::nn::Linear linear;
  BatchNorm norm;
  torch::nn::Dropout drop;
};
TORCH_MODULE(Dense);

class KeypointEncoder : public EncoderImpl {
 public:
  explicit KeypointEncoder(const NetworkOptions& options) {
    feature_size_ = 16 * int64_t{options.width};
    const auto dense = [&](const char* name, int64_t in) {
      return register_module(name, Dense(in, feature_size_, options.dropout));
    };
    enter = dense("enter", 3 * kNumSpinJoints);
    block1a = dense("block1a", feature_size_);
    block1b = dense("block1b", feature_size_);
    block2a = dense("block2a", feature_size_);
    block2b = dense("block2b", feature_size_);
  }

  at::Tensor Features(const at::Tensor& keypoints) override {
    GYRE_CHECK(keypoints.dim() == 3 && keypoints.size(1) == kNumSpinJoints);
    const at::Tensor confidence = keypoints.narrow(2, 2, 1);
    const at::Tensor places = keypoints.narrow(2, 0, 2).masked_fill(confidence <= 0, 0);
    at::Tensor h = enter(at::cat({places, confidence}, 2).flatten(1));
    h = h + block1b(block1a(h));
    return h + block2b(block2a(h));
  }

 private:
  Dense enter{nullptr}, block1a{nullptr}, block1b{nullptr}, block2a{nullptr}, block2b{nullptr};
};

class SilhouetteEncoder : public EncoderImpl {
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

  at::Tensor Features(const at::Tensor& silhouettes) override {
    at::Tensor h = silhouettes;
    for (int i = 0; i < kStages; ++i) {
      h = at::max_pool2d(norms[i](convs[i](h)).relu_(), /*kernel_size=*/2);
    }
    return dense(h.flatten(1));
  }

 private:
  std::array<torch::nn::Conv2d, kStages> convs{nullptr, nullptr, nullptr, nullptr, nullptr};
  std::array<BatchNorm, kStages> norms{nullptr, nullptr, nullptr, nullptr, nullptr};
  Dense dense{nullptr};
};

}  // namespace

std::shared_ptr<EncoderImpl> MakeEncoder(const NetworkOptions& options) {
  switch (options.input) {
    case NetworkInput::kImage:
      return std::make_shared<ResNetImpl>(options.backbone, options.width);
    case NetworkInput::kKeypoints:
      return std::make_shared<KeypointEncoder>(options);
    case NetworkInput::kSilhouette:
      return std::make_shared<SilhouetteEncoder>(options);
  }
  GYRE_CHECK(false, "no such input");
  return nullptr;
}

}  // namespace gyre
