// SPDX-License-Identifier: Apache-2.0
#include "loop/starts/start_training.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <c10/core/GradMode.h>
#include <torch/nn/modules/linear.h>

#include <chrono>
#include <cmath>
#include <memory>
#include <numbers>
#include <utility>

#include "core/error.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "regressor/adam.h"
#include "regressor/batch_norm.h"
#include "regressor/encoders/dense.h"
#include "regressor/layers/body_functions.h"
#include "regressor/rotation.h"
#include "regressor/runtime.h"

namespace gyre {
namespace {

constexpr double kNormEps = 1e-5;  // batch norm's
constexpr double kNormMomentum = 0.1, kNormMomentumEnd = 0.003;
constexpr double kGradientClip = 10;

class StartModule : public torch::nn::Module {
 public:
  StartModule(int64_t inputs, int64_t neurons, int blocks, int64_t joints) {
    enter_ = register_module("enter", Dense(inputs, neurons, 0));
    for (int i = 0; i < 2 * blocks; ++i) {
      inner_.push_back(register_module(fmt::format("inner{}", i), Dense(neurons, neurons, 0)));
    }
    leave_ = register_module("leave", torch::nn::Linear(neurons, 6 * joints));
    const at::NoGradGuard no_grad;
    leave_->weight.mul_(0.1);
    leave_->bias.copy_(at::tensor({1.0F, 0.0F, 0.0F, 1.0F, 0.0F, 0.0F}).repeat({joints}));
  }

  // Rotations [B,joints,3,3] of inputs [B,N].
  at::Tensor Rotations(const at::Tensor& input) {
    at::Tensor h = enter_(input);
    for (size_t i = 0; i < inner_.size(); i += 2) h = h + inner_[i + 1](inner_[i](h));
    return RotationFromSixD(leave_(h).reshape({input.size(0), -1, 6}));
  }

  StartNetwork::Parts Parts() const;

