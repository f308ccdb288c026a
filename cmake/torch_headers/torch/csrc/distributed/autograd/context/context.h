// SPDX-License-Identifier: Apache-2.0
// Debian's LibTorch has c10d's reducer but leaves out this header, of which the reducer's needs the
// names below, for pointers that stay null here. Where the real one is installed it comes first.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>

namespace torch::distributed::autograd {

struct DistAutogradContext {
  using GradCallback = std::function<bool(at::Tensor&)>;
};
using ContextPtr = std::shared_ptr<DistAutogradContext>;

}  // namespace torch::distributed::autograd
