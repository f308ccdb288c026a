// SPDX-License-Identifier: Apache-2.0
#include "loop/training/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/file.h"
#include "fitting/store/fit_file.h"
#include "loop/runs/run_directory.h"
#include "loop/small_training.h"
#include "loop/training_fixture.h"
#include "regressor/parameter_count.h"
#include "regressor/torch_file.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class TrainerTest : public TrainingTest {
 protected:
  std::vector<int64_t> Checkpoints(const std::string& name) const {
    std::vector<int64_t> steps;
    for (const fs::path& folder : ListCheckpoints(Run(name))) {
      steps.push_back(CheckpointStep(folder));
    }
    return steps;
  }
};

TEST_F(TrainerTest, ARunLeavesItsRecord) {
  TrainOptions o = SmallTraining();
  o.val = "synth:?name=heldout&count=2&seed=6&joints=all";
  o.steps = 5;
  o.keep_checkpoints = 2;
  EXPECT_TRUE(Train(o, "run"));
  EXPECT_THAT(Checkpoints("run"), ElementsAre(5, 4));  // every second, and the last
  const auto lines = Metrics("run");
  ASSERT_EQ(lines.size(), 6u);
  for (int64_t step = 0; step <= 5; ++step) {
    EXPECT_EQ(lines[step]["step"], step);
    EXPECT_EQ(lines[step].contains("loss"), step > 0);
    // Every second step, at the start and at the end.
    EXPECT_EQ(lines[step].contains("val_network_pa_mpjpe_mm"), step % 2 == 0 || step == 5) << step;
  }
  EXPECT_EQ(lines[5]["val_samples"], 2);
  EXPECT_EQ(lines[3]["left_out"], 0);
  const auto options = nlohmann::json::parse(ReadFile(Run("run") / "options.json"));
  EXPECT_EQ(options["steps"], 5);
  EXPECT_EQ(options["network.head"], "hmr");
  const auto summary = nlohmann::json::parse(ReadFile(Run("run") / "summary.json"));
  EXPECT_EQ(summary["steps"], 5);
  EXPECT_EQ(summary["parameters"], NumParameters(*SmallLearner(o)->network()));
  EXPECT_GT(summary["ms_per_sample"], 0);
  // At the end alone: vertices and joints of the same bodies, errors of one size.
  EXPECT_FALSE(lines[4].contains("val_network_pve_mm"));
  const double ratio =
      lines[5]["val_network_pve_mm"].get<double>() / lines[5]["val_network_mpjpe_mm"].get<double>();
  EXPECT_GT(ratio, 0.5);
  EXPECT_LT(ratio, 2);
  EXPECT_EQ(summary["network_pve_mm_last"], lines[5]["val_network_pve_mm"]);
  EXPECT_TRUE(fs::exists(Run("run") / "pictures/val_00_000005.jpg"));
  // The truth teaches, and there are no fits.
  EXPECT_FALSE(summary.contains("train_fits_quality_mean_last"));
  EXPECT_THAT(ReadFile(Run("run") / "report.html"),
              Not(HasSubstr("Fits that are least likely right")));
}

TEST_F(TrainerTest, LogsAreMeansOfTheirSteps) {
  TrainOptions o = SmallTraining();
  o.val_every = 100;
  EXPECT_TRUE(Train(o, "each"));
  o.log_every = 4;
  EXPECT_TRUE(Train(o, "seldom"));
  const auto each = Metrics("each"), seldom = Metrics("seldom");
  ASSERT_EQ(each.size(), 5u);
  ASSERT_EQ(seldom.size(), 2u);
  EXPECT_EQ(seldom[1]["step"], 4);
  for (const char* key : {"loss", "loss_pose", "gradient_norm"}) {
    double sum = 0;
    for (int step = 1; step <= 4; ++step) sum += each[step][key].get<double>();
    EXPECT_NEAR(seldom[1][key].get<double>(), sum / 4, 1e-6 * sum) << key;
  }
}