 private:
  Dense enter_{nullptr};
  std::vector<Dense> inner_;
  torch::nn::Linear leave_{nullptr};
};

StartNetwork::Layer LayerOf(const at::Tensor& weight, const at::Tensor& bias) {
  const at::Tensor w = weight.to(at::kFloat).contiguous(), b = bias.to(at::kFloat).contiguous();
  using RowMatXf = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return {Eigen::Map<const RowMatXf>(w.data_ptr<float>(), w.size(0), w.size(1)),
          Eigen::Map<const StartNetwork::Vector>(b.data_ptr<float>(), b.size(0))};
}

// With its batch norm in it.
StartNetwork::Layer Folded(const torch::nn::Module& dense) {
  const auto parameters = dense.named_parameters();
  const auto buffers = dense.named_buffers();
  const at::Tensor scale =
      parameters["norm.weight"] / (buffers["norm.running_var"] + kNormEps).sqrt();
  return LayerOf(
      parameters["linear.weight"] * scale.unsqueeze(1),
      (parameters["linear.bias"] - buffers["norm.running_mean"]) * scale + parameters["norm.bias"]);
}

StartNetwork::Parts StartModule::Parts() const {
  const at::NoGradGuard no_grad;
  StartNetwork::Parts parts;
  parts.keypoints = StartPeople::Keypoints();
  parts.joints = StartPeople::Joints();
  parts.enter = Folded(*enter_);
  for (const Dense& dense : inner_) parts.inner.push_back(Folded(*dense));
  parts.leave = LayerOf(leave_->weight, leave_->bias);
  return parts;
}

// People as tensors.
struct PeopleBatch {
  at::Tensor input;      // [B,N]
  at::Tensor rotations;  // [B,22,3,3]
  at::Tensor offsets;    // [B,24,3,1]
};

PeopleBatch MakeBatch(const StartPeople& people, int64_t first, int64_t count, int threads) {
  const auto joints = std::ssize(StartPeople::Joints()), all = std::ssize(SmplLayout().joints);
  const int64_t inputs = 3 * std::ssize(StartPeople::Keypoints()) + 2;
  PeopleBatch batch{at::empty({count, inputs}, at::kFloat),
                    at::empty({count, joints, 3, 3}, at::kFloat),
                    at::empty({count, all, 3, 1}, at::kFloat)};
  float* const input = batch.input.data_ptr<float>();
  float* const rotations = batch.rotations.data_ptr<float>();
  float* const offsets = batch.offsets.data_ptr<float>();
  ParallelFor(count, threads, [&](int64_t i, int) {
    using RowMat3f = Eigen::Matrix<float, 3, 3, Eigen::RowMajor>;
    const StartPerson person = people.Make(first + i);
    Eigen::Map<Eigen::VectorXf>(input + i * inputs, inputs) = person.input;
    for (int64_t k = 0; k < joints; ++k) {
      Eigen::Map<RowMat3f>(rotations + 9 * (i * joints + k)) = person.rotations[k].cast<float>();
    }
    for (int64_t k = 0; k < all; ++k) {
      Eigen::Map<Eigen::Vector3f>(offsets + 3 * (i * all + k)) =
          person.offsets.row(k).transpose().cast<float>();
    }
  });
  return batch;
}

// World rotations and joints [B,24,3,4], the hands turned as the wrists.
at::Tensor Posed(const at::Tensor& rotations, const at::Tensor& offsets) {
  static const std::vector<int64_t> parents(SmplLayout().parents.begin(),
                                            SmplLayout().parents.end());
  const int64_t missing = offsets.size(1) - rotations.size(1);
  const at::Tensor rest = at::eye(3).expand({rotations.size(0), missing, 3, 3});
  return KinematicChain(at::cat({at::cat({rotations, rest}, 1), offsets}, 3).contiguous(), parents);
}

at::Tensor JointErrors(const at::Tensor& said, const at::Tensor& truth) {
  const auto places = [](const at::Tensor& posed) {
    return posed.narrow(1, 1, posed.size(1) - 1).select(3, 3);  // the root's is never off
  };
  return (places(said) - places(truth)).norm(2, -1);
}

at::Tensor LossOf(const at::Tensor& rotations, const PeopleBatch& batch,
                  const StartTrainingOptions& options) {
  at::Tensor truth;
  {
    const at::NoGradGuard no_grad;
    truth = Posed(batch.rotations, batch.offsets);
  }
  const at::Tensor said = Posed(rotations, batch.offsets);
  const at::Tensor turned = (rotations - batch.rotations).abs().mean();
  const at::Tensor in_world = (said.narrow(3, 0, 3) - truth.narrow(3, 0, 3)).abs().mean();
  return options.rotation_weight * turned + options.world_weight * in_world +
         options.place_weight * JointErrors(said, truth).mean();
}

double ErrorMm(StartModule& module, const PeopleBatch& batch) {
  const at::NoGradGuard no_grad;
  module.eval();
  const at::Tensor said = Posed(module.Rotations(batch.input), batch.offsets);
  const at::Tensor errors = JointErrors(said, Posed(batch.rotations, batch.offsets));
  module.train();
  return 1e3 * errors.mean().item<double>();
}

void SetStep(const StartTrainingOptions& options, int64_t step, FusedAdam* optimizer,
             StartModule* module) {
  const double done = static_cast<double>(step) / static_cast<double>(options.steps);
  const double begin = options.learning_rate, end = options.learning_rate_end;
  const double warm = std::min(1.0, static_cast<double>(step + 1) / 200);
  const double rate = warm * (end + (begin - end) * (1 + std::cos(std::numbers::pi * done)) / 2);
  for (auto& group : optimizer->param_groups()) {
    static_cast<torch::optim::AdamOptions&>(group.options()).lr(rate);
  }
  SetBatchNormMomentum(*module, DecayedMomentum(kNormMomentum, kNormMomentumEnd, done));
}

}  // namespace

void StartTrainingOptions::Check() const {
  const auto positive = [](const char* field, double value, double most) {
    if (!(value > 0 && value <= most)) {
      ThrowUserError("training option {} is {}; it must be above 0, and at most {}", field, value,
                     most);
    }
  };
  positive("neurons", neurons, 4096);
  positive("blocks", blocks, 8);
  positive("steps", static_cast<double>(steps), 1e9);
  positive("batch_size", batch_size, 65536);
  positive("learning_rate", learning_rate, 1);
  positive("learning_rate_end", learning_rate_end, learning_rate);
  positive("check_every", static_cast<double>(check_every), 1e9);
  positive("check_people", static_cast<double>(check_people), 1e6);
  if (batch_size < 2) ThrowUserError("training option batch_size is 1; batch norm needs two");
  for (const double weight : {rotation_weight, world_weight, place_weight}) {
    if (!(weight >= 0 && weight < 1e6)) {
      ThrowUserError("training option: a loss's weight is {}; it must be 0 or more", weight);
    }
  }
}

StartNetwork TrainStartNetwork(
    const StartPeople& people, const StartPeople& others, const StartTrainingOptions& options,
    const std::string& source,
    const std::function<void(const StartTrainingReport&, const StartNetwork&)>& report) {
  options.Check();
  SeedTorch(options.seed);
  const auto owned =
      std::make_shared<StartModule>(3 * std::ssize(StartPeople::Keypoints()) + 2, options.neurons,
                                    options.blocks, std::ssize(StartPeople::Joints()));
  StartModule& module = *owned;
  FusedAdam optimizer(module.parameters(), torch::optim::AdamOptions(options.learning_rate));
  const PeopleBatch check = MakeBatch(others, 0, options.check_people, options.threads);
  const auto network = [&] {
    StartNetwork::Parts parts = module.Parts();
    parts.source = source;
    return StartNetwork(std::move(parts), "the network as it is");
  };
  const auto began = std::chrono::steady_clock::now();
  Progress progress("learning", "steps", options.steps);
  double loss_sum = 0;
  int64_t losses = 0;
  module.train();
  for (int64_t step = 0; step < options.steps; ++step) {
    SetStep(options, step, &optimizer, &module);
    const PeopleBatch batch =
        MakeBatch(people, step * options.batch_size, options.batch_size, options.threads);
    const at::Tensor loss = LossOf(module.Rotations(batch.input), batch, options);
    optimizer.zero_grad();
    loss.backward();
    ClipGradients(module, kGradientClip);
    optimizer.step();
    loss_sum += loss.item<double>();
    ++losses;
    if (!std::isfinite(loss_sum)) {
      ThrowUserError("step {}: the loss is not finite; lower learning_rate", step + 1);
    }
    progress.Advance();
    if ((step + 1) % options.check_every != 0 && step + 1 != options.steps) continue;
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - began;
    report(
        {step + 1, loss_sum / static_cast<double>(losses), ErrorMm(module, check), elapsed.count()},
        network());
    loss_sum = 0;
    losses = 0;
  }
  return network();
}

}  // namespace gyre
