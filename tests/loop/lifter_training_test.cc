// SPDX-License-Identifier: Apache-2.0
// VideoPose3D's presets in the trainer, on made-up motion.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "body/retarget.h"
#include "core/error.h"
#include "core/file.h"
#include "loop/runs/run_directory.h"
#include "loop/small_training.h"
#include "loop/training/lifted_frames.h"
#include "loop/training/predictor.h"
#include "loop/training_fixture.h"
#include "regressor/batch_norm.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class LifterTraining : public TrainingTest {
 protected:
  LifterTraining() {
    std::vector<PoseClip> clips;
    for (int c = 0; c < 4; ++c) {
      const int frames = 9 + 2 * c;
      PoseClip clip{"clip", RowMatX::Zero(frames, 72), 30};
      clip.transl = Points3::Zero(frames, 3);
      for (int t = 0; t < frames; ++t) {
        for (const int joint : {1, 2, 4, 5, 16, 17, 18, 19}) {
          clip.poses(t, 3 * joint) = 0.5 * std::sin(0.7 * t + joint + c);
        }
        clip.transl(t, 2) = 0.05 * t;
      }
      clips.push_back(std::move(clip));
    }
    WritePoseClips(clips, folder_.path() / "clips.npz");
  }

  std::string Mocap(const std::string& options) const {
    return "mocap:" + (folder_.path() / "clips.npz").string() + "?set=h36m17&views=2&" + options;
  }
  TrainOptions Small(const std::string& preset) const {
    TrainOptions o = TrainOptions::Preset(preset);
    o.data = Mocap("name=labelled&part=0/4") + "*0.5," +
             Mocap("name=others&part=1-2/4&labels=false") + "*0.5";
    o.val = Mocap("name=val&part=3/4");
    o.network.lifter.channels = 8;
    o.network.lifter.widths = "3-3";
    o.network.image_px = 64;
    o.loss.unlabelled_after = 0;
    o.batch_size = 12;
    o.data_shards = 1;
    o.steps = 6;
    o.samples_per_epoch = 24;
    o.threads = o.fit_threads = 1;
    o.loader_threads = 0;
    o.log_every = 1;
    o.val_every = 3;
    o.checkpoint_every = 2;
    return o;
  }
};

TEST_F(LifterTraining, EveryPresetRunsAndMeasuresItself) {
  for (const char* preset : {"videopose3d", "videopose3d-causal", "videopose3d-semi"}) {
    SCOPED_TRACE(preset);
    EXPECT_TRUE(Train(Small(preset), preset));
    const auto lines = Metrics(preset);
    ASSERT_EQ(lines.size(), 7u);
    EXPECT_TRUE(lines[1].contains("loss_joint_distance"));
    const bool semi = std::string(preset) == "videopose3d-semi";
    for (const char* term : {"loss_root_path", "loss_reprojection", "loss_bones"}) {
      EXPECT_EQ(lines[1].contains(term), semi) << term;
    }
    for (const char* key : {"mpjpe_mm", "mpjpe_raw_mm", "pa_mpjpe_mm", "n_mpjpe_mm",
                            "n_mpjpe_raw_mm", "mpjve_mm", "mpjve_raw_mm"}) {
      EXPECT_GT(lines[6]["val_network_" + std::string(key)].get<double>(), 0) << key;
    }
    EXPECT_EQ(lines[6]["val_samples"], 2 * 15);
    const auto summary = nlohmann::json::parse(ReadFile(Run(preset) / "summary.json"));
    EXPECT_EQ(summary["network_mpjve_mm_last"], lines[6]["val_network_mpjve_mm"]);
  }
}

TEST_F(LifterTraining, AResumedRunIsTheSame) {
  const TrainOptions o = Small("videopose3d-semi");
  EXPECT_TRUE(Train(o, "straight"));
  // The schedules are of the whole run: stopped after its first checkpoint, not shorter.
  EXPECT_TRUE(Train(o, "halved"));
  for (const char* later : {"000004", "000006"}) {
    fs::remove_all(Run("halved") / "checkpoints" / later);
  }
  EXPECT_TRUE(Train(o, "halved", /*resume=*/true));
  EXPECT_EQ(Weights("straight", "000006"), Weights("halved", "000006"));
  TrainOptions threads = o;
  threads.loader_threads = 2;
  EXPECT_TRUE(Train(threads, "threads"));
  EXPECT_EQ(Weights("straight", "000006"), Weights("threads", "000006"));
}

