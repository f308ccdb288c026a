// SPDX-License-Identifier: Apache-2.0
// The network of HMR (Kanazawa et al. 2018) as SPIN uses it: a feature of what it looks at (see
// encoder.h), and an iterative regression of pose, shape and camera that adds corrections to a
// state x = (pose 144 as 6D, betas 10, cam 3), starting at mean parameters:
//   h = drop2(act(fc2(drop1(act(fc1([feature, x]))))))
//   x += (decpose(h), decshape(h), deccam(h))            three times
// act is the identity in SPIN. With ResNet-50 the network has SPIN's 26,977,501 parameters, and
// every parameter and buffer carries SPIN's name, so the two exchange weights by name.
#pragma once

#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include "regressor/encoder.h"

namespace gyre {

struct HmrOutput {
  at::Tensor rotmats;  // [B,24,3,3], root first; the root takes body to camera axes
  at::Tensor betas;    // [B,10]
  at::Tensor cam;      // [B,3] weak perspective (s, tx, ty), see projection.h
};

class HmrNetImpl : public torch::nn::Module {
 public:
  HmrNetImpl(const NetworkOptions& options, const MeanParams& mean);

  // Images [B,3,S,S] as NormalizeCrops makes them, S = options().image_px; or what options().input
  // says, in the shape that encoder.h gives. Computes in options().precision.
  HmrOutput forward(const at::Tensor& input);
  // The head alone: its state after its iterations, [B,157], of features [B, feature_size()].
  at::Tensor RegressState(const at::Tensor& features);

  int64_t feature_size() const { return encoder_->feature_size(); }
  const NetworkOptions& options() const { return options_; }

 private:
  NetworkOptions options_;
  // Its layers are registered as this module's own: SPIN's names have no "encoder." in front.
  std::shared_ptr<EncoderImpl> encoder_;
  torch::nn::Linear fc1{nullptr}, fc2{nullptr}, decpose{nullptr}, decshape{nullptr},
      deccam{nullptr};
  torch::nn::Dropout drop1{nullptr}, drop2{nullptr};
  at::Tensor init_pose, init_shape, init_cam;  // [1,144], [1,10], [1,3]
};
TORCH_MODULE(HmrNet);

}  // namespace gyre
