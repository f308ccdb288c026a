// SPDX-License-Identifier: Apache-2.0
#include "regressor/encoders/encoder.h"

#include <ATen/ops/rand.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <tuple>

#include "body/joints.h"
#include "regressor/network.h"
#include "regressor/regressor_test_util.h"
#include "regressor/runtime.h"

namespace gyre {
namespace {

NetworkOptions OptionsFor(NetworkInput input) {
  NetworkOptions options;
  options.backbone = Backbone::kResNet18;
  options.input = input;
  options.image_px = 64;
  options.width = 16;
  return options;
}

TEST(Encoder, EveryInputGivesABody) {
  const std::pair<NetworkInput, std::vector<int64_t>> inputs[] = {
      {NetworkInput::kImage, {2, 3, 64, 64}},
      {NetworkInput::kKeypoints, {2, 49, 3}},
      {NetworkInput::kSilhouette, {2, 1, 64, 64}}};
  for (const auto& [input, shape] : inputs) {
    Network network(OptionsFor(input), BodySetting());
    const Output output = network->forward(at::rand(shape));
    EXPECT_EQ(output.rotations.sizes(), (std::vector<int64_t>{2, 24, 3, 3}));
    // Every layer of the encoder is the network's, and learns.
    output.rotations.sum().backward();
    for (const auto& item : network->named_parameters()) {
      const std::string name = network->names().InFile(item.key());
      if (name.starts_with("dec") && !name.starts_with("decpose")) continue;
      ASSERT_TRUE(item.value().grad().defined()) << EnumName(input) << " " << item.key();
    }
    network->eval();
    for (const auto& module : network->modules()) EXPECT_FALSE(module->is_training());
  }
}

// [out, in, 3, 3] of width 16: twice and four times it, and no more.
TEST(Encoder, SilhouettesPassFiveConvolutions) {
  const auto encoder = MakeEncoder(OptionsFor(NetworkInput::kSilhouette), SpinJoints());
  const auto parameters = encoder->named_parameters();
  const std::vector<int64_t> channels = {1, 16, 32, 64, 64, 64};
  for (size_t i = 0; i < 5; ++i) {
    const std::string name = "conv" + std::to_string(i + 1) + ".weight";
    EXPECT_EQ(parameters[name].sizes(), (std::vector<int64_t>{channels[i + 1], channels[i], 3, 3}))
        << name;
  }
  EXPECT_FALSE(parameters.contains("conv6.weight"));
  EXPECT_EQ(encoder->feature_size(), 512);
}

// He et al. 2015: sqrt(2 / (out channels x kernel area)), so that a ReLU's half is made up for.
TEST(Encoder, ConvolutionsBeginWithTheVarianceThatRelusKeep) {
  SeedTorch(3);
  const auto encoder = MakeEncoder(OptionsFor(NetworkInput::kImage), SpinJoints());
  const auto parameters = encoder->named_parameters();
  const std::tuple<const char*, std::vector<int64_t>, double> expected[] = {
      {"conv1.weight", {16, 3, 7, 7}, 0.0505},           // sqrt(2 / 784)
      {"layer2.0.conv1.weight", {32, 16, 3, 3}, 0.0833}  // sqrt(2 / 288)
  };
  for (const auto& [name, sizes, deviation] : expected) {
    ASSERT_EQ(parameters[name].sizes(), sizes) << name;
    EXPECT_NEAR(parameters[name].std().item<double>(), deviation, 0.06 * deviation) << name;
    EXPECT_NEAR(parameters[name].mean().item<double>(), 0, 0.06 * deviation) << name;
  }
}

TEST(Encoder, WhereAKeypointIsNotSeenItsPlaceCountsForNothing) {
  for (const char* set : {"spin49", "coco17"}) {
    const auto encoder = MakeEncoder(OptionsFor(NetworkInput::kKeypoints), FindKeypointSet(set));
    encoder->eval();
    const auto encode = [&](const at::Tensor& input) { return encoder->Encode(input).pooled; };
    at::Tensor keypoints = at::rand({1, FindKeypointSet(set).size(), 3});
    EXPECT_EQ(encode(keypoints).sizes(), (std::vector<int64_t>{1, 256}));
    keypoints[0][7][2] = 0;
    at::Tensor moved = keypoints.clone();
    moved[0][7][0] = std::numeric_limits<float>::quiet_NaN();
    moved[0][7][1] = 3;
    EXPECT_TRUE(encode(keypoints).equal(encode(moved)));
    // Each number of a keypoint that is seen counts.
    for (int of = 0; of < 3; ++of) {
      moved = keypoints.clone();
      moved[0][8][of] = 3;
      EXPECT_FALSE(encode(keypoints).equal(encode(moved))) << set << " " << of;
    }
  }
}

}  // namespace
}  // namespace gyre
