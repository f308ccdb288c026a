// SPDX-License-Identifier: Apache-2.0
// Batch norm whose statistics can be those of all ranks' samples together (Ioffe and Szegedy 2015):
//   y = w (x - m) / sqrt(v + eps) + b,   m, v over everything but the channels
// Ranks have equally many samples, so the mean over ranks of means is the mean over all:
//   m = mean_r m_r,   v = mean_r (v_r + m_r^2) - m^2
// and with the upstream gradient g and x^ = (x - m) / sqrt(v + eps)
//   dx = w / sqrt(v + eps) (g - mean g - x^ mean(g x^))     means over all ranks
//   dw = sum g x^,   db = sum g                             over this rank: averaged with the
//   others
// Names of parameters and buffers are those of torch::nn::BatchNorm1d and 2d.
//
// Once training is over, it can be folded into a convolution W before it, per channel:
//   w (W x - m) / sqrt(v + eps) + b = (a W) x + (b - a m),   a = w / sqrt(v + eps)
#pragma once

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/pimpl.h>

#include "regressor/rank_mean.h"

namespace gyre {

class BatchNormImpl
    : public torch::nn::NormImplBase<2, BatchNormImpl, torch::nn::BatchNormOptions> {
 public:
  explicit BatchNormImpl(int64_t channels) : NormImplBase(channels) {}

  // [B,C], [B,C,T] or [B,C,H,W].
  at::Tensor forward(const at::Tensor& x);

  RankMean rank_mean;   // of one rank: statistics of its own samples
  bool folded = false;  // then this does nothing

 protected:
  void _check_input_dim(const at::Tensor& x) override;
};
TORCH_MODULE(BatchNorm);

// From now on, in training, every BatchNorm in the network has the statistics of all ranks.
void SyncBatchNorm(torch::nn::Module& network, const RankMean& rank_mean);

// Of the running statistics from now on: how much of them each batch replaces.
void SetBatchNormMomentum(torch::nn::Module& network, double momentum);
// Exponentially from one to the other, both positive, where `done` of the run, 0 to 1, is over.
double DecayedMomentum(double from, double to, double done);

// Folds every BatchNorm that was registered right after a convolution without bias into it. For
// good: the network can compute, but neither be trained nor saved.
void FoldBatchNorm(torch::nn::Module& network);

}  // namespace gyre
