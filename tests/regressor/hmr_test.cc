// SPDX-License-Identifier: Apache-2.0
#include "regressor/hmr.h"

#include <ATen/ops/eye.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "regressor/batch_norm.h"
#include "regressor/regressor_test_util.h"
#include "regressor/resnet.h"
#include "regressor/rotation.h"
#include "regressor/runtime.h"

namespace gyre {
namespace {

MeanParams TestMean() { return MeanParams::FromPrior(*LoadPosePrior()); }

NetworkOptions SmallOptions(IefActivation activation = IefActivation::kNone) {
  NetworkOptions options = NetworkOptions::FromPreset("small");
  options.image_px = 64;
  options.ief_activation = activation;
  return options;
}

int64_t NumParameters(const torch::nn::Module& module) {
  int64_t count = 0;
  for (const at::Tensor& p : module.parameters()) count += p.numel();
  return count;
}

TEST(HmrNet, SpinPresetHasSpinsParametersAndNames) {
  const HmrNet network(NetworkOptions::FromPreset("spin"), TestMean());
  EXPECT_EQ(NumParameters(*network), 26977501);
  const auto parameters = network->named_parameters();
  for (const char* name :
       {"conv1.weight", "bn1.bias", "layer1.0.downsample.0.weight", "layer1.0.downsample.1.weight",
        "layer3.5.conv3.weight", "layer4.2.bn3.bias", "fc1.weight", "fc2.bias", "decpose.weight",
        "decshape.bias", "deccam.weight"}) {
    EXPECT_TRUE(parameters.contains(name)) << name;
  }
  const auto buffers = network->named_buffers();
  EXPECT_EQ(buffers["init_pose"].sizes(), (at::IntArrayRef{1, 144}));
  EXPECT_EQ(buffers["init_shape"].sizes(), (at::IntArrayRef{1, 10}));
  EXPECT_EQ(buffers["init_cam"].sizes(), (at::IntArrayRef{1, 3}));
  EXPECT_TRUE(buffers.contains("layer4.0.downsample.1.running_var"));
}

TEST(HmrNet, BackbonesHaveTorchvisionsParametersWithoutClassifier) {
  EXPECT_EQ(NumParameters(ResNetImpl(Backbone::kResNet18)), 11176512);
  EXPECT_EQ(NumParameters(ResNetImpl(Backbone::kResNet34)), 21284672);
  EXPECT_EQ(NumParameters(ResNetImpl(Backbone::kResNet50)), 23508032);
  // A sixteenth of the convolutions' parameters, and of their work, at a quarter of the width.
  ResNetImpl narrow(Backbone::kResNet18, 16);
  EXPECT_EQ(narrow.feature_size(), 128);
  EXPECT_LT(NumParameters(narrow), 11176512 / 15);
  EXPECT_EQ(narrow.Features(at::zeros({2, 3, 64, 64})).sizes(), (std::vector<int64_t>{2, 128}));
}

TEST(HmrNet, StartsAtTheMeanAndGivesRotations) {
  SeedTorch(1);
  HmrNet network(SmallOptions(), TestMean());
  network->eval();
  const at::NoGradGuard no_grad;
  const HmrOutput out = network->forward(at::randn({2, 3, 64, 64}));
  EXPECT_EQ(out.rotmats.sizes(), (at::IntArrayRef{2, 24, 3, 3}));
  EXPECT_EQ(out.betas.sizes(), (at::IntArrayRef{2, 10}));
  EXPECT_EQ(out.cam.sizes(), (at::IntArrayRef{2, 3}));
  const at::Tensor product = at::matmul(out.rotmats, out.rotmats.transpose(2, 3));
  EXPECT_LT(MaxAbs(product - at::eye(3)), 1e-5);
  // The decoders start small. People stand upright in the picture: a turn by pi about x.
  EXPECT_NEAR(Value(out.cam[0][0]), 0.9, 0.2);
  EXPECT_LT(Value(out.rotmats[0][0][1][1]), -0.9);
  EXPECT_LT(Value(out.rotmats[0][0][2][2]), -0.9);
}

// Without an activation the head is affine in the feature: three iterations are one matrix.
double AffineDefect(IefActivation activation) {
  SeedTorch(2);
  HmrNet network(SmallOptions(activation), TestMean());
  network->eval();
  network->to(at::kDouble);
  const at::NoGradGuard no_grad;
  const at::Tensor a = at::randn({4, 512}, at::kDouble), b = at::randn({4, 512}, at::kDouble);
  const auto f = [&](const at::Tensor& x) { return network->RegressState(x); };
  return MaxAbs(f(0.3 * a + 0.7 * b) - 0.3 * f(a) - 0.7 * f(b));
}

TEST(HmrNet, HeadIsAffineInEvaluationUnlessActivated) {
  EXPECT_LT(AffineDefect(IefActivation::kNone), 1e-12);
  EXPECT_GT(AffineDefect(IefActivation::kRelu), 1e-6);
}

TEST(HmrNet, HeadCollapsesToOneMatrix) {
  SeedTorch(3);
  HmrNet network(SmallOptions(), TestMean());
  network->eval();
  network->to(at::kDouble);
  const at::NoGradGuard no_grad;
  const at::Tensor offset = network->RegressState(at::zeros({1, 512}, at::kDouble));
  const at::Tensor matrix = network->RegressState(at::eye(512, at::kDouble)) - offset;
  const at::Tensor x = at::randn({5, 512}, at::kDouble);
  EXPECT_LT(MaxAbs(network->RegressState(x) - (at::matmul(x, matrix) + offset)), 1e-10);
}

TEST(HmrNet, DropoutActsOnlyInTraining) {
  HmrNet network(SmallOptions(), TestMean());
  const at::NoGradGuard no_grad;
  const at::Tensor feature = at::randn({1, 512});
  EXPECT_GT(MaxAbs(network->RegressState(feature) - network->RegressState(feature)), 0);
  network->eval();
  EXPECT_EQ(MaxAbs(network->RegressState(feature) - network->RegressState(feature)), 0);
}

TEST(HmrNet, EveryParameterReceivesAGradient) {
  SeedTorch(4);
  HmrNet network(SmallOptions(), TestMean());
  const HmrOutput out = network->forward(at::randn({2, 3, 64, 64}));
  (out.rotmats.select(1, 3).select(1, 0).sum() + out.betas.sum() + out.cam.sum()).backward();
  for (const auto& item : network->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    EXPECT_TRUE(item.value().grad().isfinite().all().item().toBool()) << item.key();
  }
}

// Batch norms of a network that has learnt something: no mean is 0 and no variance 1.
TEST(HmrNet, FoldedNormsChangeNothing) {
  for (const Backbone backbone : {Backbone::kResNet18, Backbone::kResNet50}) {
    SeedTorch(6);
    NetworkOptions options = SmallOptions();
    options.backbone = backbone;
    HmrNet network(options, TestMean());
    const at::NoGradGuard no_grad;
    for (const auto& item : network->named_buffers()) {
      if (item.key().ends_with("running_mean")) item.value().normal_(0, 0.5);
      if (item.key().ends_with("running_var")) item.value().uniform_(0.5, 2);
    }
    for (const auto& item : network->named_parameters()) {
      if (item.value().dim() == 1) item.value().uniform_(0.5, 1.5);
    }
    network->eval();
    const at::Tensor images = at::randn({2, 3, 64, 64});
    const HmrOutput plain = network->forward(images);
    FoldBatchNorm(*network);
    UseChannelsLast(*network);
    const HmrOutput folded = network->forward(images);
    EXPECT_LT(MaxAbs(folded.rotmats - plain.rotmats), 1e-4);
    EXPECT_LT(MaxAbs(folded.betas() - plain.betas()), 1e-4 * MaxAbs(plain.betas()));
    EXPECT_LT(MaxAbs(folded.cam - plain.cam), 1e-4 * MaxAbs(plain.cam));
    // No norm computes any more.
    for (const auto& item : network->named_buffers()) {
      if (item.key().ends_with("running_var")) item.value().fill_(1e6);
    }
    EXPECT_EQ(MaxAbs(network->forward(images).betas() - folded.betas()), 0);
  }
}

TEST(HmrNet, SameSeedGivesTheSameNetwork) {
  const auto first_weight = [] {
    SeedTorch(5);
    return HmrNet(SmallOptions(), TestMean())->named_parameters()["fc1.weight"].detach().clone();
  };
  EXPECT_EQ(MaxAbs(first_weight() - first_weight()), 0);
}

TEST(NetworkOptions, NamesAndChecks) {
  for (const Backbone backbone : {Backbone::kResNet18, Backbone::kResNet34, Backbone::kResNet50}) {
    EXPECT_EQ(EnumFromName<Backbone>(EnumName(backbone), "backbone"), backbone);
  }
  EXPECT_THROW(EnumFromName<Backbone>("resnet101", "backbone"), UserError);
  EXPECT_THROW(NetworkOptions::FromPreset("large"), UserError);
  NetworkOptions options;
  options.Check();
  options.image_px = 100;
  EXPECT_THROW(options.Check(), UserError);
  options.image_px = 224;
  options.dropout = 1;
  EXPECT_THROW(options.Check(), UserError);
}

TEST(MeanParams, PriorsMeanStandsUprightInTheImage) {
  const MeanParams mean = TestMean();
  const Mat3 root = RotationFromSixD(Eigen::Matrix<double, 6, 1>(mean.pose_6d.head<6>()));
  EXPECT_LT((root - Mat3(Vec3(1, -1, -1).asDiagonal())).norm(), 1e-12);
  const Mat3 knee = RotationFromSixD(Eigen::Matrix<double, 6, 1>(mean.pose_6d.segment<6>(24)));
  const PriorPose prior_mean = LoadPosePrior()->Mean();
  EXPECT_LT((knee - ExpSO3(prior_mean.segment<3>(9))).norm(), 1e-12);
  EXPECT_EQ(mean.cam, Vec3(0.9, 0, 0));
}

TEST(MeanParams, ReadsSpinsFile) {
  const std::filesystem::path path = "../shared/data/body/smpl_mean_params.npz";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is absent";
  const MeanParams mean = MeanParams::Read(path);
  EXPECT_NEAR(mean.cam.x(), 0.9, 1e-6);
  const Mat3 root = RotationFromSixD(Eigen::Matrix<double, 6, 1>(mean.pose_6d.head<6>()));
  EXPECT_LT((root - Mat3(Vec3(1, -1, -1).asDiagonal())).norm(), 0.1);
}

}  // namespace
}  // namespace gyre
