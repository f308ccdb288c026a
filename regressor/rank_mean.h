// SPDX-License-Identifier: Apache-2.0
// What the mathematics of training knows of several ranks (processes that train one network
// together): each has an equal part of the batch, and they can take a mean.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace gyre {

struct RankMean {
  int ranks = 1;
  // The mean over the ranks of a tensor of the same shape on all of them; has no gradient. All call
  // it in the same order. Not called when there is one rank.
  std::function<at::Tensor(const at::Tensor&)> mean;

  at::Tensor Of(const at::Tensor& tensor) const { return ranks > 1 ? mean(tensor) : tensor; }
};

}  // namespace gyre
