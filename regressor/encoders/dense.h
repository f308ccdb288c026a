// SPDX-License-Identifier: Apache-2.0
// A layer of encoders: linear, batch norm, ReLU, dropout.
#pragma once

#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include "regressor/batch_norm.h"

namespace gyre {

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

}  // namespace gyre
