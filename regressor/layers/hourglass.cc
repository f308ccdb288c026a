// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/hourglass.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/upsample_nearest2d.h>

namespace gyre {
namespace {

// Residuals one after the other.
at::Tensor Through(const torch::nn::ModuleList& residuals, at::Tensor x) {
  for (const auto& residual : *residuals) x = residual->as<PreActivationImpl>()->forward(x);
  return x;
}

}  // namespace

torch::nn::Conv2d PaddedConvolution(int64_t in, int64_t out, int64_t kernel, int64_t stride) {
  return torch::nn::Conv2d(
      torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2));
}

PreActivationImpl::PreActivationImpl(int64_t in, int64_t out)
    : bn1(register_module("bn1", BatchNorm(in))),
      bn2(register_module("bn2", BatchNorm(out / 2))),
      bn3(register_module("bn3", BatchNorm(out / 2))),
      conv1(register_module("conv1", PaddedConvolution(in, out / 2, 1))),
      conv2(register_module("conv2", PaddedConvolution(out / 2, out / 2, 3))),
      conv3(register_module("conv3", PaddedConvolution(out / 2, out, 1))) {
  if (in != out) skip = register_module("skip", PaddedConvolution(in, out, 1));
}

at::Tensor PreActivationImpl::forward(const at::Tensor& x) {
  at::Tensor h = conv1(bn1(x).relu_());
  h = conv2(bn2(h).relu_());
  h = conv3(bn3(h).relu_());
  return h + (skip.is_empty() ? x : skip(x));
}

HourglassImpl::HourglassImpl(int depth, int64_t in, int64_t inner, int64_t out) {
  const auto residuals = [this](const char* name, std::initializer_list<int64_t> widths) {
    torch::nn::ModuleList list;
    for (const int64_t* width = widths.begin(); width + 1 != widths.end(); ++width) {
      list->push_back(PreActivation(width[0], width[1]));
    }
    return register_module(name, list);
  };
  upper = residuals("upper", {in, inner, inner, out});
  if (depth > 1) {
    lower = residuals("lower", {in, inner, inner, inner});
    smaller =
        register_module("smaller", std::make_shared<HourglassImpl>(depth - 1, inner, inner, out));
  } else {
    lower = residuals("lower", {in, inner, inner, inner, out});
  }
  back = residuals("back", {out, out});
}

at::Tensor HourglassImpl::forward(const at::Tensor& x) {
  at::Tensor low = Through(lower, at::max_pool2d(x, /*kernel_size=*/2));
  if (smaller) low = smaller->forward(low);
  low = Through(back, low);
  return Through(upper, x) + at::upsample_nearest2d(low, {x.size(2), x.size(3)});
}

}  // namespace gyre
