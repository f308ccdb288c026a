// SPDX-License-Identifier: Apache-2.0
#include "regressor/heads/graph_cnn.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/relu.h>
#include <torch/nn/init.h>

#include <string>

#include "core/error.h"
#include "core/so3.h"
#include "regressor/layers/nearest_rotation.h"

namespace gyre {
namespace {

constexpr int64_t kGroupSize = 8;
constexpr int64_t kShapeChannels[] = {64, 32};  // as the mesh takes form
constexpr int kReaderBlocks = 2;                // residual, of two layers each
constexpr double kSmallStart = 0.01;            // gain of what begins at a mean

torch::nn::GroupNorm NormOf(int64_t channels) {
  return torch::nn::GroupNorm(torch::nn::GroupNormOptions(channels / kGroupSize, channels));
}

// A folder of names.
class Group : public torch::nn::Module {
 public:
  template <typename Module>
  Module Add(int place, Module module) {
    return register_module(std::to_string(place), module);
  }
};

// Gives `mean` at first, whatever comes in.
void StartAt(const VecX& mean, torch::nn::Linear& linear) {
  const torch::NoGradGuard no_grad;
  const Eigen::VectorXf values = mean.cast<float>();
  GYRE_CHECK(values.size() == linear->bias.numel());
  torch::nn::init::xavier_uniform_(linear->weight, kSmallStart);
  linear->bias.copy_(at::from_blob(const_cast<float*>(values.data()), {values.size()}, at::kFloat));
}

}  // namespace

GraphCnnImpl::GraphCnnImpl(const GraphOptions& options, int64_t feature_size, int64_t num_vertices,
                           const Vec3& mean_camera) {
  const int64_t channels = options.channels;
  const auto gc = register_module("gc", std::make_shared<Group>());
  const auto shape = register_module("shape", std::make_shared<Group>());
  const auto camera = register_module("camera_fc", std::make_shared<Group>());
  enter_ = gc->Add(0, GraphLinear(3 + feature_size, 2 * channels, options.start));
  for (int i = 0; i <= options.layers; ++i) {
    const int64_t in = i == 0 ? 2 * channels : channels;
    blocks_.push_back(gc->Add(1 + i, GraphBlock(in, channels, options.start)));
  }
  int64_t in = channels;
  for (const int64_t out : kShapeChannels) {
    shape_blocks_.push_back(
        shape->Add(static_cast<int>(shape_blocks_.size()), GraphBlock(in, out, options.start)));
    in = out;
  }
  // The numbers in between are those of ReLUs.
  shape_norm_ = shape->Add(2, NormOf(in));
  to_space_ = shape->Add(4, GraphLinear(in, 3, options.start));
  camera_norm_ = camera->Add(0, NormOf(channels));
  to_one_ = camera->Add(2, GraphLinear(channels, 1, options.start));
  to_camera_ = camera->Add(4, torch::nn::Linear(num_vertices, 3));
  if (options.start == GraphStart::kMean) StartAt(mean_camera, to_camera_);
}

GraphCnnImpl::Mesh GraphCnnImpl::forward(const at::Tensor& vertices, const at::Tensor& feature,
                                         const at::Tensor& means) {
  at::Tensor x = enter_->ForwardOfParts(vertices, feature);
  for (GraphBlock& block : blocks_) x = block(x, means);
  at::Tensor mesh = x;
  for (GraphBlock& block : shape_blocks_) mesh = block(mesh, means);
  mesh = to_space_(shape_norm_(mesh).relu_());
  const at::Tensor one = to_one_(camera_norm_(x).relu_()).relu_();
  return {mesh, to_camera_(one.squeeze(1))};
}

FcBlockImpl::FcBlockImpl(int64_t in, int64_t out) {
  const auto block = register_module("fc_block", std::make_shared<Group>());
  linear_ = block->Add(0, torch::nn::Linear(in, out));
  norm_ = block->Add(1, BatchNorm(out));
}

at::Tensor FcBlockImpl::forward(const at::Tensor& x) { return norm_(linear_(x)).relu_(); }

FcResidualBlockImpl::FcResidualBlockImpl(int64_t width) {
  const auto block = register_module("fc_block", std::make_shared<Group>());
  linear0_ = block->Add(0, torch::nn::Linear(width, width));
  norm0_ = block->Add(1, BatchNorm(width));
  linear1_ = block->Add(3, torch::nn::Linear(width, width));
  norm1_ = block->Add(4, BatchNorm(width));
}

at::Tensor FcResidualBlockImpl::forward(const at::Tensor& x) {
  return at::relu(x + norm1_(linear1_(norm0_(linear0_(x)).relu_())));
}

MeshReaderImpl::MeshReaderImpl(const GraphOptions& options, int64_t num_vertices,
                               const BodyLayout& layout, const MeanParams& mean)
    : rule_(options.rotations), num_joints_(layout.num_joints()), num_shape_(layout.num_shape()) {
  const int64_t width = options.body_width;
  const auto layers = register_module("layers", std::make_shared<Group>());
  enter_ = layers->Add(0, FcBlock(6 * num_vertices, width));
  for (int i = 1; i <= kReaderBlocks; ++i) {
    blocks_.push_back(layers->Add(i, FcResidualBlock(width)));
  }
  leave_ = layers->Add(1 + kReaderBlocks, torch::nn::Linear(width, 9 * num_joints_ + num_shape_));
  if (options.start != GraphStart::kMean) return;
  VecX state(9 * num_joints_ + num_shape_);
  for (int64_t k = 0; k < num_joints_; ++k) {
    const Mat3 rotation =
        RotationFromSixD(Eigen::Matrix<double, 6, 1>(mean.pose_6d.segment<6>(6 * k)));
    state.segment<9>(9 * k) = rotation.reshaped<Eigen::RowMajor>();
  }
  state.tail(num_shape_) << mean.betas, mean.expression;
  StartAt(state, leave_);
}

MeshReaderImpl::Body MeshReaderImpl::forward(const at::Tensor& vertices) {
  at::Tensor x = enter_(vertices);
  for (FcResidualBlock& block : blocks_) x = block(x);
  x = leave_(x);
  const at::Tensor matrices = x.narrow(1, 0, 9 * num_joints_).reshape({-1, num_joints_, 3, 3});
  return {RotationFromMatrix(matrices, rule_), x.narrow(1, 9 * num_joints_, num_shape_)};
}

}  // namespace gyre