TEST_F(TrainerTest, AResumedRunIsTheSame) {
  TrainOptions o = SmallTraining();
  o.supervision = Supervision::kLoop;
  o.use_labels = false;
  EXPECT_TRUE(Train(o, "straight"));
  TrainOptions half = o;
  half.steps = 2;
  EXPECT_TRUE(Train(half, "halved"));
  EXPECT_TRUE(Train(o, "halved", /*resume=*/true));
  EXPECT_EQ(Weights("straight", "000004"), Weights("halved", "000004"));
  const auto straight = Metrics("straight"), halved = Metrics("halved");
  ASSERT_EQ(straight.size(), 5u);
  ASSERT_EQ(halved.size(), 5u);
  for (size_t i = 0; i < 5; ++i) {
    for (const char* key : {"loss", "fits_updated", "fit_reprojection_px", "train_fits_score_px2",
                            "train_fits_quality_mean", "train_fits_quality_below_half"}) {
      EXPECT_EQ(straight[i].contains(key), halved[i].contains(key)) << key;
      if (!straight[i].contains(key)) continue;
      EXPECT_EQ(straight[i][key], halved[i][key]) << i << " " << key;
    }
  }
  EXPECT_GT(straight[0]["train_fits_score_px2"], 0);
  EXPECT_GT(straight[0]["train_fits_quality_mean"], 0);
  const auto summary = nlohmann::json::parse(ReadFile(Run("halved") / "summary.json"));
  EXPECT_EQ(summary["train_fits_quality_mean_last"], straight[4]["train_fits_quality_mean"]);
  EXPECT_EQ(ReadFile(Run("straight") / "unlikely_fits.jsonl"),
            ReadFile(Run("halved") / "unlikely_fits.jsonl"));
  EXPECT_TRUE(fs::exists(Run("halved") / "pictures/unlikely_00.jpg"));
  EXPECT_THAT(ReadFile(Run("halved") / "report.html"),
              HasSubstr("Fits that are least likely right"));
  EXPECT_GT(straight[4]["fit_reprojection_px"], 0);
  EXPECT_THAT(UserErrorOf([&] { Train(o, "straight"); }), HasSubstr("--resume"));
  // Other people than those whose fits are stored.
  o.data = "synth:?name=people&count=7&seed=6&joints=any&noise=3";
  o.steps = 6;
  EXPECT_THAT(UserErrorOf([&] { Train(o, "halved", true); }),
              HasSubstr("data set 'people' is not what it was"));
}

TEST_F(TrainerTest, AnotherKeypointSetIsAskedForAndLearnt) {
  TrainOptions o = SmallTraining();
  o.network.keypoints = "coco17";
  o.loss.keypoints_3d = 5;
  EXPECT_THAT(UserErrorOf([&] { Train(o, "run"); }),
              HasSubstr("data set 'people' has keypoints of spin49, and the network looks at those "
                        "of coco17 (network.keypoints); add set=coco17 to"));
  o.data += "&set=coco17";
  EXPECT_TRUE(Train(o, "other"));
  EXPECT_GT(Metrics("other")[1]["loss_keypoints_3d"], 0);
}

TEST_F(TrainerTest, FirstFitsByMasksStayThroughLoopAndStop) {
  TrainOptions o = SmallTraining();
  o.data = "synth:?name=people&count=5&seed=5&frame=96";
  o.supervision = Supervision::kLoop;
  o.use_labels = false;
  o.first_masks = true;
  TrainOptions half = o;
  half.steps = 2;
  EXPECT_TRUE(Train(half, "run"));
  EXPECT_TRUE(Train(o, "run", /*resume=*/true));
  const FitFile fits = FitFile::OpenToRead(Run("run") / kFitsFile);
  int64_t by_mask = 0;
  for (int64_t p = fits.NextUsed(0); p < fits.size(); p = fits.NextUsed(p + 1)) {
    by_mask += fits.Read(p)->source == FitSource::kMasks;
  }
  EXPECT_GE(by_mask, 3);
}

TEST_F(TrainerTest, ADamagedCheckpointFallsBackToTheOneBefore) {
  TrainOptions o = SmallTraining();
  EXPECT_TRUE(Train(o, "run"));
  const std::string whole = Weights("run", "000004");
  const fs::path last = Run("run") / "checkpoints/000004/network.pt";
  WriteFileAtomically(last, whole.substr(0, whole.size() / 2));
  EXPECT_TRUE(Train(o, "run", /*resume=*/true));
  EXPECT_EQ(Weights("run", "000004"), whole);
  for (const char* step : {"000004", "000002", "000000"}) {
    const fs::path file = Run("run") / "checkpoints" / step / "network.pt";
    if (fs::exists(file)) WriteFileAtomically(file, "nothing");
  }
  EXPECT_THAT(UserErrorOf([&] { Train(o, "run", true); }), HasSubstr("none of its"));
}

