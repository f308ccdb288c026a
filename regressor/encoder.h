// SPDX-License-Identifier: Apache-2.0
// What comes before the head of a network: its input as a feature vector.
#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <memory>

#include "regressor/network_options.h"

namespace gyre {

class EncoderImpl : public torch::nn::Module {
 public:
  // [B,...] -> [B, feature_size()].
  virtual at::Tensor Features(const at::Tensor& input) = 0;
  int64_t feature_size() const { return feature_size_; }

 protected:
  int64_t feature_size_ = 0;
};

// The encoder of options.input:
//   kImage       [B,3,S,S] through options.backbone, see resnet.h
//   kKeypoints   SPIN's 49 keypoints [B,49,3] (x, y in [-1,1] of the crop, confidence; where that
//                is 0 the place counts for nothing) -> [B, 16 width]: a layer and two residual
//                blocks of two layers, each with batch norm, ReLU and dropout (Martinez et al.
//                2017; PosePrior of Pavlakos et al. 2018)
//   kSilhouette  [B,1,S,S] in [0,1] -> [B,512]: five 3x3 convolutions, each followed by max
//                pooling, and a layer (their ShapePrior)
std::shared_ptr<EncoderImpl> MakeEncoder(const NetworkOptions& options);

}  // namespace gyre
