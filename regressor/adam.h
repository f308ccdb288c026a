// SPDX-License-Identifier: Apache-2.0
// Adam (Kingma and Ba 2015) for networks on a CPU, where LibTorch's own takes an eighth of a small
// network's step: it passes over the parameters a dozen times, and memory is slow.
#pragma once

#include <torch/nn/module.h>
#include <torch/optim/adam.h>
#include <torch/version.h>

#include <type_traits>

namespace gyre {

using AdamStates = std::decay_t<decltype(std::declval<torch::optim::Adam&>().state())>;

// Torch 2 keys an optimiser's state by the parameter's address, Torch 1 by its decimal text.
AdamStates::key_type StateKey(const at::Tensor& parameter);

// LibTorch's Adam and AMSGrad, state and all, without weight decay; its step passes over a CPU's
// memory once. The same numbers up to rounding.
class FusedAdam : public torch::optim::Adam {
 public:
  using Adam::Adam;
  at::Tensor step(LossClosure closure = nullptr) override;
};

// The norm of all gradients together, which are shortened to `limit` when it is above that; 0:
// never.
double ClipGradients(const torch::nn::Module& module, double limit);

}  // namespace gyre
