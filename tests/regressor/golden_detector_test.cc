// SPDX-License-Identifier: Apache-2.0
// The pose networks of the npm package @mediapipe/pose against what another interpreter of them
// says (detector/golden.npz). The networks are looked for where gyre looks for them.
#include <ATen/ops/from_blob.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/npz.h"
#include "peers.h"
#include "regressor/detector_files.h"
#include "regressor/layers/blaze_pose.h"
#include "regressor/network.h"
#include "regressor/regressor_test_util.h"
#include "regressor/runtime.h"
#include "regressor/tflite_network.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

class GoldenDetector : public testing::Test {
 protected:
  void SetUp() override {
    golden_path_ = PeersFolder() / "detector/golden.npz";
    folder_ = FindDetectorFolder("").value_or("");
    if (!fs::exists(golden_path_) || folder_.empty()) {
      GTEST_SKIP() << golden_path_
                   << " or the networks that tools/get_detector fetches are missing";
    }
    golden_ = ReadNpz(golden_path_);
  }

  at::Tensor Numbers(const std::string& key) const {
    const NdArray& array = golden_.at(key);
    std::vector<float> values = array.As<float>(key);
    return at::from_blob(values.data(), array.shape, at::kFloat).clone();
  }
  // [B,H,W,3] of 0..255 -> [B,3,H,W] of 0..1.
  at::Tensor Pictures(const std::string& key) const {
    return Numbers(key).div(255).permute({0, 3, 1, 2});
  }
  static at::Tensor AsInFile(const at::Tensor& map) { return map.permute({0, 2, 3, 1}); }
  static double Distance(const at::Tensor& a, const at::Tensor& b) {
    EXPECT_EQ(a.sizes(), b.sizes());
    return (a - b).abs().max().item<double>();
  }

  fs::path golden_path_, folder_;
  Npz golden_;
};

class GoldenLandmarks : public GoldenDetector, public testing::WithParamInterface<const char*> {};

TEST_P(GoldenLandmarks, AreThoseOfTheOtherInterpreter) {
  const std::string size = GetParam();
  TfliteNetwork network(ReadTflite(folder_ / ("pose_landmark_" + size + ".tflite")));
  const at::NoGradGuard no_grad;
  const std::vector<at::Tensor> out = network->forward(Pictures("crops_u8"));
  ASSERT_EQ(out.size(), 5u);
  EXPECT_LT(Distance(out[0], Numbers(size + "_ld3d")), 0.02);  // px of 256
  EXPECT_LT(Distance(out[1], Numbers(size + "_flag")), 1e-4);
  EXPECT_LT(Distance(out[4], Numbers(size + "_world")), 1e-4);
  const at::Tensor mask = AsInFile(out[2]), heat = AsInFile(out[3]);
  const int64_t step = size == "full" ? 1 : 8;
  // Logits, which far from the border are large.
  const at::Tensor theirs = Numbers(size + "_mask");
  const at::Tensor ours = mask.slice(1, 0, 256, step).slice(2, 0, 256, step);
  const auto count = [](const at::Tensor& chosen) { return chosen.sum().item<double>(); };
  EXPECT_GT(count((ours > 0) & (theirs > 0)), 0.999 * count((ours > 0) | (theirs > 0)));
  EXPECT_LT(Distance(ours.sigmoid(), theirs.sigmoid()), 5e-3);
  EXPECT_LT(Distance(heat.slice(1, 0, 64, 8).slice(2, 0, 64, 8), Numbers(size + "_heat")), 5e-3);
}

INSTANTIATE_TEST_SUITE_P(Sizes, GoldenLandmarks, testing::Values("lite", "full", "heavy"));

class GoldenBlazePose : public GoldenDetector,
                        public testing::WithParamInterface<std::pair<const char*, BlazePoseSizes>> {
};

