// SPDX-License-Identifier: Apache-2.0
// Joints in space from joints in the picture over time, by convolutions along the frames (Pavllo et
// al. 2019, "VideoPose3D"). With kernels of widths w_0 ... w_n, each stepping over what the ones
// before it have joined,
//   h   = f(conv_{w_0}(x))
//   h'  = h[middle] + f(conv_1(f(conv_{w_i}(h))))      for each further width
//   out = conv_1(h'),       f = dropout(relu(batch norm(.)))
// No convolution pads: an output frame sees `ReceptiveField()` frames, of which it is the middle
// one, or the last one where the lifter is causal. Tensors are called as in the authors'
// checkpoints.
#pragma once

#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include "regressor/batch_norm.h"
#include "regressor/lifter_options.h"

namespace gyre {

class TemporalLifterImpl : public torch::nn::Module {
 public:
  explicit TemporalLifterImpl(const TemporalLifterOptions& options);

  // [B,T,N,C] -> [B,T-R+1,M,3], metres where it was trained so; features [B,T-R+1,channels] of one
  // without joints. T >= R.
  at::Tensor forward(const at::Tensor& x);
  // The same of every R-th window alone, for R times less work: [B,R K,N,C] -> [B,K,M,3]. Of dense
  // lifters: not there.
  at::Tensor Windows(const at::Tensor& x);

  const TemporalLifterOptions& options() const { return options_; }

 private:
  at::Tensor Run(const at::Tensor& x, bool windows);

  TemporalLifterOptions options_;
  torch::nn::Conv1d expand_conv{nullptr};
  BatchNorm expand_bn{nullptr};
  torch::nn::ModuleList layers_conv, layers_bn;
  torch::nn::Conv1d shrink{nullptr};
};
TORCH_MODULE(TemporalLifter);

}  // namespace gyre
