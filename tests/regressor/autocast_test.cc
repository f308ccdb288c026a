// SPDX-License-Identifier: Apache-2.0
#include "regressor/autocast.h"

#include <ATen/ops/matmul.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <cmath>

#include "body/joints.h"
#include "regressor/batch_norm.h"
#include "regressor/network.h"
#include "regressor/regressor_test_util.h"
#include "regressor/runtime.h"

namespace gyre {
namespace {

TEST(Bfloat16Scope, EndsAsItBegan) {
  const at::Tensor a = at::randn({4, 4});
  const auto product_type = [&] { return at::matmul(a, a).scalar_type(); };
  {
    const Bfloat16Scope outer(at::kCPU);
    EXPECT_EQ(product_type(), at::kBFloat16);
    { const Bfloat16Scope inner(at::kCPU); }
    EXPECT_EQ(product_type(), at::kBFloat16);
  }
  EXPECT_EQ(product_type(), at::kFloat);
  const auto throws = [&] {
    const Bfloat16Scope scope(at::kCPU);
    return at::matmul(a, at::randn({3, 3}));
  };
  EXPECT_THROW(throws(), c10::Error);
  EXPECT_EQ(product_type(), at::kFloat);
}

TEST(Bfloat16Scope, TheNextSeesNewWeights) {
  const at::Tensor x = at::randn({4, 4}), weight = at::randn({4, 4}).requires_grad_();
  const auto product = [&] {
    const Bfloat16Scope scope(at::kCPU);
    return at::matmul(x, weight);
  };
  const at::Tensor before = product();
  weight.data().neg_();
  EXPECT_TRUE(product().equal(-before));
}

struct Pass {
  Output output;
  std::vector<at::Tensor> gradients;
};

// Of a network that looks at `input`, always the same but for the precision.
Pass PassOf(NetworkInput input, Precision precision, bool training, bool folded) {
  NetworkOptions options;
  options.backbone = Backbone::kResNet18;
  options.input = input;
  options.image_px = 64;
  options.width = 32;
  options.dropout = 0;
  options.precision = precision;
  SeedTorch(3);
  Network network(options, BodySetting());
  const at::Tensor x = input == NetworkInput::kImage       ? at::randn({8, 3, 64, 64})
                       : input == NetworkInput::kKeypoints ? at::randn({8, kNumSpinJoints, 3})
                                                           : at::randn({8, 1, 64, 64});
  UseChannelsLast(*network);
  network->train(training);
  if (folded) FoldBatchNorm(*network);
  Pass pass{.output = network->forward(x), .gradients = {}};
  if (!training) return pass;
  (pass.output.rotations.select(1, 3).select(1, 0).sum() + pass.output.betas.sum() +
   pass.output.camera.sum())
      .backward();
  for (const auto& item : network->named_parameters()) {
    const at::Tensor& gradient = item.value().grad();
    EXPECT_TRUE(gradient.defined()) << item.key();
    EXPECT_EQ(item.value().scalar_type(), at::kFloat) << item.key();
    EXPECT_EQ(gradient.scalar_type(), at::kFloat) << item.key();
    pass.gradients.push_back(gradient);
  }
  return pass;
}

double RelativeDistance(const at::Tensor& a, const at::Tensor& b) {
  return Value((a - b).norm()) / Value(b.norm());
}

// Each of about 20 layers rounds by up to 2^-9 of a value; the errors add up as a random walk, and
// those of the backward pass as well. Shape starts at 0, so all of it is the network's.
TEST(Network, Bfloat16IsNearFloat32) {
  for (const NetworkInput input :
       {NetworkInput::kImage, NetworkInput::kKeypoints, NetworkInput::kSilhouette}) {
    for (const auto& [training, folded] : {std::pair{true, false}, {false, false}, {false, true}}) {
      const Pass exact = PassOf(input, Precision::kFloat32, training, folded);
      const Pass rounded = PassOf(input, Precision::kBfloat16, training, folded);
      for (const auto& tensor :
           {rounded.output.rotations, rounded.output.betas, rounded.output.camera}) {
        EXPECT_EQ(tensor.scalar_type(), at::kFloat);
      }
      const double distance = RelativeDistance(rounded.output.betas, exact.output.betas);
      EXPECT_LT(distance, 0.02) << EnumName(input);
      EXPECT_GT(distance, 1e-4) << "nothing was rounded";
      EXPECT_LT(MaxAbs(rounded.output.rotations - exact.output.rotations), 0.005);
      double difference2 = 0, length2 = 0;
      for (size_t i = 0; i < exact.gradients.size(); ++i) {
        difference2 += std::pow(Value((rounded.gradients[i] - exact.gradients[i]).norm()), 2);
        length2 += std::pow(Value(exact.gradients[i].norm()), 2);
      }
      EXPECT_LE(std::sqrt(difference2), 0.05 * std::sqrt(length2)) << EnumName(input);
    }
  }
}

}  // namespace
}  // namespace gyre
