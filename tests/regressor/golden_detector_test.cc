// SPDX-License-Identifier: Apache-2.0
// The pose networks of the npm package @mediapipe/pose against what another interpreter of them
// says (detector/golden.npz). The networks are looked for where gyre looks for them.
#include <ATen/ops/from_blob.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/npz.h"
#include "peers.h"
#include "regressor/detector_files.h"
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
