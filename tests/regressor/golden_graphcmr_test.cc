// SPDX-License-Identifier: Apache-2.0
// Layers, networks and losses against numbers that GraphCMR's own code computed
// (heads/graphcmr.npz).
#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/sparse_coo_tensor.h>
#include <ATen/ops/stack.h>
#include <gtest/gtest.h>

#include <map>

#include "io/npz.h"
#include "peers.h"
#include "regressor/heads/graph_cnn.h"
#include "regressor/layers/nearest_rotation.h"
#include "regressor/losses/losses.h"
#include "regressor/regressor_test_util.h"
#include "regressor/weights.h"

namespace gyre {
namespace {

constexpr double kNetworks = 1e-5, kLosses = 1e-6;  // relative

class GoldenGraphCmr : public testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path path = PeersFolder() / "heads/graphcmr.npz";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
    golden_ = ReadNpz(path);
  }

  at::Tensor Numbers(const std::string& key) const {
    const NdArray& array = golden_.at(key);
    std::vector<double> values = array.As<double>(key);
    return at::from_blob(values.data(), array.shape, at::kDouble).clone();
  }

  // What begins with `prefix` into the module, in double precision and for evaluation.
  void Load(const std::string& prefix, torch::nn::Module& module) const {
    StateDict state;
    for (const auto& [key, unused] : golden_) {
      if (key.starts_with(prefix)) state[key.substr(prefix.size())] = Numbers(key);
    }
    module.to(at::kDouble);
    module.eval();
    SetState(module, state, prefix);
  }

  at::Tensor Means() const {
    const at::Tensor places = at::stack({Numbers("mesh/A_row"), Numbers("mesh/A_col")});
    const int64_t count = golden_.at("mesh/vertices").dim(0);
    return at::sparse_coo_tensor(places.to(at::kLong), Numbers("mesh/A_val"), {count, count})
        .coalesce();
  }

  void Expect(const at::Tensor& value, const std::string& key, double relative) const {
    const at::Tensor expected = Numbers(key);
    ASSERT_EQ(value.sizes(), expected.sizes()) << key;
    EXPECT_LT(MaxAbs(value - expected), relative * MaxAbs(expected)) << key;
  }

  Npz golden_;
};

TEST_F(GoldenGraphCmr, ConvolutionAndLinear) {
  GraphConvolution conv(12, 20, GraphStart::kMean);
  Load("graphconv/state/", *conv);
  const at::Tensor x = Numbers("graphconv/in").transpose(1, 2);
  const at::Tensor y = conv(x, Means()).transpose(1, 2);
  Expect(y, "graphconv/out", kNetworks);
  Expect(y[0], "graphconv/out_2d_first", kNetworks);
  GraphLinear linear(12, 20, GraphStart::kMean);
  Load("graphlinear/state/", *linear);
  Expect(linear(x), "graphlinear/out", kNetworks);
}

TEST_F(GoldenGraphCmr, BlocksAndTheirGradients) {
  for (const auto& [name, out] : {std::pair("block_same", 32), std::pair("block_diff", 48)}) {
    const std::string prefix = name;
    GraphBlock block(32, out, GraphStart::kMean);
    Load(prefix + "/state/", *block);
    const at::Tensor x = Numbers(prefix + "/in").requires_grad_();
    const at::Tensor y = block(x, Means());
    Expect(y, prefix + "/out", kNetworks);
    (y * Numbers(prefix + "/out_weight")).sum().backward();
    Expect(x.grad(), prefix + "/grad_in", kNetworks);
    auto parameters = block->named_parameters();
    Expect(parameters["conv.weight"].grad(), prefix + "/grad_conv.weight", kNetworks);
    Expect(parameters["lin1.W"].grad(), prefix + "/grad_lin1.W", kNetworks);
  }
}

