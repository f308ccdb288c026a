// SPDX-License-Identifier: Apache-2.0
#include "regressor/adam.h"

#include <ATen/ops/randn.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include "regressor/regressor_test_util.h"
#include "regressor/runtime.h"
#include "regressor/weights.h"

namespace gyre {
namespace {

struct Model : torch::nn::Module {
  Model() {
    register_module("conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 5, 3)));
    register_module("linear", torch::nn::Linear(70, 90));
    register_parameter("unused", at::randn({4}));
    UseChannelsLast(*this);
  }
};

// The gradient of step `step`; that of the convolution in another layout than its weights now and
// then, as backward passes give it.
void SetGradients(Model* model, int step) {
  SeedTorch(static_cast<uint64_t>(step));
  for (auto& item : model->named_parameters()) {
    if (item.key() == "unused") continue;
    const at::Tensor gradient = at::randn(item.value().sizes()) * (step == 2 ? 1e-9 : 1);
    item.value().mutable_grad() = step % 2 == 0 && gradient.dim() == 4
                                      ? gradient.contiguous(at::MemoryFormat::ChannelsLast)
                                      : gradient;
  }
}

class FusedAdamTest : public ::testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(AmsGrad, FusedAdamTest, ::testing::Bool());

TEST_P(FusedAdamTest, TakesLibTorchsSteps) {
  const auto options = torch::optim::AdamOptions(1e-2).amsgrad(GetParam());
  SeedTorch(1);
  Model plain;
  SeedTorch(1);
  Model fused;
  torch::optim::Adam plain_adam(plain.parameters(), options);
  auto fused_adam = std::make_unique<FusedAdam>(fused.parameters(), options);
  for (int step = 0; step < 6; ++step) {
    SetGradients(&plain, step);
    SetGradients(&fused, step);
    plain_adam.step();
    fused_adam->step();
    if (step == 3) {  // goes on from a stored state
      const TorchValue stored = GetAdamState(*fused_adam, fused);
      fused_adam = std::make_unique<FusedAdam>(fused.parameters(), options);
      SetAdamState(*fused_adam, fused, stored, "stored");
    }
  }
  const auto expected = plain.named_parameters();
  for (const auto& item : fused.named_parameters()) {
    EXPECT_LT(MaxAbs(item.value().detach() - expected[item.key()].detach()), 1e-6) << item.key();
  }
  EXPECT_EQ(fused_adam->state().size(), 4);  // none of what had no gradient
}

TEST(ClipGradients, ShortensOnlyWhatIsTooLong) {
  Model model;
  const auto norm = [&] { return ClipGradients(model, 0); };
  SetGradients(&model, 1);
  const double before = norm();
  EXPECT_NEAR(before, std::sqrt(3 * 5 * 9 + 5 + 71 * 90), 5);  // of standard normal numbers
  EXPECT_EQ(ClipGradients(model, 2 * before), before);
  EXPECT_EQ(norm(), before);
  EXPECT_EQ(ClipGradients(model, 3), before);
  EXPECT_NEAR(norm(), 3, 1e-4);
}

}  // namespace
}  // namespace gyre