TEST_F(LifterTraining, TermsOfPeopleWithoutLabelsComeLater) {
  TrainOptions o = Small("videopose3d-semi");
  o.loss.unlabelled_after = 2;
  EXPECT_TRUE(Train(o, "later"));
  const auto lines = Metrics("later");
  for (int step = 1; step <= 6; ++step) {
    EXPECT_EQ(lines[step].contains("loss_bones"), step > 2) << step;
    EXPECT_EQ(lines[step].contains("loss_reprojection"), step > 2) << step;
    EXPECT_TRUE(lines[step].contains("loss_root_path")) << step;
  }
}

double MomentumOf(Learner& learner) {
  for (const auto& module : learner.network()->modules()) {
    if (auto* norm = module->as<BatchNormImpl>()) return *norm->options.momentum();
  }
  return 0;
}

double StepSizeOf(Learner& learner) {
  const auto& options = learner.optimizer().param_groups()[0].options();
  return static_cast<const torch::optim::AdamOptions&>(options).lr();
}

// 0.1 to 0.001 exponentially over the steps, and 0.95 an epoch.
TEST_F(LifterTraining, MomentumAndRateFollowTheirSchedules) {
  const TrainOptions o = Small("videopose3d");
  const auto learner = SmallLearner(o);
  Loader loader(OpenMixture(o.data), o.Loading());
  LabelTeacher teacher(/*use_labels=*/true);
  for (int64_t step = 1; step <= 6; ++step) {
    const Batch batch = loader.Next();
    learner->Step(batch, step, teacher, alone_);
    EXPECT_NEAR(MomentumOf(*learner), 0.1 * std::pow(10.0, -2.0 * (step - 1) / 6), 1e-12);
    EXPECT_NEAR(StepSizeOf(*learner), 1e-3 * std::pow(0.95, (step - 1) / 2), 1e-12);
  }
}

// What is said, shifted truth: the errors are those of the shift, whatever was packed on the way.
TEST_F(LifterTraining, WhatIsSaidIsMeasuredInTheCameraOfItsCrop) {
  const TrainOptions o = Small("videopose3d");
  LoaderOptions loading = LoaderOptions::Evaluation(30, 64);
  BringInput(o.network, &loading);
  loading.workers = 0;
  const Batch batch = Loader(OpenMixture(o.val), loading).Next();
  ASSERT_EQ(batch.size(), 30);
  Output said;
  said.set = &FindKeypointSet("h36m17");
  said.joints = at::zeros({30, 17, 3});
  for (int i = 0; i < 30; ++i) {
    const Points3& truth = batch.samples[i].joints3d->m;
    for (int j = 0; j < 17; ++j) {
      for (int axis = 0; axis < 3; ++axis) {
        said.joints[i][j][axis] = truth(j, axis) - truth(0, axis) + (axis == 1 ? 0.03 : 0);
      }
    }
  }
  std::vector<ClipFrame> frames, packed;
  AddLiftedFrames(said, batch, &frames);
  UnpackFrames(PackFrames(frames), &packed);
  const auto results = ClipErrors(packed);
  EXPECT_EQ(results[0].count, 30);
  EXPECT_NEAR(results[0].value, 0, 1e-4);   // root
  EXPECT_NEAR(results[1].value, 30, 1e-4);  // none
  EXPECT_EQ(results[5].count, 2 * 14);      // velocities of two clips
}

TEST_F(LifterTraining, ACheckpointThatSaysNoBodyIsRefusedWhereOneIsNeeded) {
  TrainOptions o = Small("videopose3d");
  o.val = "";
  EXPECT_TRUE(Train(o, "run"));
  try {
    LoadTrainedNetwork(Run("run"), LoadBodyModel("builtin"), at::kCPU);
    ADD_FAILURE() << "accepted";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("says no bodies"));
  }
}

}  // namespace
}  // namespace gyre
