// SPDX-License-Identifier: Apache-2.0
#include "regressor/heads/pose2pose_head.h"

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "io/io_test_util.h"
#include "regressor/golden_heads.h"
#include "regressor/layers/volumes.h"
#include "regressor/network.h"
#include "regressor/projection.h"
#include "regressor/regressor_test_util.h"
#include "regressor/rotation.h"
#include "regressor/runtime.h"
#include "regressor/weights.h"

namespace gyre {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

int64_t CountOf(const torch::nn::Module& module) {
  int64_t count = 0;
  for (const at::Tensor& p : module.parameters()) count += p.numel();
  return count;
}

// The 21 joints of the right hand among OpenPose's.
const KeypointSet& RightHand() {
  static const KeypointSet set{"right hand", [] {
                                 const auto& all = FindKeypointSet("openpose135").joints;
                                 return std::vector(all.begin() + 46, all.begin() + 67);
                               }()};
  return set;
}

BodyLayout HandLayout() {
  return MakeLayout({-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 0, 10, 11, 0, 13, 14}, {}, 10, 0);
}
BodyLayout FaceLayout() { return MakeLayout({-1, 0, 1, 1, 1}, {}, 10, 10); }

NetworkOptions HeadOptions() {
  NetworkOptions options;
  options.head = "pose2pose";
  options.uvd_set = "body25";
  options.image_px = 64;
  return options;
}

std::shared_ptr<Pose2PoseHead> HeadFor(const NetworkOptions& options, const BodyLayout& layout,
                                       const KeypointSet& set, int64_t features) {
  const MeanParams mean = MeanParams::FromPrior(layout, LoadPosePrior().get());
  return std::make_shared<Pose2PoseHead>(options, layout, mean, set, features);
}

TEST(Pose2PoseHead, HasThePublishedParameters) {
  const NetworkOptions options = HeadOptions();
  EXPECT_EQ(CountOf(*HeadFor(options, SmplLayout(), FindKeypointSet("body25"), 2048)), 3186181);
  EXPECT_EQ(RightHand().joints.front(), "Right Hand Root");
  EXPECT_EQ(CountOf(*HeadFor(options, HandLayout(), RightHand(), 2048)), 2459317);
  EXPECT_EQ(CountOf(*HeadFor(options, FaceLayout(), FindKeypointSet("body25"), 2048)), 71715);
  EXPECT_EQ(CountOf(*Network(options, BodySetting())), 26694213);
}

TEST(Pose2PoseHead, ABodyOfMorePartsTurnsEachFromItsOwnFeatures) {
  // SMPL-X: pelvis and two trunk joints, a jaw, an eye, a finger of either hand.
  const std::vector<std::string> names = {"Pelvis", "Spine1",   "Neck",    "Jaw",
                                          "L_Eye",  "L_Index1", "R_Thumb3"};
  const BodyLayout layout = MakeLayout({-1, 0, 1, 2, 2, 1, 1}, names, 3, 2);
  const auto parts = TurnedPartsOf(layout, FindKeypointSet("openpose135"));
  ASSERT_EQ(parts.size(), 4u);
  EXPECT_TRUE(parts[0].root && !parts[1].root && !parts[2].root && !parts[3].root);
  EXPECT_THAT(parts[0].joints, ElementsAre(1, 2));
  EXPECT_THAT(parts[1].joints, ElementsAre(5));
  EXPECT_THAT(parts[2].joints, ElementsAre(6));
  EXPECT_THAT(parts[3].joints, ElementsAre(3));  // the eye stays at rest
  EXPECT_EQ(parts[0].seen.size(), 25u);
  EXPECT_EQ(parts[1].seen.size(), 21u);
  EXPECT_EQ(parts[1].seen.front(), 25);
  EXPECT_EQ(parts[2].seen.front(), 46);
  EXPECT_TRUE(parts[3].seen.empty());
  SeedTorch(3);
  NetworkOptions options = HeadOptions();
  options.sampled_channels = 8;
  const auto head = HeadFor(options, layout, FindKeypointSet("openpose135"), 16);
  const at::Tensor map = at::randn({2, 16, 3, 3});
  const Output out = head->Regress({.pooled = map.mean({2, 3}), .maps = {map}});
  EXPECT_EQ(out.rotations.sizes(), (at::IntArrayRef{2, 7, 3, 3}));
  EXPECT_EQ(out.betas.sizes(), (at::IntArrayRef{2, 3}));
  EXPECT_EQ(out.expression.sizes(), (at::IntArrayRef{2, 2}));
  EXPECT_EQ(out.uvd.sizes(), (at::IntArrayRef{2, 135, 3}));
  EXPECT_EQ(MaxAbs(out.rotations.select(1, 4) - at::eye(3)), 0);
}

TEST(Pose2PoseHead, StartsAtTheMeanBody) {
  SeedTorch(4);
  NetworkOptions options = HeadOptions();
  options.width = 8;
  options.sampled_channels = 16;
  Network network(options, BodySetting());
  network->eval();
  const Output out = network->forward(at::randn({2, 3, 64, 64}));
  EXPECT_TRUE(out.HasBody());
  EXPECT_NEAR(Value(out.camera[0][0]), 0.9, 0.1);
  EXPECT_LT(Value(out.rotations[1][0][1][1]), -0.9);  // upright in the picture
  EXPECT_LT(MaxAbs(at::matmul(out.rotations, out.rotations.transpose(2, 3)) - at::eye(3)), 1e-5);
  for (const char* hand : {"L_Hand", "R_Hand"}) {
    EXPECT_EQ(MaxAbs(out.rotations.select(1, SmplLayout().IndexOf(hand)) - at::eye(3)), 0);
  }
  EXPECT_EQ(out.uvd_set, &FindKeypointSet("body25"));
  EXPECT_LE(MaxAbs(out.uvd), 1);
}

// The three arms of the ablation: what the rotations see of where joints are.
TEST(Pose2PoseHead, PoolingSaysWhatRotationsSee) {
  for (const PosePooling pooling :
       {PosePooling::kGlobal, PosePooling::kSampled, PosePooling::kSampledAndPlaces}) {
    SeedTorch(5);
    NetworkOptions options = HeadOptions();
    options.pooling = pooling;
    options.sampled_channels = 4;
    const auto head = HeadFor(options, SmplLayout(), FindKeypointSet("body25"), 6);
    head->eval();
    const at::Tensor map = at::randn({1, 6, 4, 4});
    const auto rotations = [&](const at::Tensor& of) {
      return head->Regress({.pooled = map.mean({2, 3}), .maps = {of}}).rotations;
    };
    // A map that is another: the pooled feature alone does not notice.
    const bool same = rotations(map).equal(rotations(map.flip({3})));
    EXPECT_EQ(same, pooling == PosePooling::kGlobal) << EnumName(pooling);
    // Places do not learn from rotations, but from what is said of them.
    const Output out = head->Regress({.pooled = map.mean({2, 3}), .maps = {map}});
    out.rotations.select(1, 5).select(1, 0).sum().backward();
    const at::Tensor& weight = head->named_parameters()["position_net.conv.0.weight"];
    EXPECT_FALSE(weight.grad().defined());
    out.uvd.sum().backward();
    EXPECT_GT(MaxAbs(weight.grad()), 0);
  }
}

TEST(Pose2PoseHead, SaysWhatItNeeds) {
  EXPECT_THAT(UserErrorOf([&] { Network(HeadOptions(), NetworkSetting{}); }), HasSubstr("--body"));
  NetworkOptions options = HeadOptions();
  options.input = NetworkInput::kKeypoints;
  EXPECT_THAT(UserErrorOf([&] { Network(options, BodySetting()); }),
              HasSubstr("--network.input image"));
  options = HeadOptions();
  options.volume_depths = "1-8";
  EXPECT_THAT(UserErrorOf([&] { Network(options, BodySetting()); }), HasSubstr("1-8"));
  options.volume_depths = "8-x";
  EXPECT_THAT(UserErrorOf([&] { options.Check(); }), HasSubstr("8-x"));
}

class GoldenPose2PoseHead : public GoldenHeads {
 protected:
  GoldenPose2PoseHead() : GoldenHeads("pose2pose.npz") {}

