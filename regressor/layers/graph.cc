// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/graph.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/relu.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "core/error.h"

namespace gyre {
namespace {

constexpr int64_t kGroup = 8;  // channels of a group norm's group

// x [B,C,V] -> [B,C,V], each row times m^T, by a sparse m [V,V].
at::Tensor SparseTimes(const at::Tensor& m, const at::Tensor& x) {
  // Sparse products are not for half precision.
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
  const at::Tensor columns = x.reshape({-1, x.size(2)}).t().contiguous();
  return at::mm(m, columns.to(m.scalar_type())).t().reshape(x.sizes());
}

class GraphProductFunction : public torch::autograd::Function<GraphProductFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& a,
                            const at::Tensor& x) {
    context->saved_data["a"] = a;
    return SparseTimes(a, x);
  }
  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               torch::autograd::tensor_list gradients) {
    return {at::Tensor(), SparseTimes(context->saved_data["a"].toTensor().t(), gradients[0])};
  }
};

at::Tensor UniformParameter(at::IntArrayRef shape, double bound) {
  return at::empty(shape, at::kFloat).uniform_(-bound, bound);
}

// Kaiming's bound for layers that a ReLU comes before.
double KaimingBound(int64_t in) { return std::sqrt(6.0 / static_cast<double>(in)); }

}  // namespace

at::Tensor GraphProduct(const at::Tensor& a, const at::Tensor& x) {
  GYRE_CHECK(x.dim() == 3 && a.is_sparse() && a.size(1) == x.size(2));
  return GraphProductFunction::apply(a, x);
}

GraphLinearImpl::GraphLinearImpl(int64_t in, int64_t out, GraphStart start) {
  const bool released = start == GraphStart::kReleased;
  const double tiny = 1 / static_cast<double>(in * out);
  W = register_parameter("W", UniformParameter({out, in}, released ? tiny : KaimingBound(in)));
  b = register_parameter("b", UniformParameter({out}, released ? tiny : 0));
}

at::Tensor GraphLinearImpl::forward(const at::Tensor& x) {
  return at::matmul(W.unsqueeze(0), x) + b.unsqueeze(1);
}

at::Tensor GraphLinearImpl::ForwardOfParts(const at::Tensor& varying, const at::Tensor& constant) {
  const int64_t split = varying.size(1);
  GYRE_CHECK(split + constant.size(1) == W.size(1));
  const at::Tensor of_varying = at::matmul(W.narrow(1, 0, split), varying[0]);
  const at::Tensor of_constant = at::linear(constant, W.narrow(1, split, constant.size(1)), b);
  return of_constant.unsqueeze(2) + of_varying;
}

GraphConvolutionImpl::GraphConvolutionImpl(int64_t in, int64_t out, GraphStart start) {
  const bool released = start == GraphStart::kReleased;
  const double large = 6 / std::sqrt(static_cast<double>(in + out));
  weight = register_parameter("weight",
                              UniformParameter({in, out}, released ? large : KaimingBound(in)));
  bias = register_parameter("bias", UniformParameter({out}, released ? large : 0));
}

at::Tensor GraphConvolutionImpl::forward(const at::Tensor& x, const at::Tensor& a) {
  return GraphProduct(a, at::matmul(weight.t().unsqueeze(0), x)) + bias.unsqueeze(1);
}

GraphBlockImpl::GraphBlockImpl(int64_t in, int64_t out, GraphStart start) {
  const int64_t inside = out / 2;
  GYRE_CHECK(in % kGroup == 0 && out % (2 * kGroup) == 0);
  const auto norm = [](int64_t channels) {
    return torch::nn::GroupNorm(torch::nn::GroupNormOptions(channels / kGroup, channels));
  };
  lin1 = register_module("lin1", GraphLinear(in, inside, start));
  conv = register_module("conv", GraphConvolution(inside, inside, start));
  lin2 = register_module("lin2", GraphLinear(inside, out, start));
  // There where nothing uses it too, as published weights have it; then it learns nothing.
  skip_conv = register_module("skip_conv", GraphLinear(in, out, start));
  for (const at::Tensor& unused : skip_conv->parameters()) unused.set_requires_grad(in != out);
  pre_norm = register_module("pre_norm", norm(in));
  norm1 = register_module("norm1", norm(inside));
  norm2 = register_module("norm2", norm(inside));
}

at::Tensor GraphBlockImpl::forward(const at::Tensor& x, const at::Tensor& a) {
  at::Tensor y = lin1(pre_norm(x).relu_());
  y = conv(norm1(y).relu_(), a);
  y = lin2(norm2(y).relu_());
  const bool changes = lin2->W.size(0) != lin1->W.size(1);
  return (changes ? skip_conv(x) : x) + y;
}

}  // namespace gyre