TEST_F(GoldenGraphCmr, NetworkOfGraphs) {
  GraphOptions options;
  options.channels = 32;
  options.layers = 2;
  const int64_t count = golden_.at("mesh/vertices").dim(0);
  GraphCnn network(options, 2048, count, Vec3(0.9, 0, 0));
  Load("net/state/", *network);
  const at::Tensor in_template = Numbers("mesh/ref_normalised").t().unsqueeze(0);
  const auto said = network->forward(in_template, Numbers("net/feature"), Means());
  Expect(said.vertices, "net/shape_f64", kNetworks);
  Expect(said.camera, "net/camera_f64", kNetworks);
}

TEST_F(GoldenGraphCmr, DenseBlocks) {
  FcBlock block(24, 32);
  Load("fcblock/state/", *block);
  Expect(block(Numbers("fcblock/in")), "fcblock/out", kNetworks);
  FcResidualBlock residual(32);
  Load("fcres/state/", *residual);
  Expect(residual(Numbers("fcres/in")), "fcres/out", kNetworks);
}

TEST_F(GoldenGraphCmr, RotationsAsReleasedAndTheNearest) {
  const at::Tensor raw = Numbers("svd/in");
  Expect(RotationFromMatrix(raw, RotationRule::kReleased), "svd/out", kNetworks);
  Expect(RotationFromMatrix(raw), "svd/nearest_rotation_own", kNetworks);
  const at::Tensor det = Numbers("svd/det_before");
  EXPECT_GT((det < 0).sum().item<int64_t>(), 2);
  // Where the determinant was negative the released rotation is farther from the matrix.
  const at::Tensor released = (Numbers("svd/out") - raw).square().sum({2, 3});
  const at::Tensor nearest = (Numbers("svd/nearest_rotation_own") - raw).square().sum({2, 3});
  EXPECT_TRUE(((released > nearest + 1e-3) == (det < 0)).all().item<bool>());
}

// The 24 joints that people annotate, in the order that GraphCMR shares with SPIN.
const KeypointSet& Annotated() {
  static const KeypointSet set = [] {
    KeypointSet annotated{"annotated", {}};
    for (int i = kNumOpenPoseJoints; i < kNumSpinJoints; ++i) {
      annotated.joints.push_back(SpinJoints().joints[i]);
    }
    return annotated;
  }();
  return set;
}

class GoldenGraphCmrLosses : public GoldenGraphCmr {
 protected:
  void SetUp() override {
    GoldenGraphCmr::SetUp();
    if (IsSkipped()) return;
    said_.set = targets_.set = &Annotated();
    said_.mesh = Numbers("loss/pred_vertices");
    said_.mesh_keypoints = Numbers("loss/pred_kp2d");
    said_.mesh_joints = Numbers("loss/pred_kp3d");
    said_.vertices = Numbers("loss/pred_vertices_smpl");
    said_.keypoints = Numbers("loss/pred_kp2d_smpl");
    said_.joints = Numbers("loss/pred_kp3d_smpl");
    said_.rotations = Numbers("loss/pred_rotmat");
    said_.betas = Numbers("loss/pred_betas");
    targets_.keypoints = Numbers("loss/gt_kp2d");
    targets_.joints = Numbers("loss/gt_kp3d");
    // Its trainer centres people on hips that nobody saw too; gyre leaves such people out.
    targets_.joints.select(2, 3).clamp_min_(1e-12);
    targets_.has_joints = Numbers("loss/has_pose_3d");
    targets_.vertices = Numbers("loss/gt_vertices");
    targets_.betas = Numbers("loss/gt_betas");
    targets_.valid = Numbers("loss/has_smpl");
    const at::Tensor pose = Numbers("loss/gt_pose");
    targets_.rotations = said_.rotations.clone();
    for (int64_t i = 0; i < pose.numel() / 3; ++i) {
      const Mat3 rotation = ExpSO3(Eigen::Map<const Vec3>(pose.data_ptr<double>() + 3 * i));
      Eigen::Map<Eigen::Matrix<double, 3, 3, Eigen::RowMajor>>(
          targets_.rotations.data_ptr<double>() + 9 * i) = rotation;
    }
    options_.total = options_.keypoints_2d = options_.keypoints_3d = options_.vertices = 1;
    options_.betas = 0.1;
  }

