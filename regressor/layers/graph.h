// SPDX-License-Identifier: Apache-2.0
// Convolutions on the vertices of a mesh (Kipf and Welling 2017; Kolotouros et al. 2019). Features
// x are [B,C,V], the means A over neighbourhoods [V,V] a sparse tensor (body/mesh_hierarchy.h):
//   linear       y = W x + b                 the same at every vertex
//   convolution  y = (W^T x) A^T + b         that, and the mean over the neighbourhood
//   block(in, out)  y = S x + lin2 relu(norm2 conv relu(norm1 lin1 relu(norm x)))
// with group norms of groups of eight channels, out / 2 channels inside, and S the identity where
// in = out, else linear. Names of parameters are those of GraphCMR's own code.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

#include "core/types.h"
#include "regressor/graph_options.h"

namespace gyre {

// x [B,C,V] -> x A^T, by A [V,V] sparse (COO, coalesced). No derivative with respect to A.
at::Tensor GraphProduct(const at::Tensor& a, const at::Tensor& x);

class GraphLinearImpl : public torch::nn::Module {
 public:
  GraphLinearImpl(int64_t in, int64_t out, GraphStart start);

  at::Tensor forward(const at::Tensor& x);
  // forward() of `varying` [1,in',V], the same for everybody, over `constant` [B,in - in'], the
  // same at every vertex: without a copy of the latter at each.
  at::Tensor ForwardOfParts(const at::Tensor& varying, const at::Tensor& constant);

  at::Tensor W, b;  // [out,in], [out]
};
TORCH_MODULE(GraphLinear);

class GraphConvolutionImpl : public torch::nn::Module {
 public:
  GraphConvolutionImpl(int64_t in, int64_t out, GraphStart start);

  at::Tensor forward(const at::Tensor& x, const at::Tensor& a);

  at::Tensor weight, bias;  // [in,out], [out]
};
TORCH_MODULE(GraphConvolution);

class GraphBlockImpl : public torch::nn::Module {
 public:
  // Multiples of 8 and 16.
  GraphBlockImpl(int64_t in, int64_t out, GraphStart start);

  at::Tensor forward(const at::Tensor& x, const at::Tensor& a);

 private:
  GraphLinear lin1{nullptr}, lin2{nullptr}, skip_conv{nullptr};
  GraphConvolution conv{nullptr};
  torch::nn::GroupNorm pre_norm{nullptr}, norm1{nullptr}, norm2{nullptr};
};
TORCH_MODULE(GraphBlock);

}  // namespace gyre
