// SPDX-License-Identifier: Apache-2.0
#include "regressor/batch_norm.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/var_mean.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/nn/modules/conv.h>

#include <cmath>

#include "core/error.h"

namespace gyre {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// All dimensions but the channels'.
std::vector<int64_t> OverSamples(const at::Tensor& x) {
  std::vector<int64_t> dimensions = {0};
  for (int64_t d = 2; d < x.dim(); ++d) dimensions.push_back(d);
  return dimensions;
}

// [C] as it broadcasts against [B,C,...].
at::Tensor PerChannel(const at::Tensor& values, const at::Tensor& x) {
  std::vector<int64_t> shape(x.dim() - 1, 1);
  shape[0] = -1;
  return values.reshape(shape);
}

struct SyncedNorm : torch::autograd::Function<SyncedNorm> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, const at::Tensor& mean,
                            const at::Tensor& inverse_sd, const RankMean& rank_mean) {
    ctx->save_for_backward({x, weight, mean, inverse_sd});
    ctx->saved_data["rank_mean"] = reinterpret_cast<int64_t>(&rank_mean);
    const at::Tensor scale = weight * inverse_sd;
    return x * PerChannel(scale, x) + PerChannel(bias - mean * scale, x);
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &mean = saved[2], &inverse_sd = saved[3];
    const auto& rank_mean =
        *reinterpret_cast<const RankMean*>(ctx->saved_data["rank_mean"].toInt());
    const at::Tensor& g = gradients[0];
    const std::vector<int64_t> over = OverSamples(x);
    const at::Tensor normalised = (x - PerChannel(mean, x)) * PerChannel(inverse_sd, x);
    const at::Tensor weight_gradient = (g * normalised).sum(over), bias_gradient = g.sum(over);
    const double samples = static_cast<double>(x.numel()) / static_cast<double>(mean.numel());
    const std::vector<at::Tensor> means =
        rank_mean.Of(at::cat({weight_gradient, bias_gradient}) / samples).chunk(2);
    const at::Tensor x_gradient =
        (g - PerChannel(means[1], x) - normalised * PerChannel(means[0], x)) *
        PerChannel(weight * inverse_sd, x);
    return {x_gradient, weight_gradient, bias_gradient, {}, {}, {}};
  }
};

}  // namespace

void BatchNormImpl::_check_input_dim(const at::Tensor& x) {
  GYRE_CHECK(x.dim() >= 2 && x.dim() <= 4);
}

at::Tensor BatchNormImpl::forward(const at::Tensor& x) {
  if (folded) return x;
  _check_input_dim(x);
  if (is_training()) num_batches_tracked += 1;
  if (rank_mean.ranks == 1 || !is_training()) {
    return torch::nn::functional::detail::batch_norm(x, running_mean, running_var, weight, bias,
                                                     is_training(), *options.momentum(),
                                                     options.eps());
  }
  // Of bfloat16 as well: what is shared has the weights' precision.
  const at::Tensor wide = x.to(weight.dtype());
  at::Tensor mean, inverse_sd;
  {
    const at::NoGradGuard no_grad;
    const auto [own_variance, own_mean] = at::var_mean(wide, OverSamples(x), /*unbiased=*/false);
    // In double precision: the difference of two large numbers may be small.
    const at::Tensor m = own_mean.to(at::kDouble);
    const std::vector<at::Tensor> moments =
        rank_mean.Of(at::cat({m, own_variance.to(at::kDouble) + m * m})).chunk(2);
    const at::Tensor variance = (moments[1] - moments[0] * moments[0]).clamp_min(0);
    const auto samples =
        static_cast<double>(rank_mean.ranks * x.numel()) / static_cast<double>(m.numel());
    const double momentum = *options.momentum();
    running_mean.lerp_(moments[0].to(running_mean.dtype()), momentum);
    running_var.lerp_((variance * (samples / (samples - 1))).to(running_var.dtype()), momentum);
    mean = moments[0].to(wide.dtype());
    inverse_sd = (variance + options.eps()).rsqrt().to(wide.dtype());
  }
  return SyncedNorm::apply(wide, weight, bias, mean, inverse_sd, rank_mean).to(x.dtype());
}

void SyncBatchNorm(torch::nn::Module& network, const RankMean& rank_mean) {
  for (const auto& module : network.modules()) {
    if (auto* norm = module->as<BatchNormImpl>()) norm->rank_mean = rank_mean;
  }
}

void SetBatchNormMomentum(torch::nn::Module& network, double momentum) {
  for (const auto& module : network.modules()) {
    if (auto* norm = module->as<BatchNormImpl>()) norm->options.momentum(momentum);
  }
}

double DecayedMomentum(double from, double to, double done) {
  return from * std::pow(to / from, done);
}

void FoldBatchNorm(torch::nn::Module& network) {
  const at::NoGradGuard no_grad;
  torch::nn::Conv2dImpl* before = nullptr;
  for (const auto& child : network.children()) {
    auto* const norm = child->as<BatchNormImpl>();
    if (norm && before && !before->bias.defined()) {
      const at::Tensor scale = norm->weight / (norm->running_var + norm->options.eps()).sqrt();
      before->weight.set_data(before->weight * scale.reshape({-1, 1, 1, 1}));
      before->bias = norm->bias - norm->running_mean * scale;
      norm->folded = true;
    }
    before = child->as<torch::nn::Conv2dImpl>();
    FoldBatchNorm(*child);
  }
}

}  // namespace gyre
