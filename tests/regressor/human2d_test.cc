// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/human2d.h"

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "io/io_test_util.h"
#include "regressor/adam.h"
#include "regressor/losses/losses.h"
#include "regressor/network.h"
#include "regressor/parameter_count.h"
#include "regressor/regressor_test_util.h"
#include "regressor/runtime.h"
#include "regressor/weights.h"

namespace gyre {
namespace {

using ::testing::HasSubstr;

NetworkOptions HumanOptions(const std::string& head) {
  NetworkOptions options;
  options.head = head;
  options.backbone = Backbone::kHourglass;
  options.uvd_set = "coco17";
  options.image_px = 64;
  options.width = 8;
  options.dropout = 0;
  return options;
}

NetworkOptions PriorOptions(NetworkInput input) {
  NetworkOptions options;
  options.input = input;
  options.keypoints = "coco17";
  options.image_px = 32;
  options.width = 8;
  return options;
}

// By hand from coarse-to-fine's published stages, of whose outputs these have other numbers.
TEST(Human2d, ParametersAreThoseOfTwoHourglassesWithFewerMaps) {
  NetworkOptions options = HumanOptions("human2d");
  options.width = 64;
  options.image_px = 256;
  options.uvd_set = "body25";
  Network network(options, NetworkSetting{});
  const int64_t first = 12868241 + (25 + 2 - 17) * (256 + 1 + 384);
  const int64_t second = 26904401 - 406656 - 12868241 + (25 + 2 - 17 * 64) * int64_t{512 + 1};
  EXPECT_EQ(first + second + 406656, 26366518);
  EXPECT_EQ(NumParameters(*network), 26366518);
}

TEST(Human2d, SaysHeatMapsAndMasksTwiceAndNothingOfDepth) {
  SeedTorch(2);
  Network network(HumanOptions("human2d"), BodySetting());
  const Output out = network->forward(at::randn({3, 3, 64, 64}));
  ASSERT_EQ(out.heat_maps.size(), 2u);
  ASSERT_EQ(out.masks.size(), 2u);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(out.heat_maps[i].sizes(), (at::IntArrayRef{3, 17, 1, 16, 16}));
    EXPECT_EQ(out.masks[i].sizes(), (at::IntArrayRef{3, 2, 16, 16}));
  }
  EXPECT_EQ(out.uvd.sizes(), (at::IntArrayRef{3, 17, 3}));
  EXPECT_EQ(out.uvd_set, &FindKeypointSet("coco17"));
  EXPECT_EQ(MaxAbs(out.uvd.select(2, 2)), 0);
  EXPECT_FALSE(out.HasBody());
}

TEST(Human2d, TheWholeSystemSaysABodyFromWhatItSees) {
  SeedTorch(3);
  Network network(HumanOptions("pavlakos18"), BodySetting());
  const Output out = network->forward(at::randn({3, 3, 64, 64}));
  EXPECT_EQ(out.rotations.sizes(), (at::IntArrayRef{3, 24, 3, 3}));
  EXPECT_EQ(out.betas.sizes(), (at::IntArrayRef{3, 10}));
  EXPECT_EQ(out.camera.sizes(), (at::IntArrayRef{3, 3}));
  EXPECT_LT(MaxAbs(out.betas), 0.5);  // about the mean shape
  EXPECT_GT(Value(out.camera.select(1, 0).min()), 0.5);
  EXPECT_EQ(out.masks.size(), 2u);
  // Shape comes from the mask alone, pose from the joints: of what says the last heat maps and the
  // last mask one layer's rows [17 + 2, ...] have both gradients.
  const at::Tensor rows = network->named_parameters()["head.human2d.stack.stage2_out.weight"];
  ASSERT_EQ(rows.size(0), 19);
  out.betas.square().sum().backward({}, /*retain_graph=*/true);
  EXPECT_EQ(MaxAbs(rows.grad().narrow(0, 0, 17)), 0);
  EXPECT_GT(MaxAbs(rows.grad().narrow(0, 17, 2)), 0);
  rows.mutable_grad().zero_();
  out.rotations.select(1, 4).sum().backward();
  EXPECT_GT(MaxAbs(rows.grad().narrow(0, 0, 17)), 0);
  EXPECT_EQ(MaxAbs(rows.grad().narrow(0, 17, 2)), 0);
}

TEST(Human2d, SaysWhatItNeeds) {
  NetworkOptions options = HumanOptions("human2d");
  options.backbone = Backbone::kResNet18;
  EXPECT_THAT(UserErrorOf([&] { Network(options, NetworkSetting{}); }),
              HasSubstr("head human2d stands behind what hourglasses begin with"));
  options.backbone = Backbone::kHourglass;
  options.input = NetworkInput::kKeypoints;
  EXPECT_THROW(Network(options, NetworkSetting{}), UserError);
  EXPECT_THAT(UserErrorOf([] { Network(HumanOptions("pavlakos18"), NetworkSetting{}); }),
              HasSubstr("needs a --body"));
}

// A bright square on the left or right of the picture is the person and has the joint.
TEST(Human2d, LearnsWhereJointsAreAndWhatIsThePerson) {
  SeedTorch(4);
  NetworkOptions options = HumanOptions("human2d");
  Network network(options, NetworkSetting{});
  at::Tensor pictures = at::zeros({4, 3, 64, 64});
  Targets targets;
  targets.uvd_set = &network->uvd_set();
  targets.uvd = at::zeros({4, 17, 3});
  targets.uvd_weight = at::zeros({4, 17, 3});
  targets.mask = at::zeros({4, 64, 64});
  targets.mask_known = at::ones({4, 64, 64});
  for (int i = 0; i < 4; ++i) {
    const int64_t u = 4 + 11 * i, v = 8 + 7 * i;
    pictures[i].narrow(1, v, 20).narrow(2, u, 16).fill_(1.5);
    targets.mask[i].narrow(0, v, 20).narrow(1, u, 16).fill_(1);
    targets.uvd[i][5][0] = (u + 7.5 - 31.5) / 32;
    targets.uvd[i][5][1] = (v + 9.5 - 31.5) / 32;
    targets.uvd_weight[i][5].narrow(0, 0, 2).fill_(1);
  }
  LossOptions weights;
  weights.total = 1;
  weights.volumes = 100;
  weights.mask = 1;
  weights.uvd = 0;
  weights.mean = LossMean::kObserved;
  torch::optim::Adam adam(network->parameters(), torch::optim::AdamOptions(3e-3));
  for (int step = 0; step < 60; ++step) {
    adam.zero_grad();
    ComputeLosses(network->forward(pictures), targets, weights).total.backward();
    adam.step();
  }
  const Output out = network->forward(pictures);
  EXPECT_LT(MaxAbs((out.uvd - targets.uvd).select(1, 5)), 0.12);
  const at::Tensor person =
      (at::avg_pool2d(targets.mask.unsqueeze(1), 4).squeeze(1) > 0.5).to(at::kFloat);
  const at::Tensor said = (out.masks[1].select(1, 1) > out.masks[1].select(1, 0)).to(at::kFloat);
  EXPECT_GT(Value((said * person).sum() / at::maximum(said, person).sum()), 0.8);
}

class PartsTest : public testing::Test {
 protected:
  PartsTest() {
    SeedTorch(6);
    whole_ = Network(HumanOptions("pavlakos18"), BodySetting());
    before_ = GetState(*whole_);
  }

