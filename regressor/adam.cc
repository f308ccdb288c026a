// SPDX-License-Identifier: Apache-2.0
#include "regressor/adam.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace gyre {
namespace {

struct Update {
  float beta1, beta2, rate, correction2, eps;

  // m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2,  p -= rate m / (sqrt(v) / correction2 + eps)
  void Apply(int64_t begin, int64_t end, const float* g, float* m, float* v, float* p) const {
    for (int64_t i = begin; i < end; ++i) {
      m[i] = beta1 * m[i] + (1 - beta1) * g[i];
      v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
      p[i] -= rate * m[i] / (std::sqrt(v[i]) / correction2 + eps);
    }
  }

  // The same with the greatest v so far, x, in its place (Reddi et al. 2018).
  void Apply(int64_t begin, int64_t end, const float* g, float* m, float* v, float* x,
             float* p) const {
    for (int64_t i = begin; i < end; ++i) {
      m[i] = beta1 * m[i] + (1 - beta1) * g[i];
      v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
      x[i] = std::max(x[i], v[i]);
      p[i] -= rate * m[i] / (std::sqrt(x[i]) / correction2 + eps);
    }
  }
};

// In the parameter's own layout, so that all four can be walked through side by side.
at::Tensor Alike(const at::Tensor& tensor, const at::Tensor& parameter) {
  if (tensor.strides() == parameter.strides()) return tensor;
  return at::empty_like(parameter).copy_(tensor);
}

}  // namespace

AdamStates::key_type StateKey(const at::Tensor& parameter) {
  auto* impl = parameter.unsafeGetTensorImpl();
#if TORCH_VERSION_MAJOR >= 2
  return impl;
#else
  return c10::guts::to_string(impl);
#endif
}

at::Tensor FusedAdam::step(LossClosure closure) {
  GYRE_CHECK(!closure);
  const at::NoGradGuard no_grad;
  for (auto& group : param_groups()) {
    const auto& options = static_cast<const torch::optim::AdamOptions&>(group.options());
    GYRE_CHECK(options.weight_decay() == 0);
    const auto [beta1, beta2] = options.betas();
    for (at::Tensor& parameter : group.params()) {
      if (!parameter.is_cpu()) return Adam::step();
      if (!parameter.grad().defined()) continue;
      auto& slot = state()[StateKey(parameter)];
      if (!slot) {
        auto fresh = std::make_unique<torch::optim::AdamParamState>();
        fresh->step(0);
        fresh->exp_avg(at::zeros_like(parameter));
        fresh->exp_avg_sq(at::zeros_like(parameter));
        if (options.amsgrad()) fresh->max_exp_avg_sq(at::zeros_like(parameter));
        slot = std::move(fresh);
      }
      auto& moments = static_cast<torch::optim::AdamParamState&>(*slot);
      moments.step(moments.step() + 1);
      moments.exp_avg(Alike(moments.exp_avg(), parameter));
      moments.exp_avg_sq(Alike(moments.exp_avg_sq(), parameter));
      const double steps = static_cast<double>(moments.step());
      const Update update{static_cast<float>(beta1), static_cast<float>(beta2),
                          static_cast<float>(options.lr() / (1 - std::pow(beta1, steps))),
                          static_cast<float>(std::sqrt(1 - std::pow(beta2, steps))),
                          static_cast<float>(options.eps())};
      const at::Tensor gradient = Alike(parameter.grad(), parameter);
      const float* const g = gradient.data_ptr<float>();
      float *const m = moments.exp_avg().data_ptr<float>(),
                   *const v = moments.exp_avg_sq().data_ptr<float>(),
                   *const p = parameter.data_ptr<float>();
      float* x = nullptr;
      if (options.amsgrad()) {
        moments.max_exp_avg_sq(Alike(moments.max_exp_avg_sq(), parameter));
        x = moments.max_exp_avg_sq().data_ptr<float>();
      }
      constexpr int64_t kGrain = 1 << 15;
      at::parallel_for(0, parameter.numel(), kGrain, [&](int64_t begin, int64_t end) {
        x ? update.Apply(begin, end, g, m, v, x, p) : update.Apply(begin, end, g, m, v, p);
      });
    }
  }
  return {};
}

double ClipGradients(const torch::nn::Module& module, double limit) {
  std::vector<at::Tensor> gradients, norms;
  for (const at::Tensor& parameter : module.parameters()) {
    if (parameter.grad().defined()) gradients.push_back(parameter.grad().detach());
  }
  for (const at::Tensor& gradient : gradients) norms.push_back(gradient.norm());
  const double norm = at::stack(norms).norm().item<double>();
  if (limit > 0 && norm > limit) {
    for (at::Tensor& gradient : gradients) gradient.mul_(limit / norm);
  }
  return norm;
}

}  // namespace gyre
