// SPDX-License-Identifier: Apache-2.0
// ResNet-18, -34 and -50 without the classifier (He et al. 2016; stride on the 3x3 convolution of a
// bottleneck, as in torchvision, whose parameter names these are: conv1, bn1, layer1.0.conv1, ...,
// layer2.0.downsample.0).
#pragma once

#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>

#include "regressor/batch_norm.h"
#include "regressor/encoders/encoder.h"

namespace gyre {

// Images [B,3,H,W], H and W at least 32 -> the feature maps of its four stages, at a 4th to a 32nd
// of the size, and the last one's mean [B,C].
class ResNet : public Encoder {
 public:
  // Convolutions are drawn from normal(0, sqrt(2 / (k k out_channels))), batch norms are 1 and 0
  // (SPIN's start), by Torch's global generator. `width`: channels of the first stage.
  explicit ResNet(Backbone backbone, int width = 64);

  // feature_size() is 512, or 2048 for ResNet-50, at width 64.
  Features Encode(const at::Tensor& images) override;

 private:
  torch::nn::Conv2d conv1{nullptr};
  BatchNorm bn1{nullptr};
  torch::nn::Sequential layer1{nullptr}, layer2{nullptr}, layer3{nullptr}, layer4{nullptr};
};

std::shared_ptr<Encoder> MakeResNet(const NetworkOptions& options, const KeypointSet& set);

}  // namespace gyre
