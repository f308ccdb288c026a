// SPDX-License-Identifier: Apache-2.0
#include "regressor/encoder.h"

#include <ATen/ops/rand.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <limits>

#include "body/joints.h"
#include "regressor/hmr.h"
#include "regressor/regressor_test_util.h"

namespace gyre {
namespace {

NetworkOptions OptionsFor(NetworkInput input) {
  NetworkOptions options = NetworkOptions::FromPreset("small");
  options.input = input;
  options.image_px = 64;
  options.width = 16;
  return options;
}

TEST(Encoder, EveryInputGivesABody) {
  const MeanParams mean = MeanParams::FromPrior(*LoadPosePrior());
  const std::pair<NetworkInput, std::vector<int64_t>> inputs[] = {
      {NetworkInput::kImage, {2, 3, 64, 64}},
      {NetworkInput::kKeypoints, {2, kNumSpinJoints, 3}},
      {NetworkInput::kSilhouette, {2, 1, 64, 64}}};
  for (const auto& [input, shape] : inputs) {
    HmrNet network(OptionsFor(input), mean);
    const HmrOutput output = network->forward(at::rand(shape));
    EXPECT_EQ(output.rotmats.sizes(), (std::vector<int64_t>{2, kNumBodyJoints, 3, 3}));
    // Every layer of the encoder is the network's, and learns.
    output.rotmats.sum().backward();
    for (const auto& item : network->named_parameters()) {
      if (item.key().starts_with("dec") && !item.key().starts_with("decpose")) continue;
      ASSERT_TRUE(item.value().grad().defined()) << EnumName(input) << " " << item.key();
    }
    network->eval();
    for (const auto& module : network->modules()) EXPECT_FALSE(module->is_training());
  }
}

TEST(Encoder, WhereAKeypointIsNotSeenItsPlaceCountsForNothing) {
  const auto encoder = MakeEncoder(OptionsFor(NetworkInput::kKeypoints));
  encoder->eval();
  at::Tensor keypoints = at::rand({1, kNumSpinJoints, 3});
  keypoints[0][7][2] = 0;
  at::Tensor moved = keypoints.clone();
  moved[0][7][0] = std::numeric_limits<float>::quiet_NaN();
  moved[0][7][1] = 3;
  EXPECT_TRUE(encoder->Features(keypoints).equal(encoder->Features(moved)));
  moved[0][8][0] = 3;
  EXPECT_FALSE(encoder->Features(keypoints).equal(encoder->Features(moved)));
}

}  // namespace
}  // namespace gyre
