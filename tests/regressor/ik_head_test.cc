// SPDX-License-Identifier: Apache-2.0
#include "regressor/heads/ik_head.h"

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "io/io_test_util.h"
#include "regressor/layers/body_layer.h"
#include "regressor/losses/losses.h"
#include "regressor/network.h"
#include "regressor/regressor_test_util.h"
#include "regressor/rotation.h"
#include "regressor/runtime.h"

namespace gyre {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

NetworkOptions IkolOptions() {
  NetworkOptions options;
  options.head = "ik";
  options.backbone = Backbone::kResNet34;
  options.uvd_set = "smpl24";
  options.volume_depths = "64";
  options.image_px = 256;
  return options;
}

NetworkOptions NarrowOptions() {
  NetworkOptions options = IkolOptions();
  options.backbone = Backbone::kResNet18;
  options.width = 8;
  options.image_px = 64;
  options.volume_depths = "12";
  return options;
}

TEST(IkHead, HasThePublishedParametersAndNames) {
  const Network network(IkolOptions(), BodySetting());
  int64_t count = 0;
  std::map<std::string, std::vector<int64_t>> shapes;
  for (const auto& item : network->named_parameters()) {
    count += item.value().numel();
    shapes[item.key()] = item.value().sizes().vec();
  }
  EXPECT_EQ(count, 27528076);
  const std::pair<const char*, std::vector<int64_t>> expected[] = {
      {"head.deconv_layers.0.weight", {512, 256, 4, 4}},
      {"head.deconv_layers.4.bias", {256}},
      {"head.deconv_layers.6.weight", {256, 256, 4, 4}},
      {"head.final_layer.weight", {1536, 256, 1, 1}},
      {"head.fc1.weight", {1024, 512}},
      {"head.fc2.weight", {1024, 1024}},
      {"head.decshape.weight", {10, 1024}},
      {"head.decphi.weight", {46, 1024}},
      {"head.decleaf.bias", {20}}};
  for (const auto& [name, shape] : expected) EXPECT_EQ(shapes[name], shape) << name;
}

TEST(IkHead, SaysABodyThatStandsWhereItsJointsAreSeen) {
  SeedTorch(3);
  Network network(NarrowOptions(), BodySetting());
  network->eval();
  const at::NoGradGuard no_grad;
  const Output out = network->forward(3 * at::randn({3, 3, 64, 64}));
  ASSERT_TRUE(out.HasBody());
  EXPECT_EQ(out.uvd.sizes(), (std::vector<int64_t>{3, 24, 3}));
  EXPECT_EQ(out.uvd_set, &FindKeypointSet("smpl24"));
  EXPECT_EQ(out.twist.sizes(), (std::vector<int64_t>{3, 24, 2}));
  EXPECT_LT(MaxAbs(at::matmul(out.rotations, out.rotations.transpose(2, 3)) - at::eye(3)), 1e-5);
  // s (J_0 + t) of the pelvis is where joint 0 is seen.
  const BodyLayer layer(BuiltinBody());
  const at::Tensor pelvis = layer->forward(out.rotations, out.betas).kinematic.select(1, 0);
  const at::Tensor scale = out.camera.narrow(1, 0, 1);
  const at::Tensor seen = scale * (pelvis.narrow(1, 0, 2) + out.camera.narrow(1, 1, 2));
  EXPECT_LT(MaxAbs(seen - out.uvd.select(1, 0).narrow(1, 0, 2)), 1e-5);
  // It begins without twists.
  EXPECT_LT(MaxAbs(out.twist.narrow(1, 1, 23).select(2, 1)), 0.3);
  EXPECT_GT(Value(out.twist.narrow(1, 1, 23).select(2, 0).min()), 0.5);
}

TEST(IkHead, AllLayersLearnThroughEverySolver) {
  for (const auto& [method, name] : EnumNames<IkMethod>::kAll) {
    SeedTorch(4);
    NetworkOptions options = NarrowOptions();
    if (method == IkMethod::kIkol) options.ik = IkOptions::Ikol();
    options.ik.method = method;
    Network network(options, BodySetting());
    const Output out = network->forward(3 * at::randn({2, 3, 64, 64}));
    (out.rotations.select(3, 0).sum() + out.betas.sum()).backward();
    for (const auto& item : network->named_parameters()) {
      ASSERT_TRUE(item.value().grad().defined()) << name << " " << item.key();
      EXPECT_TRUE(item.value().grad().isfinite().all().item().toBool())
          << name << " " << item.key();
    }
    EXPECT_GT(MaxAbs(network->named_parameters()["head.final_layer.weight"].grad()), 0) << name;
    EXPECT_GT(MaxAbs(network->named_parameters()["head.decphi.weight"].grad()), 0) << name;
  }
}

TEST(IkHead, RegressesPlacesOfKeypoints) {
  NetworkOptions options = NarrowOptions();
  options.input = NetworkInput::kKeypoints;
  options.keypoints = "coco17";
  Network network(options, BodySetting());
  const Output out = network->forward(at::randn({5, 17, 3}));
  EXPECT_TRUE(out.HasBody());
  EXPECT_TRUE(network->named_parameters().contains("head.coordinates.weight"));
}

TEST(IkHead, SaysWhatItNeeds) {
  NetworkOptions options = NarrowOptions();
  EXPECT_THAT(UserErrorOf([&] { Network(options, NetworkSetting{}); }), HasSubstr("--body"));
  options.uvd_set = "coco17";
  EXPECT_THAT(UserErrorOf([&] { Network(options, BodySetting()); }),
              AllOf(HasSubstr("coco17 has no Pelvis"), HasSubstr("smpl24")));
  options = NarrowOptions();
  options.volume_depths = "1-8";
  EXPECT_THAT(UserErrorOf([&] { Network(options, BodySetting()); }), HasSubstr("1-8"));
  options = NarrowOptions();
  options.ik.steps = 2000;
  EXPECT_THAT(UserErrorOf([&] { options.Check(); }), HasSubstr("ik.steps: 2000"));
}

TEST(RotationFromQuaternionTest, IsRightAtAnyLength) {
  // A turn by 90 degrees about z, and one by 180 about x.
  const double half = std::sqrt(0.5);
  const at::Tensor q = at::tensor({3 * half, 0.0, 0.0, 3 * half, 0.0, -2.0, 0.0, 0.0}, at::kDouble);
  const at::Tensor R = RotationFromQuaternion(q.view({2, 4}));
  const at::Tensor expected = at::tensor(
      {0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, -1.0},
      at::kDouble);
  EXPECT_LT(MaxAbs(R - expected.view({2, 3, 3})), 1e-15);
}

// Of two people and three joints, one of which swings, the first person being known: the mean of
// 0.5^2 and 0.25^2.
TEST(TwistLossTest, IsAMeanOverWhatSwings) {
  Output output;
  output.twist =
      at::tensor({9.0, 9.0, 1.5, 0.25, 9.0, 9.0, 7.0, 7.0, 7.0, 7.0, 7.0, 7.0}, at::kDouble)
          .view({2, 3, 2});
  Targets targets;
  targets.twist =
      at::tensor({0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.6, 0.8, 0.0, 0.0}, at::kDouble)
          .view({2, 3, 2});
  targets.valid = at::tensor({1.0, 0.0}, at::kDouble);
  const Quotient loss = TwistLoss(output, targets, LossOptions());
  EXPECT_NEAR(Value(loss.numerator / loss.denominator), (0.25 + 0.0625) / 2, 1e-12);
}

}  // namespace
}  // namespace gyre
