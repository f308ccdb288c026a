// SPDX-License-Identifier: Apache-2.0
// Stacked hourglasses (Newell et al. 2016), in the form that Pavlakos et al. 2017 train: no
// residual behind an hourglass, linear layers of their own width. Sizes of maps are kept.
#pragma once

#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include "regressor/batch_norm.h"

namespace gyre {

// A convolution with bias and `kernel` / 2 of padding.
torch::nn::Conv2d PaddedConvolution(int64_t in, int64_t out, int64_t kernel, int64_t stride = 1);

// x + F(x), F of three convolutions, each behind batch norm and ReLU: 1x1 to half of `out`, 3x3,
// 1x1 to `out`; a 1x1 convolution on the way of x where `in` differs.
class PreActivationImpl : public torch::nn::Module {
 public:
  PreActivationImpl(int64_t in, int64_t out);
  at::Tensor forward(const at::Tensor& x);

 private:
  BatchNorm bn1, bn2, bn3;
  torch::nn::Conv2d conv1, conv2, conv3, skip{nullptr};
};
TORCH_MODULE(PreActivation);

// Down `depth` times by half and up again, with three residuals beside the way at each level.
// Channels `in` -> `out`, `inner` between. Height and width are multiples of 2^depth.
class HourglassImpl : public torch::nn::Module {
 public:
  HourglassImpl(int depth, int64_t in, int64_t inner, int64_t out);
  at::Tensor forward(const at::Tensor& x);

 private:
  torch::nn::ModuleList upper, lower, back;
  std::shared_ptr<HourglassImpl> smaller;  // null at the smallest
};
TORCH_MODULE(Hourglass);

// 1x1 convolution, batch norm, ReLU.
class LinearMapImpl : public torch::nn::Module {
 public:
  LinearMapImpl(int64_t in, int64_t out)
      : conv(register_module("conv", PaddedConvolution(in, out, 1))),
        bn(register_module("bn", BatchNorm(out))) {}
  at::Tensor forward(const at::Tensor& x) { return bn(conv(x)).relu_(); }

 private:
  torch::nn::Conv2d conv;
  BatchNorm bn;
};
TORCH_MODULE(LinearMap);

}  // namespace gyre
