// SPDX-License-Identifier: Apache-2.0
// Pavlakos et al. 2018's networks, and drawn bodies, in the trainer, on made-up people.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "loop/small_training.h"
#include "loop/training/seen_errors.h"
#include "loop/training_fixture.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

class Human2dTraining : public TrainingTest {
 protected:
  static TrainOptions Small(const std::string& preset) {
    TrainOptions o = Shortened(TrainOptions::Preset(preset));
    o.data = "synth:?name=people&count=9&seed=5&frame=96&noise=0";
    o.val = "synth:?name=heldout&count=3&seed=6&frame=96&noise=0";
    o.network.image_px = 64;
    return o;
  }
};

TEST_F(Human2dTraining, LearnsFromKeypointsAndMasksAndMeasuresItself) {
  EXPECT_TRUE(Train(Small("human2d"), "human2d"));
  const auto lines = Metrics("human2d");
  ASSERT_EQ(lines.size(), 5u);
  for (const char* term : {"loss_volumes", "loss_mask"}) EXPECT_GT(lines[1][term], 0) << term;
  EXPECT_FALSE(lines[1].contains("loss_pose"));
  EXPECT_TRUE(lines[0].contains("val_mask_iou"));
  EXPECT_GE(lines[4]["val_pck20"], 0);
  EXPECT_LE(lines[4]["val_pck20"], 1);
  EXPECT_GT(lines[4]["val_loss_mask"], 0);
  const auto summary = nlohmann::json::parse(ReadFile(Run("human2d") / "summary.json"));
  EXPECT_EQ(summary["network_mask_iou_last"], lines[4]["val_mask_iou"]);
}

TEST_F(Human2dTraining, TheWholeSystemRunsInTheLoopAndStartsFromItsParts) {
  ASSERT_TRUE(Train(Small("human2d"), "human2d"));
  TrainOptions shape = Small("prior18");
  shape.network.input = NetworkInput::kSilhouette;
  shape.network.image_px = 32;
  shape.network.width = Small("human2d").network.width;
  ASSERT_TRUE(Train(shape, "shape"));
  TrainOptions o = Small("pavlakos18");
  o.init = Run("human2d").string() + "," + Run("shape").string();
  o.loss.silhouette_pixels = 1;
  o.loss.parts = 0.5;
  o.loss.silhouette_after = 2;
  EXPECT_TRUE(Train(o, "whole"));
  const auto lines = Metrics("whole");
  ASSERT_EQ(lines.size(), 5u);
  for (const char* term :
       {"loss_volumes", "loss_mask", "loss_pose", "loss_betas", "loss_keypoints_2d"}) {
    EXPECT_GT(lines[1][term], 0) << term;
  }
  for (const char* term : {"loss_silhouette_pixels", "loss_parts"}) {
    EXPECT_FALSE(lines[2].contains(term)) << term;  // these come after so many steps
    EXPECT_GT(lines[3][term], 0) << term;
  }
  EXPECT_GT(lines[4]["val_network_pa_mpjpe_mm"], 0);
  // The same once more, stopped after its first checkpoint and resumed.
  TrainOptions half = o;
  half.steps = 2;
  EXPECT_TRUE(Train(half, "halves"));
  EXPECT_TRUE(Train(o, "halves", /*resume=*/true));
  EXPECT_EQ(Weights("halves", "000004"), Weights("whole", "000004"));
}

// Nothing else teaches.
TEST_F(Human2dTraining, ADrawnBodyComesToItsMask) {
  TrainOptions o = SmallTraining();
  o.loss = LossOptions();
  o.loss.keypoints_2d = o.loss.keypoints_3d = o.loss.pose = o.loss.betas = 0;
  o.loss.silhouette = 1;
  o.loss.total = 1;
  o.learning_rate = 1e-4;
  o.network.dropout = 0;
  o.network.image_px = 64;
  o.steps = 40;
  LoaderOptions loading = SmallLoading(o);
  loading.masks = true;
  const Batch batch =
      Loader(OpenMixture(o.data, {SmallSetting().body, SmallSetting().prior}), loading).Next();
  const auto learner = SmallLearner(o);
  LabelTeacher teacher(/*use_labels=*/true);
  double first = 0, last = 0;
  for (int64_t step = 1; step <= o.steps; ++step) {
    const StepReport report = learner->Step(batch, step, teacher, alone_);
    for (const auto& [name, value] : report.terms) {
      if (name != "silhouette") continue;
      if (step == 1) first = value;
      last = value;
    }
  }
  EXPECT_GT(first, 0.2);
  EXPECT_LT(last, 0.8 * first);
}

TEST(SeenErrors, CountJointsWithinAFifthOfTheTorsoAndOverlapOfKnownPixels) {
  const KeypointSet& set = FindKeypointSet("coco17");
  Batch batch;
  batch.crop_px = 8;
  for (int i = 0; i < 2; ++i) {
    batch.samples.emplace_back();
    Keypoints truth(set);
    const auto put = [&](const char* joint, double x, double y) {
      truth.px.row(set.IndexOf(joint)) << x, y;
      truth.confidence[set.IndexOf(joint)] = 0.3;
    };
    ASSERT_GE(set.IndexOf("Right Shoulder"), 0);
    put("Right Shoulder", 2, 1);
    put("Left Hip", 5, 5);  // a torso of 5 px
    if (i == 0) put("Nose", 3, 0.5);
    batch.keypoints.push_back(truth);
  }
  Output said;
  said.uvd_set = &set;
  said.uvd = at::zeros({2, 17, 3});
  const auto say = [&](int i, const char* joint, double x, double y) {
    said.uvd[i][set.IndexOf(joint)][0] = (x - 3.5) / 4;
    said.uvd[i][set.IndexOf(joint)][1] = (y - 3.5) / 4;
  };
  say(0, "Right Shoulder", 2.9, 1);  // 0.9 px off: within a fifth
  say(0, "Left Hip", 5, 6.1);        // 1.1 px
  say(0, "Nose", 3.5, 0.5);
  say(1, "Right Shoulder", 2, 1);
  say(1, "Left Hip", 1, 1);
  // Cells of 4 px: the first person's top row of cells. Known are columns 0 to 5 of the first.
  said.masks = {at::zeros({2, 2, 2, 2}), at::zeros({2, 2, 2, 2})};
  said.masks[0].select(1, 1).fill_(9);  // the last counts
  said.masks[1][0][1][0].fill_(1);
  batch.masks.assign(2 * 64, 0);
  batch.masks_known.assign(2 * 64, 0);
  for (int v = 0; v < 8; ++v) {
    for (int u = 0; u < 6; ++u) batch.masks_known[8 * v + u] = 255;
    for (int u = 2; u < 8; ++u) batch.masks[8 * v + u] = v < 6 ? 200 : 100;
  }
  SeenErrors errors;
  AddSeenErrors(said, batch, &errors);
  EXPECT_EQ(errors.joints, 5);
  EXPECT_EQ(errors.near, 3);
  EXPECT_EQ(errors.masks, 1);
  // Said: rows 0 to 3 of six columns, 24; true: rows 0 to 5 of columns 2 to 5, 24; both 16.
  EXPECT_NEAR(errors.overlap, 16.0 / 32, 1e-12);
  AddSeenErrors(Output(), batch, &errors);
  EXPECT_EQ(errors.joints, 5);
}

}  // namespace
}  // namespace gyre