// The network that can learn, of the released weights.
TEST_P(GoldenBlazePose, SaysWhatTheOtherInterpreterSays) {
  const std::string size = GetParam().first;
  const TfliteModel model = ReadTflite(folder_ / ("pose_landmark_" + size + ".tflite"));
  BlazePose network(GetParam().second);
  network->Load(model);
  const at::NoGradGuard no_grad;
  const BlazePoseImpl::Said said = network(Pictures("crops_u8"));
  const at::Tensor points = Numbers(size + "_ld3d").reshape({-1, 39, 5});
  EXPECT_LT(Distance(said.visibility, points.select(2, 3).sigmoid()), 1e-4);
  EXPECT_LT(Distance(said.presence, Numbers(size + "_flag").flatten()), 1e-4);
  EXPECT_LT(Distance(said.world_m, Numbers(size + "_world").reshape({-1, 39, 3})), 1e-4);
  const at::Tensor heat = TfliteNetwork(model)->forward(Pictures("crops_u8")).at(3);
  const at::Tensor refined = RefinedByHeat(points.narrow(2, 0, 2) / 128 - 1, heat);
  EXPECT_LT(Distance(said.places, refined), 2e-4);
  EXPECT_GT(Distance(said.places, points.narrow(2, 0, 2) / 128 - 1), 0.01);
}

INSTANTIATE_TEST_SUITE_P(Sizes, GoldenBlazePose,
                         testing::Values(std::pair("lite", kBlazePoseLite),
                                         std::pair("full", kBlazePoseFull)));

// A picture that lies on its side: what is said of the body is turned with it.
TEST_F(GoldenDetector, ATurnedPictureIsOfATurnedBody) {
  NetworkOptions options;
  options.backbone = Backbone::kBlazePose;
  options.image_px = 256;
  options.width = 8;
  SeedTorch(5);
  Network network(options, BodySetting());
  network->encoder().LoadReleased(folder_);
  network->eval();
  const at::NoGradGuard no_grad;
  const at::Tensor rgb = Pictures("crops_u8").slice(0, 0, 3);
  const auto said_of = [&](const at::Tensor& picture) {
    const at::Tensor mean = at::tensor({0.485, 0.456, 0.406}).reshape({1, 3, 1, 1});
    const at::Tensor deviation = at::tensor({0.229, 0.224, 0.225}).reshape({1, 3, 1, 1});
    return network->forward(((picture - mean) / deviation).to(at::kFloat));
  };
  const Output upright = said_of(rgb), lying = said_of(rgb.rot90(-1, {2, 3}));  // clockwise
  const Vec3 pelvis_rest = RestJoints(BuiltinBody()).PelvisAt(VecX::Zero(10));
  for (int64_t i = 0; i < rgb.size(0); ++i) {
    const at::Tensor turn =
        lying.rotations[i][0].matmul(upright.rotations[i][0].transpose(0, 1)).to(at::kDouble);
    const auto number = [](const at::Tensor& value) { return value.item<double>(); };
    // A quarter turn about the camera's axis: right goes down.
    EXPECT_NEAR(number(turn[1][0]), 1, 0.01);
    EXPECT_NEAR(number(turn[0][1]), -1, 0.01);
    EXPECT_NEAR(number(turn[2][2]), 1, 0.01);
    EXPECT_NEAR(number(turn[0][0]), 0, 0.05);
    EXPECT_NEAR(number(lying.camera[i][0]), number(upright.camera[i][0]), 0.01);
    // Where the pelvis is seen.
    const auto pelvis = [&](const Output& said) {
      const at::Tensor rest = at::tensor({pelvis_rest.x(), pelvis_rest.y()}, at::kFloat);
      return (said.camera[i].slice(0, 1) + rest) * said.camera[i][0];
    };
    EXPECT_NEAR(number(pelvis(lying)[0]), -number(pelvis(upright)[1]), 0.03);
    EXPECT_NEAR(number(pelvis(lying)[1]), number(pelvis(upright)[0]), 0.03);
  }
}

TEST_F(GoldenDetector, FindsWhatTheOtherInterpreterFinds) {
  TfliteNetwork network(ReadTflite(folder_ / "pose_detection.tflite"));
  const at::NoGradGuard no_grad;
  const std::vector<at::Tensor> out = network->forward(Pictures("det_u8").mul(2).sub(1));
  ASSERT_EQ(out.size(), 2u);
  const at::Tensor e = (out[0] - Numbers("det_boxes")).abs();
  std::cout << e.amax({0, 1}) << e.amax({1, 2}) << e.argmax() << out[0].abs().amax({0, 1});
  EXPECT_LT(Distance(out[1], Numbers("det_scores").slice(0, 0, 2)), 2e-3);
}

}  // namespace
}  // namespace gyre
