// SPDX-License-Identifier: Apache-2.0
#include "regressor/encoders/resnet.h"

#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>

#include <cmath>
#include <memory>

namespace gyre {
namespace {

torch::nn::Conv2d Convolution(int64_t in, int64_t out, int64_t kernel, int64_t stride) {
  return torch::nn::Conv2d(
      torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false));
}

// x + F(x), with a 1x1 convolution on the way of x where the shape changes.
class Residual : public torch::nn::Module {
 protected:
  Residual(int64_t in, int64_t out, int64_t stride) {
    if (in == out && stride == 1) return;
    downsample = register_module(
        "downsample", torch::nn::Sequential(Convolution(in, out, 1, stride), BatchNorm(out)));
  }
  at::Tensor Finish(at::Tensor residual, const at::Tensor& x) {
    residual += downsample.is_empty() ? x : downsample->forward(x);
    return residual.relu_();
  }

 private:
  torch::nn::Sequential downsample{nullptr};
};

class BasicBlock : public Residual {
 public:
  static constexpr int64_t kExpansion = 1;

  BasicBlock(int64_t in, int64_t width, int64_t stride) : Residual(in, width, stride) {
    conv1 = register_module("conv1", Convolution(in, width, 3, stride));
    bn1 = register_module("bn1", BatchNorm(width));
    conv2 = register_module("conv2", Convolution(width, width, 3, 1));
    bn2 = register_module("bn2", BatchNorm(width));
  }
  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor h = bn1(conv1(x)).relu_();
    return Finish(bn2(conv2(h)), x);
  }

 private:
  torch::nn::Conv2d conv1{nullptr}, conv2{nullptr};
  BatchNorm bn1{nullptr}, bn2{nullptr};
};

class Bottleneck : public Residual {
 public:
  static constexpr int64_t kExpansion = 4;

  Bottleneck(int64_t in, int64_t width, int64_t stride) : Residual(in, kExpansion * width, stride) {
    conv1 = register_module("conv1", Convolution(in, width, 1, 1));
    bn1 = register_module("bn1", BatchNorm(width));
    conv2 = register_module("conv2", Convolution(width, width, 3, stride));
    bn2 = register_module("bn2", BatchNorm(width));
    conv3 = register_module("conv3", Convolution(width, kExpansion * width, 1, 1));
    bn3 = register_module("bn3", BatchNorm(kExpansion * width));
  }
  at::Tensor forward(const at::Tensor& x) {
    at::Tensor h = bn1(conv1(x)).relu_();
    h = bn2(conv2(h)).relu_();
    return Finish(bn3(conv3(h)), x);
  }

 private:
  torch::nn::Conv2d conv1{nullptr}, conv2{nullptr}, conv3{nullptr};
  BatchNorm bn1{nullptr}, bn2{nullptr}, bn3{nullptr};
};

// `channels` comes in and goes out as the number of channels of the feature map.
template <typename Block>
torch::nn::Sequential Stage(int blocks, int64_t width, int64_t stride, int64_t* channels) {
  torch::nn::Sequential stage;
  for (int i = 0; i < blocks; ++i) {
    stage->push_back(std::make_shared<Block>(*channels, width, i == 0 ? stride : 1));
    *channels = Block::kExpansion * width;
  }
  return stage;
}

void InitialiseConvolutions(torch::nn::Module& module) {
  const torch::NoGradGuard no_grad;
  for (const auto& child : module.modules(/*include_self=*/false)) {
    if (auto* conv = child->as<torch::nn::Conv2dImpl>()) {
      const at::Tensor& w = conv->weight;
      const double fan_out = static_cast<double>(w.size(0) * w.size(2) * w.size(3));
      conv->weight.normal_(0, std::sqrt(2 / fan_out));
    }
  }
}

}  // namespace

ResNet::ResNet(Backbone backbone, int width) {
  conv1 = register_module(
      "conv1",
      torch::nn::Conv2d(torch::nn::Conv2dOptions(3, width, 7).stride(2).padding(3).bias(false)));
  bn1 = register_module("bn1", BatchNorm(width));
  feature_size_ = width;
  const std::array<int, 4> blocks =
      backbone == Backbone::kResNet18 ? std::array{2, 2, 2, 2} : std::array{3, 4, 6, 3};
  const std::array<torch::nn::Sequential*, 4> layers = {&layer1, &layer2, &layer3, &layer4};
  for (size_t i = 0; i < layers.size(); ++i) {
    const auto stage = backbone == Backbone::kResNet50 ? Stage<Bottleneck> : Stage<BasicBlock>;
    *layers[i] = register_module(
        "layer" + std::to_string(i + 1),
        stage(blocks[i], static_cast<int64_t>(width) << i, i == 0 ? 1 : 2, &feature_size_));
  }
  InitialiseConvolutions(*this);
}

Features ResNet::Encode(const at::Tensor& images) {
  at::Tensor x = bn1(conv1(images)).relu_();
  x = at::max_pool2d(x, /*kernel_size=*/3, /*stride=*/2, /*padding=*/1);
  std::vector<at::Tensor> maps;
  for (torch::nn::Sequential* layer : {&layer1, &layer2, &layer3, &layer4}) {
    x = (*layer)->forward(x);
    maps.push_back(x);
  }
  return {.pooled = x.mean({2, 3}), .maps = std::move(maps)};
}

std::shared_ptr<Encoder> MakeResNet(const NetworkOptions& options, const KeypointSet& /*set*/) {
  return std::make_shared<ResNet>(options.backbone, options.width);
}

}  // namespace gyre
