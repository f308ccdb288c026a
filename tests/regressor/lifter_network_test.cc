// SPDX-License-Identifier: Apache-2.0
// The network of clips: encoder, head, and what it says of mirror images.
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "regressor/mirrored.h"
#include "regressor/network.h"
#include "regressor/parameter_count.h"
#include "regressor/regressor_test_util.h"

namespace gyre {
namespace {

NetworkOptions LifterNetwork(const std::string& widths, bool path) {
  NetworkOptions options;
  options.input = NetworkInput::kClip;
  options.head = "lifter";
  options.keypoints = "h36m17";
  options.dropout = 0.25;
  options.lifter.widths = widths;
  options.lifter.path = path;
  return options;
}

// With 16 channels and statistics of batch norms that are no longer 0 and 1.
Network SmallLifter(NetworkOptions options) {
  options.lifter.channels = 16;
  Network network(options, NetworkSetting{});
  Rng rng(5, RngStream::kTest);
  network->train();
  for (int i = 0; i < 3; ++i) {
    network->forward(
        RandomTensor({4, options.lifter.Trunk(17, 0).ReceptiveField(), 17, 3}, rng).to(at::kFloat));
  }
  network->eval();
  return network;
}

at::Tensor RandomClips(int64_t count, int64_t frames, uint64_t seed) {
  Rng rng(seed, RngStream::kTest);
  at::Tensor clips = 0.3 * RandomTensor({count, frames, 17, 3}, rng).to(at::kFloat);
  clips.select(3, 2).fill_(0.7);
  return clips;
}

// Of the paper's networks, head and encoder together; the second one with that of the root's path.
TEST(LifterNetwork, HasThePublishedParameters) {
  const auto count = [](const char* widths, bool path) {
    return NumParameters(*Network(LifterNetwork(widths, path), NetworkSetting{}));
  };
  EXPECT_EQ(count("3-3-3", false), 8'555'571);
  EXPECT_EQ(count("3-3-3", true), 8'555'571 + 8'506'371);
  EXPECT_EQ(count("3-3-3-3", false), 12'753'971);
  EXPECT_EQ(count("3-3-3-3-3", true), 16'952'371 + 16'903'171);
}

TEST(LifterNetwork, ACausalOneSeesNoFrameToCome) {
  NetworkOptions options = LifterNetwork("3-5", false);
  options.lifter.causal = true;
  EXPECT_EQ(options.lifter.Trunk(17, 0).PadBefore(), 14);
  EXPECT_EQ(options.lifter.Trunk(17, 0).PadAfter(), 0);
  options.lifter.causal = false;
  EXPECT_EQ(options.lifter.Trunk(17, 0).PadBefore(), 7);
  EXPECT_EQ(options.lifter.Trunk(17, 0).PadAfter(), 7);
}

TEST(LifterNetwork, EveryFrameOfTheWindowCountsAndUnseenPlacesDoNot) {
  Network network = SmallLifter(LifterNetwork("3-3", true));
  const at::Tensor clips = RandomClips(2, 9, 3);
  const Output before = network->forward(clips);
  ASSERT_EQ(before.joints.sizes(), at::IntArrayRef({2, 17, 3}));
  ASSERT_EQ(before.path.sizes(), at::IntArrayRef({2, 3}));
  for (int64_t frame = 0; frame < 9; ++frame) {
    at::Tensor moved = clips.clone();
    moved[1][frame][4][0] += 0.5;
    const Output after = network->forward(moved);
    EXPECT_EQ(MaxAbs(after.joints[0] - before.joints[0]), 0) << frame;
    EXPECT_GT(MaxAbs(after.joints[1] - before.joints[1]), 1e-4) << frame;
    EXPECT_GT(MaxAbs(after.path[1] - before.path[1]), 1e-5) << frame;
  }
  at::Tensor unseen = clips.clone();
  unseen.select(2, 6).select(2, 2).fill_(0);
  const at::Tensor without = network->forward(unseen).joints;
  unseen.select(2, 6).select(2, 0).fill_(77);
  EXPECT_EQ(MaxAbs(network->forward(unseen).joints - without), 0);
}

// Joint 4 is the left hip, 1 the right one.
TEST(LifterNetwork, TheMeanWithTheMirrorImageIsItsOwnMirrorImage) {
  Network network = SmallLifter(LifterNetwork("3-3", true));
  const at::Tensor clips = RandomClips(2, 9, 8);
  at::Tensor mirrored = clips.clone();
  const std::vector<int> partners = network->keypoints().MirrorPermutation();
  for (int64_t j = 0; j < 17; ++j) {
    mirrored.select(2, j).copy_(clips.select(2, partners[j]));
  }
  mirrored.select(3, 0).neg_();
  const Output mean = MeanOfMirrored(network, clips), other = MeanOfMirrored(network, mirrored);
  EXPECT_GT(MaxAbs(mean.joints - network->forward(clips).joints), 1e-3);
  const at::Tensor left = mean.joints.select(1, 4), right = other.joints.select(1, 1);
  EXPECT_LT(MaxAbs(left.select(1, 0) + right.select(1, 0)), 1e-5);
  EXPECT_LT(MaxAbs(left.narrow(1, 1, 2) - right.narrow(1, 1, 2)), 1e-5);
  EXPECT_LT(MaxAbs(mean.path.select(1, 0) + other.path.select(1, 0)), 1e-5);
  EXPECT_LT(MaxAbs(mean.path.narrow(1, 1, 2) - other.path.narrow(1, 1, 2)), 1e-5);
}

TEST(LifterNetwork, SaysWhatItCannotBe) {
  EXPECT_THROW(LifterNetwork("3-4", false).Check(), UserError);
  EXPECT_THROW(LifterNetwork("", false).Check(), UserError);
  EXPECT_THROW(LifterNetwork("3-x", false).Check(), UserError);
  NetworkOptions options = LifterNetwork("3-3", false);
  options.input = NetworkInput::kKeypoints;
  EXPECT_THROW(Network(options, NetworkSetting{}), UserError);
  Network network = SmallLifter(LifterNetwork("3-3", false));
  EXPECT_THROW(network->forward(at::zeros({1, 9, 49, 3})), UserError);  // of another set
}

}  // namespace
}  // namespace gyre
