// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/temporal_lifter.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/conv1d.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/relu.h>

#include "core/error.h"

namespace gyre {
namespace {

torch::nn::Conv1d Convolution(int64_t in, int64_t out, int64_t width, bool bias) {
  return torch::nn::Conv1d(torch::nn::Conv1dOptions(in, out, width).bias(bias));
}

}  // namespace

TemporalLifterImpl::TemporalLifterImpl(const TemporalLifterOptions& options) : options_(options) {
  options_.Check();
  const int64_t channels = options_.channels;
  expand_conv =
      register_module("expand_conv", Convolution(options_.joints_in * options_.coordinates_in,
                                                 channels, options_.widths[0], /*bias=*/false));
  expand_bn = register_module("expand_bn", BatchNorm(channels));
  register_module("layers_conv", layers_conv);
  register_module("layers_bn", layers_bn);
  int64_t joined = options_.widths[0];
  for (size_t i = 1; i < options_.widths.size(); ++i) {
    const int64_t width = options_.widths[i];
    layers_conv->push_back(
        Convolution(channels, channels, options_.dense ? (width - 1) * joined + 1 : width, false));
    layers_conv->push_back(Convolution(channels, channels, 1, false));
    layers_bn->push_back(BatchNorm(channels));
    layers_bn->push_back(BatchNorm(channels));
    joined *= width;
  }
  if (options_.joints_out == 0) return;
  shrink = register_module("shrink", Convolution(channels, 3 * options_.joints_out, 1, true));
}

at::Tensor TemporalLifterImpl::Run(const at::Tensor& x, bool windows) {
  GYRE_CHECK(x.dim() == 4 && x.size(2) == options_.joints_in &&
             x.size(3) == options_.coordinates_in);
  const auto activate = [&](const at::Tensor& h, BatchNormImpl& norm) {
    return at::dropout(at::relu(norm.forward(h)), options_.dropout, is_training());
  };
  const auto convolve = [](const at::Tensor& h, const at::Tensor& kernel, int64_t stride,
                           int64_t dilation) {
    return at::conv1d(h, kernel, /*bias=*/{}, at::IntArrayRef{stride}, at::IntArrayRef{int64_t{0}},
                      at::IntArrayRef{dilation});
  };
  at::Tensor h = x.flatten(2).transpose(1, 2);  // [B,C,T]
  int64_t joined = options_.widths[0];
  h = activate(convolve(h, expand_conv->weight, windows ? joined : 1, 1), *expand_bn);
  for (size_t i = 1; i < options_.widths.size(); ++i) {
    const int64_t width = options_.widths[i], step = windows ? width : 1;
    const int64_t apart = windows ? 1 : joined;  // frames between what the kernel joins
    const int64_t from = options_.causal ? (width - 1) * apart : (width - 1) / 2 * apart;
    const auto part = [&](const torch::nn::ModuleList& list, size_t k) {
      return list->ptr(2 * (i - 1) + k);
    };
    at::Tensor next = convolve(h, part(layers_conv, 0)->as<torch::nn::Conv1d>()->weight, step,
                               options_.dense ? 1 : apart);
    // Of the frames that the output keeps, by their middle (or last) one.
    const at::Tensor kept = h.slice(2, from, from + step * (next.size(2) - 1) + 1, step);
    next = activate(next, *part(layers_bn, 0)->as<BatchNorm>());
    next = activate(convolve(next, part(layers_conv, 1)->as<torch::nn::Conv1d>()->weight, 1, 1),
                    *part(layers_bn, 1)->as<BatchNorm>());
    h = kept + next;
    joined *= width;
  }
  if (shrink.is_empty()) return h.transpose(1, 2);
  return shrink(h).transpose(1, 2).unflatten(2, {options_.joints_out, 3});
}

at::Tensor TemporalLifterImpl::forward(const at::Tensor& x) {
  GYRE_CHECK(x.size(1) >= options_.ReceptiveField());
  return Run(x, /*windows=*/false);
}

at::Tensor TemporalLifterImpl::Windows(const at::Tensor& x) {
  GYRE_CHECK(!options_.dense && x.size(1) % options_.ReceptiveField() == 0 && x.size(1) > 0);
  return Run(x, /*windows=*/true);
}

}  // namespace gyre
