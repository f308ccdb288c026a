// SPDX-License-Identifier: Apache-2.0
// Networks, losses and cameras against numbers that VideoPose3D's own code computed
// (heads/videopose3d.npz).
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/ones_like.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "body/anatomy.h"
#include "body/symmetry.h"
#include "core/error.h"
#include "datasets/decorators/clip_windows.h"
#include "golden_heads.h"
#include "io/io_test_util.h"
#include "metrics/errors.h"
#include "person/crops.h"
#include "regressor/layers/lens.h"
#include "regressor/layers/temporal_lifter.h"
#include "regressor/losses/clip_losses.h"
#include "regressor/losses/losses.h"
#include "regressor/network.h"
#include "regressor/parameter_count.h"
#include "regressor/regressor_test_util.h"
#include "regressor/weights.h"

namespace gyre {
namespace {

constexpr double kLifterTolerance = 1e-5, kLossTolerance = 1e-6;  // relative

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
    Expect(lifter(At("net/in_seq")), kind + "out_seq_f64", kLifterTolerance);
    Expect(lifter(At("net/in_chunk")), kind + "out_chunk_f64", kLifterTolerance);
    Expect(lifter->Windows(At("net/in_chunk")), kind + "out_chunk_optimized_f64", kLifterTolerance);
  }
  TemporalLifter dense = Lifter("dense/state/", {.channels = 16, .dense = true});
  Expect(dense(At("dense/in")), "dense/out_f64", kLifterTolerance);
  TemporalLifter path =
      Lifter("traj35/state/", {.joints_out = 1, .widths = {3, 5}, .channels = 16});
  Expect(path(At("traj35/in")), "traj35/out_f64", kLifterTolerance);
}

