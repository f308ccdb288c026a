// SPDX-License-Identifier: Apache-2.0
// A network: an encoder of what it looks at, and a head that says what is to be known of it. Both
// are made from tables by the names in its options; what they are stands in their own files.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "regressor/encoders/encoder.h"
#include "regressor/heads/head.h"
#include "regressor/names.h"

namespace gyre {

class NetworkImpl : public torch::nn::Module {
 public:
  // `keypoints` and `uvd_set` of the options name registered sets. Weights are drawn from Torch's
  // random state, the encoder's first. UserError when the setting lacks what the head needs.
  NetworkImpl(const NetworkOptions& options, const NetworkSetting& setting);

  // What options().input says, in the shape that encoders/encoder.h gives. Computes in
  // options().precision.
  Output forward(const at::Tensor& input);

  const NetworkOptions& options() const { return options_; }
  const KeypointSet& keypoints() const { return keypoints_; }
  const KeypointSet& uvd_set() const { return uvd_set_; }  // of what is seen: see Output::uvd
  Encoder& encoder() { return *encoder_; }
  Head& head() { return *head_; }
  // What its tensors are called in files.
  const Names& names() const { return names_; }

 private:
  // Where the pelvis of bodies [B,S] of that shape rests, [B,3].
  at::Tensor PelvisOf(const Output& said) const;

  NetworkOptions options_;
  const KeypointSet& keypoints_;
  const KeypointSet& uvd_set_;
  Names names_;
  at::Tensor pelvis_mean_, pelvis_dirs_;  // [3] and [S,3]; undefined without a body
  std::shared_ptr<Encoder> encoder_;
  std::shared_ptr<Head> head_;
};
TORCH_MODULE(Network);

}  // namespace gyre