  std::map<std::string, double> Terms() const {
    std::map<std::string, double> terms;
    const Losses losses = ComputeLosses(said_, targets_, options_);
    for (const auto& [name, term] : losses.terms) terms[name] = Value(term);
    terms["total"] = Value(losses.total);
    return terms;
  }

  Output said_;
  Targets targets_;
  LossOptions options_;
};

TEST_F(GoldenGraphCmrLosses, AreThoseOfItsTrainer) {
  const at::Tensor expected =
      Numbers("loss/values_shape_kp2d_kp3d_shapeS_kp2dS_kp3dS_rotmat_betas_total");
  const auto terms = Terms();
  const char* names[] = {"mesh_vertices",
                         "mesh_keypoints_2d",
                         "mesh_keypoints_3d",
                         "vertices",
                         "keypoints_2d",
                         "keypoints_3d",
                         "pose",
                         "betas",
                         "total"};
  for (int i = 0; i < 9; ++i) {
    const double value = Value(expected[i]);
    EXPECT_NEAR(terms.at(names[i]), value, kLosses * value) << names[i];
  }
}

TEST_F(GoldenGraphCmrLosses, AreZeroWhereNothingIsKnown) {
  targets_.valid.zero_();
  targets_.has_joints.zero_();
  EXPECT_EQ(MaxAbs(Numbers("loss/empty_shape_kp3d_pose_betas")), 0);
  const auto terms = Terms();
  for (const char* name :
       {"mesh_vertices", "mesh_keypoints_3d", "vertices", "keypoints_3d", "pose", "betas"}) {
    EXPECT_EQ(terms.at(name), 0) << name;
  }
  EXPECT_GT(terms.at("mesh_keypoints_2d"), 0);
}

// Rotations of axis-angle vectors, the identity and a turn by pi among them.
TEST_F(GoldenGraphCmr, AxisAngle) {
  const at::Tensor theta = Numbers("geom/theta");
  const at::Tensor expected = Numbers("geom/rodrigues");
  for (int64_t i = 0; i < theta.size(0); ++i) {
    const Mat3 rotation = ExpSO3(Eigen::Map<const Vec3>(theta.data_ptr<double>() + 3 * i));
    const Eigen::Map<const Eigen::Matrix<double, 3, 3, Eigen::RowMajor>> theirs(
        expected.data_ptr<double>() + 9 * i);
    EXPECT_LT((rotation - theirs).norm(), 2e-6) << i;  // theirs adds 1e-8 to what it divides by
  }
}

TEST_F(GoldenGraphCmr, ParameterCounts) {
  const at::Tensor split =
      Numbers("count/resnet50_resnetfc_total_head_unusedskips_regressor_div1e6_mod1e6");
  const auto count = [&](int64_t row) {
    return static_cast<int64_t>(1e6 * Value(split[row][0]) + Value(split[row][1]));
  };
  EXPECT_EQ(count(3), 2083640);
  EXPECT_EQ(count(5), 15027426);
  const GraphCnn graph(GraphOptions(), 2048, 1723, Vec3(0.9, 0, 0));
  int64_t parameters = 0, skips = 0;
  for (const auto& item : graph->named_parameters()) {
    parameters += item.value().numel();
    const bool changes = item.key().starts_with("gc.1.") || item.key().starts_with("shape.");
    if (item.key().find("skip_conv") != std::string::npos && !changes) {
      skips += item.value().numel();
    }
  }
  EXPECT_EQ(parameters, count(3));
  EXPECT_EQ(skips, count(4));
}

}  // namespace
}  // namespace gyre
