// SPDX-License-Identifier: Apache-2.0
#include "regressor/heads/hmr_head.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/relu.h>
#include <torch/nn/init.h>

#include "core/error.h"
#include "regressor/rotation.h"

namespace gyre {
namespace {

constexpr int64_t kHidden = 1024;

// A row [1,N] of float32.
at::Tensor RowTensor(const VecX& v) {
  Eigen::VectorXf row = v.cast<float>();
  return at::from_blob(row.data(), {1, row.size()}, at::kFloat).clone();
}

}  // namespace

HmrHead::HmrHead(const NetworkOptions& options, int64_t feature_size, const MeanParams& mean)
    : activation_(options.ief_activation),
      iterations_(options.ief_iterations),
      feature_size_(feature_size) {
  // What the state is made of: the names of a decoder and of where it starts.
  struct Part {
    const char *decoder, *start;
    VecX values;
  };
  std::vector<Part> parts = {{"decpose", "init_pose", mean.pose_6d},
                             {"decshape", "init_shape", mean.betas},
                             {"decexpression", "init_expression", mean.expression},
                             {"deccam", "init_cam", mean.cam}};
  std::erase_if(parts, [](const Part& part) { return part.values.size() == 0; });
  int64_t state_size = 0;
  for (const Part& part : parts) state_size += part.values.size();
  const auto linear = [this](const char* name, int64_t in, int64_t out) {
    return register_module(name, torch::nn::Linear(in, out));
  };
  fc1 = linear("fc1", feature_size_ + state_size, kHidden);
  drop1 = register_module("drop1", torch::nn::Dropout(options.dropout));
  fc2 = linear("fc2", kHidden, kHidden);
  drop2 = register_module("drop2", torch::nn::Dropout(options.dropout));
  for (const Part& part : parts) {
    sizes_.push_back(part.values.size());
    decoders_.push_back(linear(part.decoder, kHidden, part.values.size()));
  }
  for (const auto& decoder : decoders_) {
    torch::nn::init::xavier_uniform_(decoder->weight, /*gain=*/0.01);
  }
  for (const Part& part : parts) {
    start_.push_back(register_buffer(part.start, RowTensor(part.values)));
  }
}

at::Tensor HmrHead::RegressState(const at::Tensor& features) {
  GYRE_CHECK(features.dim() == 2 && features.size(1) == feature_size_);
  const auto activate = [this](const at::Tensor& h) {
    return activation_ == IefActivation::kRelu ? at::relu(h) : h;
  };
  at::Tensor state = at::cat(start_, 1).expand({features.size(0), -1});
  for (int i = 0; i < iterations_; ++i) {
    at::Tensor h = drop1(activate(fc1(at::cat({features, state}, 1))));
    h = drop2(activate(fc2(h)));
    std::vector<at::Tensor> corrections;
    for (auto& decoder : decoders_) corrections.push_back(decoder(h));
    state = state + at::cat(corrections, 1);
  }
  return state;
}

Output HmrHead::Regress(const Features& features) {
  // float32 always, as the mean parameters that it starts at.
  const std::vector<at::Tensor> parts = RegressState(features.pooled).split_with_sizes(sizes_, 1);
  Output output;
  output.rotations = RotationFromSixD(parts[0].reshape({-1, sizes_[0] / 6, 6}));
  output.betas = parts[1];
  if (parts.size() == 4) output.expression = parts[2];
  output.camera = parts.back();
  return output;
}

std::shared_ptr<Head> MakeHmrHead(const NetworkOptions& options, const NetworkSetting& setting,
                                  int64_t feature_size) {
  if (!setting.body) ThrowUserError("head hmr gives bodies; it needs a --body");
  return std::make_shared<HmrHead>(
      options, feature_size, MeanParams::FromPrior(*setting.body->layout, setting.prior.get()));
}

}  // namespace gyre
