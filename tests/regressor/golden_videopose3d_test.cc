// SPDX-License-Identifier: Apache-2.0
// Networks, losses and cameras against numbers that VideoPose3D's own code computed
// (heads/videopose3d.npz).
#include <ATen/ops/cat.h>
#include <gtest/gtest.h>

#include "datasets/decorators/clip_windows.h"
#include "golden_heads.h"
#include "metrics/errors.h"
#include "regressor/layers/lens.h"
#include "regressor/layers/temporal_lifter.h"
#include "regressor/losses/clip_losses.h"
#include "regressor/parameter_count.h"
#include "regressor/regressor_test_util.h"
#include "regressor/weights.h"

namespace gyre {
namespace {

constexpr double kNetworks = 1e-5, kLosses = 1e-6;  // relative

class GoldenVideoPose3d : public GoldenHeads {
 protected:
  GoldenVideoPose3d() : GoldenHeads("videopose3d.npz") {}

  // With the weights that begin with `prefix`, in double precision.
  TemporalLifter Lifter(const std::string& prefix, const TemporalLifterOptions& options) const {
    TemporalLifter lifter(options);
    StateDict state;
    for (const std::string& key : Keys()) {
      if (key.starts_with(prefix)) state[key.substr(prefix.size())] = At(key);
    }
    lifter->to(at::kDouble);
    lifter->eval();
    SetState(*lifter, state, prefix);
    return lifter;
  }
  void Expect(const at::Tensor& value, const std::string& key, double relative) const {
    const at::Tensor expected = At(key);
    ASSERT_EQ(value.sizes(), expected.sizes()) << key;
    EXPECT_LT(MaxAbs(value - expected), relative * MaxAbs(expected)) << key;
  }
  std::vector<int64_t> Integers(const std::string& key) const {
    const at::Tensor values = At(key).to(at::kLong).flatten();
    return {values.data_ptr<int64_t>(), values.data_ptr<int64_t>() + values.numel()};
  }
};

TEST_F(GoldenVideoPose3d, Networks) {
  for (const bool causal : {false, true}) {
    const std::string kind = causal ? "net/causal/" : "net/plain/";
    TemporalLifter lifter = Lifter("net/state/", {.channels = 64, .causal = causal});
    EXPECT_EQ(lifter->options().ReceptiveField(), Integers(kind + "receptive_field")[0]);
    Expect(lifter(At("net/in_seq")), kind + "out_seq_f64", kNetworks);
    Expect(lifter(At("net/in_chunk")), kind + "out_chunk_f64", kNetworks);
    Expect(lifter->Windows(At("net/in_chunk")), kind + "out_chunk_optimized_f64", kNetworks);
  }
  TemporalLifter dense = Lifter("dense/state/", {.channels = 16, .dense = true});
  Expect(dense(At("dense/in")), "dense/out_f64", kNetworks);
  TemporalLifter path =
      Lifter("traj35/state/", {.joints_out = 1, .widths = {3, 5}, .channels = 16});
  Expect(path(At("traj35/in")), "traj35/out_f64", kNetworks);
}

TEST_F(GoldenVideoPose3d, ATrainingStep) {
  TemporalLifter lifter = Lifter("net/state/", {.channels = 64, .dropout = 0});
  lifter->train();
  const at::Tensor out = lifter->Windows(At("net/in_chunk"));
  Expect(out, "train/out", kNetworks);
  const at::Tensor loss = MeanDistance(out, At("train/target"));
  Expect(loss.reshape({1}), "train/mpjpe", kLosses);
  loss.backward();
  const auto parameters = lifter->named_parameters();
  for (const char* name :
       {"shrink.weight", "expand_bn.weight", "layers_bn.3.bias", "layers_conv.2.weight"}) {
    Expect(parameters[name].grad(), std::string("train/grad/") + name, kNetworks);
  }
  Expect(parameters["expand_conv.weight"].grad().abs().sum().reshape({1}),
         "train/grad/expand_conv.weight_sum_abs", kNetworks);
  const auto buffers = lifter->named_buffers();
  for (const char* name : {"expand_bn.running_mean", "expand_bn.running_var",
                           "layers_bn.3.running_mean", "layers_bn.3.running_var"}) {
    Expect(buffers[name], std::string("train/after/") + name, kNetworks);
  }
}

TEST_F(GoldenVideoPose3d, Counts) {
  const std::vector<int64_t> widths = Integers("count/widths"),
                             joints = Integers("count/joints_out");
  const std::vector<int64_t> fields = Integers("count/receptive_field");
  const std::vector<int64_t> millions = Integers("count/params_div1e6");
  const std::vector<int64_t> rest = Integers("count/params_mod1e6");
  for (size_t i = 0; i < joints.size(); ++i) {
    TemporalLifterOptions options{.joints_out = joints[i], .widths = {}};
    for (size_t k = 0; k < 5 && widths[5 * i + k] > 0; ++k) {
      options.widths.push_back(widths[5 * i + k]);
    }
    EXPECT_EQ(options.ReceptiveField(), fields[i]);
    EXPECT_EQ(NumParameters(*TemporalLifter(options)), 1'000'000 * millions[i] + rest[i]);
  }
  for (const double epoch : {1.0, 30.0, 60.0}) {
    const int64_t row = epoch == 1 ? 0 : epoch == 30 ? 1 : 2;
    EXPECT_NEAR(TemporalLifterMomentum(epoch, 60),
                Value(At("sched/bn_momentum_after_epoch_1_30_60_of_60")[row]), 1e-8);
  }
}

TEST_F(GoldenVideoPose3d, Losses) {
  const at::Tensor pred = At("loss/pred"), target = At("loss/target");
  Expect(MeanDistance(pred, target).reshape({1}), "loss/mpjpe", kLosses);
  Expect(MeanDistance(pred, target, At("loss/weight")).reshape({1}), "loss/weighted_mpjpe",
         kLosses);
}

TEST_F(GoldenVideoPose3d, Metrics) {
  const at::Tensor pred = At("loss/pred").flatten(0, 1), target = At("loss/target").flatten(0, 1);
  const int64_t frames = pred.size(0), joints = pred.size(1);
  const auto points = [&](const at::Tensor& all, int64_t t) {
    return Points3(Eigen::Map<const Points3>(all[t].contiguous().data_ptr<double>(), joints, 3));
  };
  const VecX seen = VecX::Ones(joints);
  std::vector<Points3> p, g;
  double scaled = 0, aligned = 0;
  for (int64_t t = 0; t < frames; ++t) {
    p.push_back(points(pred, t));
    g.push_back(points(target, t));
    // About the origin, where the truth's root is, not about the prediction's own.
    scaled += PointErrors(p[t], g[t], seen, Alignment::kRootScale).mean();
    const double pa = PointErrors(p[t], g[t], seen, Alignment::kProcrustes).mean();
    EXPECT_NEAR(pa, Value(At("loss/p_mpjpe_per_frame")[t]), 1e-6) << t;
    aligned += pa;
  }
  EXPECT_NEAR(scaled / static_cast<double>(frames), Value(At("loss/n_mpjpe")[0]), 1e-7);
  EXPECT_NEAR(aligned / static_cast<double>(frames), Value(At("loss/p_mpjpe")[0]), 1e-7);
  const auto velocity = [&](int64_t first, int64_t count) {
    return MotionErrors(std::span(p).subspan(first, count), std::span(g).subspan(first, count),
                        RowMatX::Ones(count, joints), 1)
        .mean();
  };
  EXPECT_NEAR(velocity(0, 36), Value(At("loss/mean_velocity_error_concat")[0]), 1e-7);
  for (int64_t clip = 0; clip < 3; ++clip) {
    EXPECT_NEAR(velocity(12 * clip, 12), Value(At("loss/mean_velocity_error_seq")[clip]), 1e-7);
  }
}

TEST_F(GoldenVideoPose3d, Cameras) {
  const at::Tensor camera = At("cam/intrinsics_f2c2k3p2");
  at::Tensor points = At("cam/points").requires_grad_();
  const at::Tensor seen = ProjectThroughLens(points, camera);
  Expect(seen, "cam/project", kLosses);
  Expect(ProjectPinhole(points, camera), "cam/project_linear", kLosses);
  (seen * At("cam/project_gradweight")).sum().backward();
  Expect(points.grad(), "cam/project_grad_points", kNetworks);
  Expect(ScreenFromPixels(At("cam/pixels"), 1000, 1002), "cam/normalized", kLosses);
  Expect(PixelsFromScreen(At("cam/normalized"), 1000, 1002), "cam/denormalized", kLosses);
}

TEST_F(GoldenVideoPose3d, ASemiSupervisedStep) {
  at::Tensor joints = At("semi/pred_pos").requires_grad_();
  at::Tensor path = At("semi/pred_traj").requires_grad_();
  const at::Tensor truth = At("semi/gt_pos"), way = At("semi/gt_traj");
  const int64_t labelled = truth.size(0), others = joints.size(0) - labelled;
  std::vector<int> parents;
  for (const int64_t parent : Integers("semi/parents")) parents.push_back(static_cast<int>(parent));
  const auto known = [&](const at::Tensor& x) { return x.narrow(0, 0, labelled); };
  const auto unknown = [&](const at::Tensor& x) { return x.narrow(0, labelled, others); };
  const at::Tensor losses[] = {
      MeanDistance(known(joints), truth), MeanDistance(known(path), way, 1 / way.select(-1, 2)),
      MeanDistance(ProjectThroughLens(unknown(joints) + unknown(path), At("semi/cam")),
                   At("semi/target_2d")),
      BoneLengthDifference(known(joints), unknown(joints), parents)};
  at::Tensor total = losses[0] + losses[1] + losses[2] + losses[3];
  const at::Tensor expected = At("semi/losses_pos_traj_2d_bone_total");
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(Value(losses[i]), Value(expected[i]), 1e-6) << i;
  EXPECT_NEAR(Value(total), Value(expected[4]), 1e-6);
  total.backward();
  Expect(joints.grad(), "semi/grad_pos", kNetworks);
  Expect(path.grad(), "semi/grad_traj", kNetworks);
}

TEST_F(GoldenVideoPose3d, Chunks) {
  const std::vector<int64_t> pairs = Integers("gen/chunk4/pairs_seq_start_end_flip");
  const std::vector<ClipWindow> windows = CoveringWindows(std::vector<int64_t>{9}, 4, true);
  ASSERT_EQ(4 * windows.size(), pairs.size());
  const auto frames = [&](const std::string& key, const std::vector<int64_t>& indices) {
    return At(key).index_select(0, at::tensor(indices, at::kLong));
  };
  for (size_t i = 0; i < windows.size(); ++i) {
    const ClipWindow& window = windows[i];
    EXPECT_EQ(window.clip, pairs[4 * i]);
    EXPECT_EQ(window.begin, pairs[4 * i + 1]);
    EXPECT_EQ(window.begin + window.frames, pairs[4 * i + 2]);
    EXPECT_EQ(window.mirrored, pairs[4 * i + 3] == 1);
    if (window.mirrored) continue;
    EXPECT_EQ(MaxAbs(frames("gen/seq2d", FramesOf(window, 9, 4, 4)) - At("gen/chunk4/b2")[i]), 0);
    EXPECT_EQ(MaxAbs(frames("gen/seq3d", FramesOf(window, 9, 0, 0)) - At("gen/chunk4/b3")[i]), 0);
  }
  const ClipWindow whole{0, 0, 9};
  EXPECT_EQ(
      MaxAbs(frames("gen/seq2d", FramesOf(whole, 9, 4, 4)) - At("gen/unchunked_shift0/b2")[0]), 0);
  EXPECT_EQ(
      MaxAbs(frames("gen/seq2d", FramesOf(whole, 9, 8, 0)) - At("gen/unchunked_shift4/b2")[0]), 0);
}

}  // namespace
}  // namespace gyre