TEST_F(GoldenVideoPose3d, ATrainingStep) {
  TemporalLifter lifter = Lifter("net/state/", {.channels = 64, .dropout = 0});
  lifter->train();
  const at::Tensor out = lifter->Windows(At("net/in_chunk"));
  Expect(out, "train/out", kLifterTolerance);
  const at::Tensor loss = MeanDistance(out, At("train/target"));
  Expect(loss.reshape({1}), "train/mpjpe", kLossTolerance);
  loss.backward();
  const auto parameters = lifter->named_parameters();
  for (const char* name :
       {"shrink.weight", "expand_bn.weight", "layers_bn.3.bias", "layers_conv.2.weight"}) {
    Expect(parameters[name].grad(), std::string("train/grad/") + name, kLifterTolerance);
  }
  Expect(parameters["expand_conv.weight"].grad().abs().sum().reshape({1}),
         "train/grad/expand_conv.weight_sum_abs", kLifterTolerance);
  const auto buffers = lifter->named_buffers();
  for (const char* name : {"expand_bn.running_mean", "expand_bn.running_var",
                           "layers_bn.3.running_mean", "layers_bn.3.running_var"}) {
    Expect(buffers[name], std::string("train/after/") + name, kLifterTolerance);
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
  const std::vector<int64_t> dense = Integers("count/dense333_div1e6_mod1e6");
  EXPECT_EQ(NumParameters(*TemporalLifter(TemporalLifterOptions{.dense = true})),
            1'000'000 * dense[0] + dense[1]);
  // By how much the layers look back, together (their total_causal_shift says 91 for 13).
  const TemporalLifterOptions causal{.causal = true};
  const std::vector<int64_t> shifts = Integers("net/causal/causal_shift_list_dilated");
  EXPECT_EQ(causal.PadBefore() - causal.ReceptiveField() / 2, shifts[0] + shifts[1] + shifts[2]);
  for (const double epoch : {1.0, 30.0, 60.0}) {
    const int64_t row = epoch == 1 ? 0 : epoch == 30 ? 1 : 2;
    EXPECT_NEAR(DecayedMomentum(0.1, 0.001, epoch / 60),
                Value(At("sched/bn_momentum_after_epoch_1_30_60_of_60")[row]), 1e-8);
  }
}

TEST_F(GoldenVideoPose3d, Losses) {
  const at::Tensor pred = At("loss/pred"), target = At("loss/target");
  Expect(MeanDistance(pred, target).reshape({1}), "loss/mpjpe", kLossTolerance);
  Expect(MeanDistance(pred, target, At("loss/weight")).reshape({1}), "loss/weighted_mpjpe",
         kLossTolerance);
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

// The generators' mirrored copies are what a mirrored crop shows; their units are pixels of a crop
// of two, whose middle stands at one half.
TEST_F(GoldenVideoPose3d, MirroredClips) {
  const at::Tensor seen = At("gen/seq2d"), joints = At("gen/seq3d"), camera = At("gen/cam");
  const CropMap mirror({Vec2::Zero(), 2}, 2, 0, /*flip=*/true);
  const KeypointSet& set = FindKeypointSet("h36m17");
  const at::Tensor seen_mirrored = At("gen/unchunked_shift0/b2")[1].narrow(0, 4, 9),
                   mirrored = At("gen/unchunked_shift0/b3")[1];
  for (int64_t t = 0; t < 9; ++t) {
    Keypoints keypoints(set);
    SpaceJoints in_space(set);
    keypoints.confidence.setOnes();
    for (int j = 0; j < 17; ++j) {
      for (int axis = 0; axis < 2; ++axis) keypoints.px(j, axis) = Value(seen[t][j][axis]);
      for (int axis = 0; axis < 3; ++axis) in_space.m(j, axis) = Value(joints[t][j][axis]);
    }
    const Keypoints in_crop = KeypointsInCrop(keypoints, mirror);
    JointsInCrop(mirror, &in_space);
    for (int j = 0; j < 17; ++j) {
      for (int axis = 0; axis < 2; ++axis) {
        EXPECT_NEAR(in_crop.px(j, axis) - 0.5, Value(seen_mirrored[t][j][axis]), 1e-6);
      }
      for (int axis = 0; axis < 3; ++axis) {
        EXPECT_NEAR(in_space.m(j, axis), Value(mirrored[t][j][axis]), 1e-6);
      }
    }
  }
  const Camera own{Value(camera[0]), Vec2(Value(camera[2]), Value(camera[3]))};
  const Camera other = CameraInCrop(own, mirror);
  const at::Tensor expected = At("gen/unchunked_shift0/cam")[1];
  EXPECT_NEAR(other.focal_px, Value(expected[0]), 1e-6);
  EXPECT_NEAR(other.center_px.x() - 0.5, Value(expected[2]), 1e-6);
  EXPECT_NEAR(other.center_px.y() - 0.5, Value(expected[3]), 1e-6);
}

TEST_F(GoldenVideoPose3d, Cameras) {
  const at::Tensor camera = At("cam/intrinsics_f2c2k3p2");
  at::Tensor points = At("cam/points").requires_grad_();
  const at::Tensor seen = ProjectThroughLens(points, camera);
  Expect(seen, "cam/project", kLossTolerance);
  Expect(ProjectPinhole(points, camera), "cam/project_linear", kLossTolerance);
  (seen * At("cam/project_gradweight")).sum().backward();
  Expect(points.grad(), "cam/project_grad_points", kLifterTolerance);
  Expect(ScreenFromPixels(At("cam/pixels"), 1000, 1002), "cam/normalized", kLossTolerance);
  Expect(PixelsFromScreen(At("cam/normalized"), 1000, 1002), "cam/denormalized", kLossTolerance);
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
  Expect(joints.grad(), "semi/grad_pos", kLifterTolerance);
  Expect(path.grad(), "semi/grad_traj", kLifterTolerance);
}

// The same from labels and keypoints, as the trainer asks for it.
TEST_F(GoldenVideoPose3d, TheNamedLossesOfASemiSupervisedStep) {
  const KeypointSet& set = FindKeypointSet("h36m17");
  at::Tensor said = At("semi/pred_pos").squeeze(1).requires_grad_();
  at::Tensor path = At("semi/pred_traj").squeeze(2).squeeze(1).requires_grad_();
  const int64_t people = said.size(0), labelled = 4;
  Output output;
  output.set = &set;
  output.joints = said;
  output.path = path;
  const at::Tensor placed = said + path.unsqueeze(1);
  const at::Tensor cameras =
      At("semi/cam").repeat({2, 1});  // those of labelled people are not asked
  output.keypoints = ProjectThroughLens(placed, cameras);
  Targets targets;
  targets.set = &set;
  const at::Tensor ones = at::ones({people, 17, 1}, at::kDouble);
  const at::Tensor truth = (At("semi/gt_pos") + At("semi/gt_traj")).squeeze(1);
  targets.joints = at::cat({at::cat({truth, at::full_like(truth, NAN)}), ones}, 2);
  targets.has_joints = at::arange(people) < labelled;
  targets.placed = targets.has_joints;
  const at::Tensor seen = At("semi/target_2d").squeeze(1);
  targets.keypoints = at::cat({at::cat({at::full_like(seen, NAN), seen}), ones}, 2);
  LossOptions options;
  options.total = 1;
  options.keypoints_2d = options.keypoints_3d = 0;
  options.joint_distance = options.root_path = options.reprojection = options.bones = 1;
  const Losses losses = ComputeLosses(output, targets, options);
  const at::Tensor expected = At("semi/losses_pos_traj_2d_bone_total");
  const char* const names[] = {"joint_distance", "root_path", "reprojection", "bones"};
  for (int i = 0; i < 4; ++i) {
    const auto found =
        std::ranges::find(losses.terms, names[i], &std::pair<std::string, at::Tensor>::first);
    ASSERT_NE(found, losses.terms.end()) << names[i];
    EXPECT_NEAR(Value(found->second), Value(expected[i]), 1e-6) << names[i];
  }
  at::Tensor total;
  for (const auto& loss :
       {JointDistanceLoss(output, targets, options), RootPathLoss(output, targets, options),
        ReprojectionLoss(output, targets, options), BoneLoss(output, targets, options)}) {
    const at::Tensor term = loss.numerator / loss.denominator;
    total = total.defined() ? total + term : term;
  }
  EXPECT_NEAR(Value(total), Value(expected[4]), 1e-6);
  total.backward();
  Expect(said.grad().unsqueeze(1), "semi/grad_pos", kLifterTolerance);
  Expect(path.grad().unsqueeze(1).unsqueeze(1), "semi/grad_traj", kLifterTolerance);
  // The bones are those of the peer's skeleton.
  std::vector<int64_t> parents(17, -1);
  for (const auto& [parent, child] : BonesOf(set)) parents[child] = parent;
  EXPECT_EQ(parents, Integers("semi/parents"));
}

// As its programs write it: the networks side by side, one of them None, and what a network has no
// use for.
TEST_F(GoldenVideoPose3d, TheAuthorsCheckpointIsRead) {
  NetworkOptions options;
  options.input = NetworkInput::kClip;
  options.head = "lifter";
  options.keypoints = "h36m17";
  options.lifter.channels = 64;
  Network network(options, NetworkSetting{});
  StateDict state;
  for (const std::string& key : Keys()) {
    if (key.starts_with("net/state/")) state[key.substr(10)] = At(key).to(at::kFloat);
  }
  const TempFolder folder;
  const auto file = folder.path() / "epoch_80.bin";
  WriteTorchFile(file, TorchValue::Dict{{"epoch", int64_t{80}},
                                        {"lr", 1e-5},
                                        {"model_pos", state},
                                        {"model_traj", TorchValue()}});
  LoadNetworkWeights(*network, file, network->names());
  network->eval();
  const at::Tensor chunk = At("net/in_chunk").to(at::kFloat);
  const at::Tensor clips = at::cat({chunk, at::ones_like(chunk.narrow(3, 0, 1))}, 3);
  const at::Tensor joints = network->forward(clips).joints;
  Expect(joints.to(at::kDouble).unsqueeze(1), "net/plain/out_chunk_f64", kLifterTolerance);

  options.lifter.path = true;  // which the file does not have
  Network with_path(options, NetworkSetting{});
  EXPECT_THROW(LoadNetworkWeights(*with_path, file, with_path->names()), UserError);
  // Of a file that has it, joints alone may be taken.
  WriteTorchFile(file, TorchValue::Dict{{"model_pos", state}, {"model_traj", state}});
  EXPECT_NO_THROW(LoadNetworkWeights(*network, file, network->names()));
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
