// SPDX-License-Identifier: Apache-2.0
#include "regressor/network.h"

#include <ATen/ops/eye.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "io/io_test_util.h"
#include "regressor/batch_norm.h"
#include "regressor/encoders/resnet.h"
#include "regressor/heads/hmr_head.h"
#include "regressor/parameter_count.h"
#include "regressor/regressor_test_util.h"
#include "regressor/rotation.h"
#include "regressor/runtime.h"
#include "regressor/weights.h"

namespace gyre {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

MeanParams TestMean() { return MeanParams::FromPrior(SmplLayout(), LoadPosePrior().get()); }

HmrHead& HeadOf(Network& network) { return dynamic_cast<HmrHead&>(network->head()); }

NetworkOptions SmallOptions(IefActivation activation = IefActivation::kNone) {
  NetworkOptions options;
  options.backbone = Backbone::kResNet18;
  options.image_px = 64;
  options.ief_activation = activation;
  return options;
}

TEST(Network, DefaultsHaveSpinsParametersAndNames) {
  const Network network(NetworkOptions(), BodySetting());
  EXPECT_EQ(NumParameters(*network), 26977501);
  const StateDict state = GetState(*network, network->names());
  for (const char* name :
       {"conv1.weight", "bn1.bias", "layer1.0.downsample.0.weight", "layer1.0.downsample.1.weight",
        "layer3.5.conv3.weight", "layer4.2.bn3.bias", "layer4.0.downsample.1.running_var",
        "fc1.weight", "fc2.bias", "decpose.weight", "decshape.bias", "deccam.weight"}) {
    EXPECT_TRUE(state.contains(name)) << name;
  }
  EXPECT_EQ(state.at("init_pose").sizes(), (at::IntArrayRef{1, 144}));
  EXPECT_EQ(state.at("init_shape").sizes(), (at::IntArrayRef{1, 10}));
  EXPECT_EQ(state.at("init_cam").sizes(), (at::IntArrayRef{1, 3}));
  // In memory every name begins with the part that owns it.
  for (const auto& item : network->named_parameters()) {
    EXPECT_TRUE(item.key().starts_with("encoder.") || item.key().starts_with("head."))
        << item.key();
  }
}

TEST(Network, BackbonesHaveTorchvisionsParametersWithoutClassifier) {
  EXPECT_EQ(NumParameters(ResNet(Backbone::kResNet18)), 11176512);
  EXPECT_EQ(NumParameters(ResNet(Backbone::kResNet34)), 21284672);
  EXPECT_EQ(NumParameters(ResNet(Backbone::kResNet50)), 23508032);
  // A sixteenth of the convolutions' parameters, and of their work, at a quarter of the width.
  ResNet narrow(Backbone::kResNet18, 16);
  EXPECT_EQ(narrow.feature_size(), 128);
  EXPECT_LT(NumParameters(narrow), 11176512 / 15);
  // Maps of 16, 8, 4 and 2 pixels, the last of which is averaged.
  const Features features = narrow.Encode(at::randn({2, 3, 64, 64}));
  EXPECT_EQ(features.pooled.sizes(), (std::vector<int64_t>{2, 128}));
  ASSERT_EQ(features.maps.size(), 4u);
  for (int64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(features.maps[i].sizes(), (std::vector<int64_t>{2, 16 << i, 16 >> i, 16 >> i}));
  }
  EXPECT_LT(MaxAbs(features.maps[3].mean({2, 3}) - features.pooled), 1e-6);
}

TEST(Network, StartsAtTheMeanAndGivesRotations) {
  SeedTorch(1);
  Network network(SmallOptions(), BodySetting());
  network->eval();
  const at::NoGradGuard no_grad;
  const Output out = network->forward(at::randn({2, 3, 64, 64}));
  EXPECT_EQ(out.rotations.sizes(), (at::IntArrayRef{2, 24, 3, 3}));
  EXPECT_EQ(out.betas.sizes(), (at::IntArrayRef{2, 10}));
  EXPECT_EQ(out.camera.sizes(), (at::IntArrayRef{2, 3}));
  const at::Tensor product = at::matmul(out.rotations, out.rotations.transpose(2, 3));
  EXPECT_LT(MaxAbs(product - at::eye(3)), 1e-5);
  // The decoders start small. People stand upright in the picture: a turn by pi about x.
  EXPECT_NEAR(Value(out.camera[0][0]), 0.9, 0.2);
  EXPECT_LT(Value(out.rotations[0][0][1][1]), -0.9);
  EXPECT_LT(Value(out.rotations[0][0][2][2]), -0.9);
}

// Without an activation the head is affine in the feature: three iterations are one matrix.
double AffineDefect(IefActivation activation) {
  SeedTorch(2);
  Network network(SmallOptions(activation), BodySetting());
  network->eval();
  network->to(at::kDouble);
  const at::NoGradGuard no_grad;
  const at::Tensor a = at::randn({4, 512}, at::kDouble), b = at::randn({4, 512}, at::kDouble);
  const auto f = [&](const at::Tensor& x) { return HeadOf(network).RegressState(x); };
  return MaxAbs(f(0.3 * a + 0.7 * b) - 0.3 * f(a) - 0.7 * f(b));
}

TEST(Network, HeadIsAffineInEvaluationUnlessActivated) {
  EXPECT_LT(AffineDefect(IefActivation::kNone), 1e-12);
  EXPECT_GT(AffineDefect(IefActivation::kRelu), 1e-6);
}

TEST(Network, HeadCollapsesToOneMatrix) {
  SeedTorch(3);
  Network network(SmallOptions(), BodySetting());
  network->eval();
  network->to(at::kDouble);
  const at::NoGradGuard no_grad;
  const at::Tensor offset = HeadOf(network).RegressState(at::zeros({1, 512}, at::kDouble));
  const at::Tensor matrix = HeadOf(network).RegressState(at::eye(512, at::kDouble)) - offset;
  const at::Tensor x = at::randn({5, 512}, at::kDouble);
  EXPECT_LT(MaxAbs(HeadOf(network).RegressState(x) - (at::matmul(x, matrix) + offset)), 1e-10);
}

TEST(Network, DropoutActsOnlyInTraining) {
  Network network(SmallOptions(), BodySetting());
  const at::NoGradGuard no_grad;
  const at::Tensor feature = at::randn({1, 512});
  EXPECT_GT(MaxAbs(HeadOf(network).RegressState(feature) - HeadOf(network).RegressState(feature)),
            0);
  network->eval();
  EXPECT_EQ(MaxAbs(HeadOf(network).RegressState(feature) - HeadOf(network).RegressState(feature)),
            0);
}

TEST(Network, EveryParameterReceivesAGradient) {
  SeedTorch(4);
  Network network(SmallOptions(), BodySetting());
  const Output out = network->forward(at::randn({2, 3, 64, 64}));
  (out.rotations.select(1, 3).select(1, 0).sum() + out.betas.sum() + out.camera.sum()).backward();
  for (const auto& item : network->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    EXPECT_TRUE(item.value().grad().isfinite().all().item().toBool()) << item.key();
  }
}

// Batch norms of a network that has learnt something: no mean is 0 and no variance 1.
TEST(Network, FoldedNormsChangeNothing) {
  for (const Backbone backbone : {Backbone::kResNet18, Backbone::kResNet50}) {
    SeedTorch(6);
    NetworkOptions options = SmallOptions();
    options.backbone = backbone;
    Network network(options, BodySetting());
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
    const Output plain = network->forward(images);
    FoldBatchNorm(*network);
    UseChannelsLast(*network);
    const Output folded = network->forward(images);
    EXPECT_LT(MaxAbs(folded.rotations - plain.rotations), 1e-4);
    EXPECT_LT(MaxAbs(folded.betas - plain.betas), 1e-4 * MaxAbs(plain.betas));
    EXPECT_LT(MaxAbs(folded.camera - plain.camera), 1e-4 * MaxAbs(plain.camera));
    // No norm computes any more.
    for (const auto& item : network->named_buffers()) {
      if (item.key().ends_with("running_var")) item.value().fill_(1e6);
    }
    EXPECT_EQ(MaxAbs(network->forward(images).betas - folded.betas), 0);
  }
}

TEST(Network, SameSeedGivesTheSameNetwork) {
  const auto first_weight = [] {
    SeedTorch(5);
    return Network(SmallOptions(), BodySetting())
        ->named_parameters()["head.fc1.weight"]
        .detach()
        .clone();
  };
  EXPECT_EQ(MaxAbs(first_weight() - first_weight()), 0);
}

TEST(NetworkOptions, NamesAndChecks) {
  for (const Backbone backbone : {Backbone::kResNet18, Backbone::kResNet34, Backbone::kResNet50}) {
    EXPECT_EQ(EnumFromName<Backbone>(EnumName(backbone), "backbone"), backbone);
  }
  EXPECT_THROW(EnumFromName<Backbone>("resnet101", "backbone"), UserError);
  NetworkOptions options;
  options.Check();
  options.image_px = 100;
  EXPECT_THROW(options.Check(), UserError);
  options.image_px = 224;
  options.dropout = 1;
  EXPECT_THROW(options.Check(), UserError);
}

// SMPL-X's state has an expression between shape and camera: of a layout alone.
TEST(HmrHead, TakesItsSizesFromTheLayout) {
  BodyLayout layout{.family = "other",
                    .joints = {"Pelvis", "L_Knee", "Tail"},
                    .parents = {-1, 0, 1},
                    .mirror = {0, 1, 2},
                    .blocks = {JointBlock::kRoot, JointBlock::kBody, JointBlock::kBody},
                    .num_betas = 5,
                    .num_expression = 2};
  const MeanParams mean = MeanParams::FromPrior(layout, LoadPosePrior().get());
  ASSERT_EQ(mean.pose_6d.size(), 18);
  const auto rotation = [&](int k) {
    return RotationFromSixD(Eigen::Matrix<double, 6, 1>(mean.pose_6d.segment<6>(6 * k)));
  };
  // The prior knows the knee as SMPL's joint 4, and no tail.
  EXPECT_LT((rotation(1) - ExpSO3(LoadPosePrior()->Mean().segment<3>(9))).norm(), 1e-12);
  EXPECT_LT((rotation(2) - Mat3::Identity()).norm(), 1e-12);
  SeedTorch(8);
  HmrHead head(SmallOptions(), /*feature_size=*/7, mean);
  head.eval();
  const Output out = head.Regress({.pooled = at::randn({3, 7}), .maps = {}});
  EXPECT_EQ(out.rotations.sizes(), (at::IntArrayRef{3, 3, 3, 3}));
  EXPECT_EQ(out.betas.sizes(), (at::IntArrayRef{3, 5}));
  EXPECT_EQ(out.expression.sizes(), (at::IntArrayRef{3, 2}));
  EXPECT_EQ(out.camera.sizes(), (at::IntArrayRef{3, 3}));
  // Each part of the state starts at its own mean: 0, 0 and (0.9, 0, 0), but for small corrections.
  EXPECT_LT(MaxAbs(out.betas), 0.3);
  EXPECT_LT(MaxAbs(out.expression), 0.3);
  EXPECT_NEAR(Value(out.camera[2][0]), 0.9, 0.3);
  std::vector<std::string> decoders;
  for (const auto& item : head.named_parameters()) {
    if (item.key().ends_with(".bias")) decoders.push_back(item.key());
  }
  EXPECT_EQ(decoders,
            (std::vector<std::string>{"fc1.bias", "fc2.bias", "decpose.bias", "decshape.bias",
                                      "decexpression.bias", "deccam.bias"}));
}

TEST(Network, AHeadOfJointsNeedsNoBody) {
  NetworkOptions options = SmallOptions();
  options.input = NetworkInput::kKeypoints;
  options.keypoints = "coco17";
  options.head = "joints";
  options.width = 8;
  Network network(options, NetworkSetting{});
  const Output out = network->forward(at::randn({3, 17, 3}));
  EXPECT_EQ(out.joints.sizes(), (at::IntArrayRef{3, 17, 3}));
  EXPECT_EQ(out.set, &FindKeypointSet("coco17"));
  EXPECT_FALSE(out.HasBody());
  int tensors = 0;
  out.VisitTensors([&](const char*, const at::Tensor& t) { tensors += t.defined() ? 1 : 0; });
  EXPECT_EQ(tensors, 1);
  options.head = "hmr";
  EXPECT_THAT(UserErrorOf([&] { Network(options, NetworkSetting{}); }), HasSubstr("--body"));
  options.head = "magic";
  EXPECT_THAT(UserErrorOf([&] { Network(options, BodySetting()); }),
              AllOf(HasSubstr("\"magic\""), HasSubstr("hmr, joints")));
  options.keypoints = "spin48";
  EXPECT_THAT(UserErrorOf([&] { Network(options, BodySetting()); }), HasSubstr("spin48"));
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

// Joint k is turned about z by k hundredths, in the mean of one component: cos, -sin, sin, cos, 0,
// 0.
TEST(MeanParams, EveryJointStartsAtItsOwnMean) {
  RowMatX means = RowMatX::Zero(1, kNumPriorPose);
  for (int k = 1; k < 24; ++k) means(0, 3 * (k - 1) + 2) = 0.01 * k;
  const PosePrior prior(VecX::Ones(1), means, {0.1 * PriorMatrix::Identity()}, "test");
  const MeanParams mean = MeanParams::FromPrior(SmplLayout(), &prior);
  for (int k = 1; k < 24; ++k) {
    const double c = std::cos(0.01 * k), s = std::sin(0.01 * k);
    const VecX expected{{c, -s, s, c, 0, 0}};
    EXPECT_LT((mean.pose_6d.segment<6>(6 * k) - expected).norm(), 1e-12) << k;
  }
}

TEST(MeanParams, ReadsSpinsFile) {
  const std::filesystem::path path = "../shared/data/body/smpl_mean_params.npz";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is absent";
  const MeanParams mean = MeanParams::Read(path, SmplLayout());
  EXPECT_NEAR(mean.cam.x(), 0.9, 1e-6);
  const Mat3 root = RotationFromSixD(Eigen::Matrix<double, 6, 1>(mean.pose_6d.head<6>()));
  EXPECT_LT((root - Mat3(Vec3(1, -1, -1).asDiagonal())).norm(), 0.1);
}

}  // namespace
}  // namespace gyre