TEST_F(TrainerTest, WeightsToStartFrom) {
  TrainOptions o = SmallTraining();
  EXPECT_TRUE(Train(o, "first"));
  o.seed = 99;
  o.steps = 1;
  o.learning_rate = 1e-12;
  for (const fs::path& init : {Run("first"), Run("first") / "checkpoints/000004",
                               Run("first") / "checkpoints/000004/network.pt"}) {
    fs::remove_all(Run("second"));
    o.init = init.string();
    EXPECT_TRUE(Train(o, "second"));
    const auto model = [&](const std::string& run, const char* step) {
      return ReadTorchFile(Run(run) / "checkpoints" / step / "network.pt")
          .At("model", "f")
          .At("fc1.weight", "f")
          .AsTensor("f");
    };
    EXPECT_TRUE(model("second", "000000").equal(model("first", "000004"))) << init;
  }
}

TEST_F(TrainerTest, StepsThatAreNotFiniteEndTheRunWhenThereAreTooMany) {
  TrainOptions o = SmallTraining();
  o.loss.total = 1e38;
  o.max_bad_steps = 2;
  const std::string error = UserErrorOf([&] { Train(o, "run"); });
  EXPECT_THAT(error, HasSubstr("step 3: not finite: loss; lower --learning-rate"));
  EXPECT_THAT(error, HasSubstr("(2 steps before it were left out for the like)"));
}

// Another set than SPIN's, which fits were of whatever the people had.
TEST_F(TrainerTest, FitsInTheLoopAreOfTheNetworksKeypoints) {
  TrainOptions o = SmallTraining();
  o.network.keypoints = "coco17";
  o.data = "synth:?name=people&count=7&seed=5&set=coco17&noise=1&missing=0&any_turn=0&occluders=0";
  o.val = "synth:?name=heldout&count=2&seed=6&set=coco17&noise=1&missing=0&any_turn=0&occluders=0";
  o.supervision = Supervision::kLoop;
  o.use_labels = false;
  EXPECT_TRUE(Train(o, "run"));
  const auto lines = Metrics("run");
  for (size_t i = 1; i < lines.size(); ++i) EXPECT_EQ(lines[i]["fits_unusable"], 0) << i;
  EXPECT_LT(lines.back()["train_fits_pa_mpjpe_mm"], 120);
  EXPECT_LT(lines.back()["val_fits_reprojection_px"], 6);
}

// No body, no fitter, no fits: a network of joints in space.
TEST_F(TrainerTest, WithoutABody) {
  TrainOptions o = SmallLifting();
  o.val = "synth:?name=heldout&count=2&seed=6&joints=all";
  o.steps = 6;
  EXPECT_TRUE(Train(o, "straight"));
  const auto lines = Metrics("straight");
  EXPECT_LT(lines.back()["loss_keypoints_3d"], lines[1]["loss_keypoints_3d"]);
  EXPECT_EQ(lines[0]["val_samples"], 2);
  EXPECT_GT(lines[0]["val_loss_keypoints_3d"], 0);
  EXPECT_NEAR(lines[6]["val_loss"].get<double>(),
              60 * 5 * lines[6]["val_loss_keypoints_3d"].get<double>(),
              1e-4 * lines[6]["val_loss"].get<double>());
  EXPECT_FALSE(lines[6].contains("val_loss_pose"));
  for (const char* file : {"fits.store", "val_fits.store"}) {
    EXPECT_FALSE(fs::exists(Run("straight") / file)) << file;
  }
  EXPECT_THAT(ReadFile(Run("straight") / "report.html"),
              Not(HasSubstr("Fits that are least likely right")));
  TrainOptions half = o;
  half.steps = 2;
  EXPECT_TRUE(Train(half, "halved"));
  EXPECT_TRUE(Train(o, "halved", /*resume=*/true));
  EXPECT_EQ(Weights("straight", "000006"), Weights("halved", "000006"));

  o.supervision = Supervision::kLoop;
  EXPECT_THAT(UserErrorOf([&] { Train(o, "other"); }), HasSubstr("supervision = loop"));
  o = SmallTraining();
  o.body = "none";
  EXPECT_THAT(UserErrorOf([&] { Train(o, "other"); }), HasSubstr("head hmr gives bodies"));
}

}  // namespace
}  // namespace gyre
