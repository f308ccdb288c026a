// SPDX-License-Identifier: Apache-2.0
#include "regressor/hmr.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/relu.h>
#include <torch/nn/init.h>

#include <optional>

#include "core/error.h"
#include "regressor/autocast.h"
#include "regressor/rotation.h"

namespace gyre {
namespace {

constexpr int64_t kHidden = 1024;
constexpr int64_t kNumCam = 3;

// A row [1,N] of float32.
template <typename Vector>
at::Tensor RowTensor(const Vector& v) {
  Eigen::VectorXf row = v.template cast<float>();
  return at::from_blob(row.data(), {1, row.size()}, at::kFloat).clone();
}

}  // namespace

HmrNetImpl::HmrNetImpl(const NetworkOptions& options, const MeanParams& mean)
    : options_((options.Check(), options)), encoder_(MakeEncoder(options)) {
  for (const auto& child : encoder_->named_children()) register_module(child.key(), child.value());
  const int64_t state_size = kNumPose6D + kNumShapeParams + kNumCam;
  const auto linear = [this](const char* name, int64_t in, int64_t out) {
    return register_module(name, torch::nn::Linear(in, out));
  };
  fc1 = linear("fc1", feature_size() + state_size, kHidden);
  drop1 = register_module("drop1", torch::nn::Dropout(options.dropout));
  fc2 = linear("fc2", kHidden, kHidden);
  drop2 = register_module("drop2", torch::nn::Dropout(options.dropout));
  decpose = linear("decpose", kHidden, kNumPose6D);
  decshape = linear("decshape", kHidden, kNumShapeParams);
  deccam = linear("deccam", kHidden, kNumCam);
  for (const auto& decoder : {decpose, decshape, deccam}) {
    torch::nn::init::xavier_uniform_(decoder->weight, /*gain=*/0.01);
  }
  init_pose = register_buffer("init_pose", RowTensor(mean.pose_6d));
  init_shape = register_buffer("init_shape", RowTensor(mean.betas));
  init_cam = register_buffer("init_cam", RowTensor(mean.cam));
}

at::Tensor HmrNetImpl::RegressState(const at::Tensor& features) {
  GYRE_CHECK(features.dim() == 2 && features.size(1) == feature_size());
  const auto activate = [this](const at::Tensor& h) {
    return options_.ief_activation == IefActivation::kRelu ? at::relu(h) : h;
  };
  at::Tensor state = at::cat({init_pose, init_shape, init_cam}, 1).expand({features.size(0), -1});
  for (int i = 0; i < options_.ief_iterations; ++i) {
    at::Tensor h = drop1(activate(fc1(at::cat({features, state}, 1))));
    h = drop2(activate(fc2(h)));
    state = state + at::cat({decpose(h), decshape(h), deccam(h)}, 1);
  }
  return state;
}

HmrOutput HmrNetImpl::forward(const at::Tensor& input) {
  at::Tensor state;  // float32 always, as the mean parameters that it starts at
  {
    std::optional<Bfloat16Scope> bfloat16;
    if (options_.precision == Precision::kBfloat16) bfloat16.emplace(input.device().type());
    state = RegressState(encoder_->Features(input));
  }
  const std::vector<at::Tensor> parts =
      state.split_with_sizes({kNumPose6D, kNumShapeParams, kNumCam}, 1);
  return {.rotmats = RotationFromSixD(parts[0].reshape({-1, kNumBodyJoints, 6})),
          .betas = parts[1],
          .cam = parts[2]};
}

}  // namespace gyre
