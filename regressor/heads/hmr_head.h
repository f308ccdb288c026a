// SPDX-License-Identifier: Apache-2.0
// The head of HMR (Kanazawa et al. 2018) as SPIN uses it: an iterative regression of pose, shape
// and camera from the pooled feature, which adds corrections to a state x = (pose 6J as 6D, betas,
// expression where the body has one, cam 3), starting at mean parameters:
//   h = drop2(act(fc2(drop1(act(fc1([feature, x]))))))
//   x += (decpose(h), decshape(h), decexpression(h), deccam(h))            three times
// act is the identity in SPIN. On ResNet-50 and SMPL's body the network has SPIN's 26,977,501
// parameters, and every parameter and buffer carries SPIN's name in files (see names.h), so the two
// exchange weights by name.
#pragma once

#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>

#include "regressor/heads/head.h"
#include "regressor/heads/mean_params.h"

namespace gyre {

class HmrHead : public Head {
 public:
  HmrHead(const NetworkOptions& options, int64_t feature_size, const MeanParams& mean);

  // Rotations, betas, expression where there is one, camera.
  Output Regress(const Features& features) override;
  // Its state after its iterations, [B, 6J + betas + expression + 3], of features [B,F].
  at::Tensor RegressState(const at::Tensor& features);

 private:
  IefActivation activation_;
  int iterations_;
  int64_t feature_size_;
  std::vector<int64_t> sizes_;
  torch::nn::Linear fc1{nullptr}, fc2{nullptr};
  std::vector<torch::nn::Linear> decoders_;
  torch::nn::Dropout drop1{nullptr}, drop2{nullptr};
  std::vector<at::Tensor> start_;  // [1,N] each
};

// UserError without a body.
std::shared_ptr<Head> MakeHmrHead(const NetworkOptions& options, const NetworkSetting& setting,
                                  int64_t feature_size);

}  // namespace gyre
