// SPDX-License-Identifier: Apache-2.0
#include "loop/training/numeric_guard.h"

#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/scalar_tensor.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>

#include <cmath>
#include <limits>

#include "regressor/adam.h"

namespace gyre {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

std::vector<Person> People(int count) {
  std::vector<Person> people(count);
  for (int i = 0; i < count; ++i) {
    people[i].dataset = i % 2 == 0 ? "coco" : "mpii";
    people[i].index = 10 * i + 3;
  }
  return people;
}

Losses LossesOf(double total, double pose, double camera) {
  return {at::scalar_tensor(total),
          {{"pose", at::scalar_tensor(pose)}, {"camera", at::scalar_tensor(camera)}}};
}

TEST(NumericGuard, NamesTermsAndPeople) {
  Output output;
  output.betas = at::ones({5, 2});
  output.joints = at::ones({5, 3, 3});  // what a head does not say is not looked at
  const std::vector<Person> people = People(5);
  EXPECT_EQ(NotFinite(LossesOf(3, 1, 2), output, people), "");
  EXPECT_EQ(NotFinite(LossesOf(kInf, 1, 2), output, people), "loss");
  EXPECT_EQ(NotFinite(LossesOf(kInf, kInf, kNaN), output, people), "loss_pose, loss_camera");
  output.joints[3][2][1] = kNaN;
  EXPECT_EQ(NotFinite(LossesOf(kNaN, 1, kNaN), output, people),
            "loss_camera (the network's output for mpii 33)");
  output.betas[0][1] = -kInf;
  EXPECT_EQ(NotFinite(LossesOf(kNaN, kNaN, 2), output, people),
            "loss_pose (the network's output for coco 3, mpii 33)");
  output.betas.fill_(kNaN);
  EXPECT_EQ(NotFinite(LossesOf(kNaN, kNaN, 2), output, people),
            "loss_pose (the network's output for coco 3, mpii 13, coco 23 and 2 more)");
}

TEST(NumericGuard, NamesGradientsAndState) {
  torch::nn::Sequential network(torch::nn::Linear(3, 2), torch::nn::BatchNorm1d(2));
  torch::optim::Adam optimizer(network->parameters(), torch::optim::AdamOptions(0.1));
  EXPECT_EQ(NotFiniteGradient(*network), "");  // there is none
  network->forward(at::ones({4, 3})).sum().backward();
  EXPECT_EQ(NotFiniteGradient(*network), "");
  network->named_parameters()["0.bias"].grad()[1] = kNaN;
  EXPECT_EQ(NotFiniteGradient(*network), "the gradient of 0.bias");
  network->named_parameters()["0.weight"].grad()[1][2] = kInf;
  EXPECT_EQ(NotFiniteGradient(*network), "the gradient of 0.weight");

  EXPECT_EQ(NotFiniteState(*network, optimizer), "");
  optimizer.zero_grad();
  network->forward(at::ones({4, 3})).sum().backward();
  optimizer.step();
  EXPECT_EQ(NotFiniteState(*network, optimizer), "");
  const auto moments = [&](const char* parameter) {
    auto& state = *optimizer.state().at(StateKey(network->named_parameters()[parameter]));
    return static_cast<torch::optim::AdamParamState&>(state);
  };
  moments("1.bias").exp_avg_sq().fill_(kInf);
  EXPECT_EQ(NotFiniteState(*network, optimizer), "the optimiser's running mean of a gradient");
  moments("1.bias").exp_avg_sq().fill_(1);
  moments("0.weight").exp_avg().fill_(kNaN);
  EXPECT_EQ(NotFiniteState(*network, optimizer), "the optimiser's running mean of a gradient");
  network->named_buffers()["1.running_var"][0] = kInf;
  EXPECT_EQ(NotFiniteState(*network, optimizer), "1.running_var");
  const at::NoGradGuard no_grad;
  network->named_parameters()["1.weight"][1] = kNaN;
  EXPECT_EQ(NotFiniteState(*network, optimizer), "1.weight");
}

}  // namespace
}  // namespace gyre