  // The peer's layers of 16 channels, 8 where joints are seen, by their own names.
  std::shared_ptr<Pose2PoseHead> HeadOf(const std::string& part) const {
    NetworkOptions options = HeadOptions();
    options.sampled_channels = 8;
    const bool body = part == "net_body/";
    const auto head = HeadFor(options, body ? SmplLayout() : HandLayout(),
                              body ? FindKeypointSet("body25") : RightHand(), 16);
    head->to(at::kDouble);
    head->eval();
    const at::NoGradGuard no_grad;
    for (const auto& item : head->named_parameters()) {
      item.value().copy_(At(part + "state/" + item.key()));
    }
    for (const auto& item : head->named_buffers()) {
      if (!item.key().ends_with("tracked")) item.value().copy_(At(part + "state/" + item.key()));
    }
    return head;
  }
};

TEST_F(GoldenPose2PoseHead, LayersOfBodyAndHand) {
  for (const std::string part : {"net_body/", "net_hand/"}) {
    const auto head = HeadOf(part);
    const at::Tensor map = At(part + "feature");
    const Output out = head->Regress({.pooled = map.mean({2, 3}), .maps = {map}});
    const at::Tensor cells = CellsFromUvd(out.uvd, {8, map.size(2), map.size(3)}, 2);
    EXPECT_LT(MaxAbs(cells - At(part + "joints_xyz")), 1e-5) << part;
    EXPECT_LT(MaxAbs(out.rotations.select(1, 0) - RotationFromSixD(At(part + "root_6d"))), 1e-5);
    const at::Tensor pose = RotationFromSixD(At(part + "pose_6d"));
    EXPECT_LT(MaxAbs(out.rotations.narrow(1, 1, pose.size(1)) - pose), 1e-5) << part;
    EXPECT_LT(MaxAbs(out.betas - At(part + "shape")), 1e-5) << part;
  }
}

// The published camera, and its projection, from the weak perspective that stands for it here.
TEST_F(GoldenPose2PoseHead, CameraAndProjection) {
  for (const std::string part : {"body", "hand"}) {
    const std::string net = "net_" + part + "/", coord = "coord_" + part + "/";
    const at::Tensor input_hw = At(coord + "input_hw"), volume_dhw = At(coord + "heatmap_dhw");
    const double side = std::sqrt(Value(input_hw.prod()));
    const at::Tensor focal = at::full({2}, 5000.0, at::kDouble);
    const at::Tensor camera =
        Pose2PoseHead::CameraFromRaw(At(net + "cam_raw"), part == "body" ? 2.5 : 0.4);
    const at::Tensor translation = TranslationFromWeakPerspective(camera, focal, side);
    EXPECT_LT(MaxAbs(translation / At(net + "cam_trans") - 1), 1e-5) << part;

    const at::Tensor joints =
        at::matmul(At(coord + "regressor").unsqueeze(0), At(coord + "vertices"));
    const at::Tensor centre = (input_hw.flip({0}) / 2).expand({2, 2});
    const at::Tensor pixels = ProjectPoints(joints, translation, focal, centre);
    const at::Tensor cells = pixels / input_hw.flip({0}) * volume_dhw.narrow(0, 1, 2).flip({0});
    const at::Tensor expected = At(coord + "joint_proj");
    // They add 1e-4 to the depth, which is 40 metres, or 6 of a hand.
    EXPECT_LT(MaxAbs(cells - expected), 1e-4 / 5 * MaxAbs(expected)) << part;
    EXPECT_LT(MaxAbs(joints - joints.narrow(1, 0, 1) - At(coord + "joint_cam")), 1e-6) << part;
    EXPECT_LT(MaxAbs(At(coord + "vertices") + translation.unsqueeze(1) - At(coord + "mesh_cam")),
              1e-4)
        << part;
  }
}

}  // namespace
}  // namespace gyre