  void Load(const Network& part) {
    WriteTorchFile(path_, TorchValue::Dict{{"model", GetState(*part, part->names())}});
    LoadNetworkWeights(*whole_, path_, whole_->names(), FindHead("pavlakos18").parts);
  }

  // That the tensors under `at` are the part's, and all others as they were.
  void ExpectTaken(const Network& part, const std::string& at) {
    const StateDict given = GetState(*part);
    size_t taken = 0;
    for (const auto& [name, tensor] : GetState(*whole_)) {
      const auto found = name.starts_with(at) ? given.find(name.substr(at.size())) : given.end();
      taken += found != given.end();
      EXPECT_TRUE(tensor.equal(found != given.end() ? found->second : before_.at(name))) << name;
    }
    EXPECT_EQ(taken, given.size());
    EXPECT_GT(before_.size(), taken);
  }

  TempFolder folder_;
  std::filesystem::path path_ = folder_.path() / "part.pt";
  Network whole_{nullptr};
  StateDict before_;
};

TEST_F(PartsTest, Human2d) {
  SeedTorch(5);
  Network alone(HumanOptions("human2d"), NetworkSetting{});
  Load(alone);
  ExpectTaken(alone, "");
  // Not the other way round.
  WriteTorchFile(path_, TorchValue::Dict{{"model", before_}});
  EXPECT_THAT(UserErrorOf([&] { LoadNetworkWeights(*alone, path_); }), HasSubstr("unexpected"));
}

TEST_F(PartsTest, ThePriorsAreNetworksOfTheirOwn) {
  for (const auto input : {NetworkInput::kKeypoints, NetworkInput::kSilhouette}) {
    const NetworkOptions options = PriorOptions(input);
    SeedTorch(5);
    Network prior(options, BodySetting());
    before_ = GetState(*whole_);
    Load(prior);
    ExpectTaken(prior, input == NetworkInput::kKeypoints ? "head.pose_prior." : "head.shape_prior.");
  }
  // One of another size is no part, and nothing changes.
  NetworkOptions wide = PriorOptions(NetworkInput::kSilhouette);
  wide.width = 16;
  Network prior(wide, BodySetting());
  before_ = GetState(*whole_);
  EXPECT_THAT(UserErrorOf([&] { Load(prior); }), HasSubstr("bn1.bias is (16) and should be (8)"));
  for (const auto& [name, tensor] : GetState(*whole_)) EXPECT_TRUE(tensor.equal(before_.at(name)));
}

}  // namespace
}  // namespace gyre
