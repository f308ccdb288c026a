// SPDX-License-Identifier: Apache-2.0
// Preset video in the trainer, on made-up motion.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "body/retarget.h"
#include "core/error.h"
#include "core/file.h"
#include "fitting/store/fit_exchange.h"
#include "fitting/store/fit_file.h"
#include "loop/runs/run_directory.h"
#include "loop/small_training.h"
#include "loop/training_fixture.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class VideoTraining : public TrainingTest {
 protected:
  VideoTraining() {
    std::vector<PoseClip> clips;
    for (const int frames : {5, 4, 4}) {
      PoseClip clip{"clip", RowMatX::Zero(frames, 72), 30};
      clip.transl = Points3::Zero(frames, 3);
      for (int t = 0; t < frames; ++t) {
        for (const int joint : {1, 2, 4, 5, 16, 17, 18, 19}) {
          clip.poses(t, 3 * joint) = 0.5 * std::sin(0.3 * t + joint + frames);
        }
        clip.transl(t, 2) = 0.05 * t;
      }
      clips.push_back(std::move(clip));
    }
    WritePoseClips(clips, folder_.path() / "clips.npz");
  }

  std::string Mocap(const std::string& options) const {
    return "mocap:" + (folder_.path() / "clips.npz").string() + "?views=1&noise=2&" + options;
  }
  TrainOptions Small() const {
    TrainOptions o = Shortened(TrainOptions::Preset("video"));
    o.data = Mocap("name=train&part=0-1/3");
    o.val = Mocap("name=val&part=2/3");
    o.use_labels = false;
    o.network.lifter.channels = 8;
    o.network.lifter.widths = "3";
    o.network.image_px = 64;
    o.fit.hypotheses = Hypotheses::kStartOnly;
    o.sequence.max_iterations = 3;
    o.clips.frames = 4;
    o.batch_size = 8;
    o.val_every = 4;
    return o;
  }
  std::vector<StoredFit> Fits(const std::string& name) const {
    const FitFile file = FitFile::OpenToRead(Run(name) / "fits.store");
    std::vector<StoredFit> fits;
    for (int64_t i = 0; i < file.size(); ++i) fits.push_back(file.Read(i).value());
    return fits;
  }
};

TEST_F(VideoTraining, RunsAndMeasuresItself) {
  EXPECT_TRUE(Train(Small(), "run"));
  const auto lines = Metrics("run");
  ASSERT_EQ(lines.size(), 5u);
  for (const nlohmann::json& line : {lines[0], lines[4]}) {
    EXPECT_EQ(line["val_samples"], 4);
    for (const char* key :
         {"val_network_pa_mpjpe_mm", "val_fits_pa_mpjpe_mm", "train_fits_pa_mpjpe_mm",
          "val_network_mpjve_mm", "val_fits_mpjve_mm", "train_fits_mpjve_mm"}) {
      EXPECT_GT(line[key].get<double>(), 0) << key;
      EXPECT_LT(line[key].get<double>(), 400) << key;
    }
  }
  EXPECT_GT(lines[1]["loss_pose"].get<double>(), 0);
  EXPECT_GT(lines[1]["loss_keypoints_2d"].get<double>(), 0);
  // Frames 0 to 3 of the first clip are one motion of one shape, frame 4 is another's.
  const std::vector<StoredFit> fits = Fits("run");
  ASSERT_EQ(fits.size(), 9u);
  for (const int i : {1, 2, 3}) EXPECT_EQ(fits[i].params.betas(), fits[0].params.betas()) << i;
  for (const int i : {6, 7, 8}) EXPECT_EQ(fits[i].score_px2, fits[5].score_px2) << i;
  EXPECT_NE(fits[4].score_px2, fits[3].score_px2);
  EXPECT_NE(fits[5].params.betas(), fits[3].params.betas());
  const auto summary = nlohmann::json::parse(ReadFile(Run("run") / "summary.json"));
  EXPECT_EQ(summary["network_mpjve_mm_last"], lines[4]["val_network_mpjve_mm"]);
  EXPECT_EQ(summary["fits_mpjve_mm_last"], lines[4]["val_fits_mpjve_mm"]);
}

TEST_F(VideoTraining, AResumedRunIsTheSame) {
  TrainOptions o = Small();
  o.val = "";
  o.steps = 2;
  o.checkpoint_every = 1;
  EXPECT_TRUE(Train(o, "straight"));
  TrainOptions half = o;
  half.loader_threads = half.fit_threads = 2;
  EXPECT_TRUE(Train(half, "halved"));
  fs::remove_all(Run("halved") / "checkpoints/000002");
  EXPECT_TRUE(Train(half, "halved", /*resume=*/true));
  EXPECT_EQ(Weights("straight", "000002"), Weights("halved", "000002"));
  EXPECT_EQ(Fits("straight"), Fits("halved"));
}

TEST_F(VideoTraining, WhatDoesNotFitIsSaidBeforehand) {
  const auto why = [&](const std::function<void(TrainOptions*)>& change) {
    TrainOptions o = Small();
    change(&o);
    return UserErrorOf([&] { o.Check(), o.ShareOut(1, 0); });
  };
  EXPECT_EQ(
      why([](TrainOptions* o) { o->batch_size = 10; }),
      "batch_size = 10 must hold two or more clips of clips.frames = 4; use 8 or another multiple");
  EXPECT_EQ(
      why([](TrainOptions* o) { o->batch_size = 4; }),
      "batch_size = 4 must hold two or more clips of clips.frames = 4; use 8 or another multiple");
  EXPECT_EQ(why([](TrainOptions* o) { o->first_masks = true; }),
            "first_masks fits people one by one, and clips.frames = 4 clips; use one of them");
  EXPECT_THAT(why([](TrainOptions* o) { o->store.rule = StoreRule::kGuarded; }),
              HasSubstr("store.rule = guarded judges frame by frame"));
  EXPECT_THAT(why([](TrainOptions* o) { o->fit.stages = FitStages::kWholeBody; }),
              HasSubstr("clips.frames = 4 fits the body alone, and fit.stages is whole_body"));
  EXPECT_THAT(why([](TrainOptions* o) { o->data_shards = 2; }), HasSubstr("one shard"));
  EXPECT_THAT(why([](TrainOptions* o) { o->sequence.pose_s = -1; }), HasSubstr("pose_s is -1"));
  EXPECT_THAT(why([](TrainOptions* o) {
                o->body = "none";
                o->supervision = Supervision::kTruth;
              }),
              HasSubstr("clips.frames = 4 fits bodies"));
}

}  // namespace
}  // namespace gyre
