// SPDX-License-Identifier: Apache-2.0
#include "loop/training/predictor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "body/retarget.h"
#include "io/io_test_util.h"
#include "loop/small_training.h"

namespace gyre {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class PredictorTest : public testing::Test {
 protected:
  void MakeRun(const TrainOptions& options) { learner_ = MakeSmallRun(options, run()); }
  std::filesystem::path run() const { return folder_.path() / "run"; }

  TempFolder folder_;
  std::unique_ptr<Learner> learner_;
};

TEST_F(PredictorTest, ARunsNetworkSaysWhatItSaidInTraining) {
  const TrainOptions options = SmallTraining();
  MakeRun(options);
  const Batch batch = SmallBatch(options);
  const std::vector<BodyParams> expected = learner_->Predict(batch);
  for (const auto& path : {run(), run() / "checkpoints/000002"}) {
    TrainedNetwork trained = LoadTrainedNetwork(path, SmallSetting().body, at::kCPU);
    EXPECT_EQ(trained.options.network.width, 8);
    EXPECT_EQ(trained.options.seed, 11u);
    const std::vector<BodyParams> bodies = trained.Predict(batch);
    ASSERT_EQ(bodies.size(), 3u);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_LT((bodies[i].values() - expected[i].values()).norm(), 1e-4) << i;
    }
  }
  EXPECT_GT((expected[0].values() - expected[2].values()).norm(), 1e-2);
}

TEST_F(PredictorTest, FoldedNormsOfConvolutionsSayTheSame) {
  TrainOptions options = SmallTraining();
  options.network.input = NetworkInput::kImage;
  options.network.backbone = Backbone::kResNet18;
  options.network.image_px = 32;
  options.batch_size = 2;
  MakeRun(options);
  const Batch batch = SmallBatch(options);
  TrainedNetwork trained = LoadTrainedNetwork(run(), SmallSetting().body, at::kCPU);
  const std::vector<BodyParams> bodies = trained.Predict(batch),
                                expected = learner_->Predict(batch);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_LT((bodies[i].values() - expected[i].values()).norm(), 1e-3) << i;
  }
  EXPECT_THAT(UserErrorOf([&] { LoadKeypointNetwork(run(), SmallSetting().body, at::kCPU); }),
              AllOf(HasSubstr(run().string()), HasSubstr("looks at images"), HasSubstr("prior18")));
}

// The crop and the keypoints in it are made as the loader makes them.
TEST_F(PredictorTest, KeypointsAloneAreEnough) {
  const TrainOptions options = SmallTraining();
  MakeRun(options);
  TrainedNetwork trained = LoadKeypointNetwork(run(), SmallSetting().body, at::kCPU);
  const Batch batch = SmallBatch(options);
  const std::vector<BodyParams> expected = trained.Predict(batch);
  const std::vector<BodyParams> bodies = PredictFromKeypoints(trained, batch.samples);
  ASSERT_EQ(bodies.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_LT((bodies[i].values() - expected[i].values()).norm(), 1e-6) << i;
  }
  EXPECT_TRUE(PredictFromKeypoints(trained, {}).empty());
}

// Frames of a track are a clip as far as they come together, as a loader brings it; a frame alone
// stands still.
TEST_F(PredictorTest, FramesOfATrackAreAClip) {
  PoseClip walk{"walk", RowMatX::Zero(7, 72), 30};
  walk.transl = Points3::Zero(7, 3);
  for (int t = 0; t < 7; ++t) {
    walk.transl(t, 2) = 0.1 * t;
    walk.poses(t, 3 * 16 + 2) = 0.2 * t;
  }
  WritePoseClips({walk}, folder_.path() / "walk.npz");
  TrainOptions options = SmallTraining();
  options.network.input = NetworkInput::kClip;
  options.network.lifter.channels = 8;
  options.network.lifter.widths = "3-3";
  options.data = "mocap:" + (folder_.path() / "walk.npz").string() + "?views=1&missing=0.2&noise=2";
  LoaderOptions loading = LoaderOptions::Evaluation(7, options.network.image_px);
  BringInput(options.network, &loading);
  loading.workers = 0;
  const SceneSources sources{SmallSetting().body, SmallSetting().prior};
  const Batch batch = Loader(OpenMixture(options.data, sources), loading).Next();
  ASSERT_EQ(batch.size(), 7);
  const auto learner = SmallLearner(options);
  TrainedNetwork trained{learner->network(), options, *learner->rest(), at::kCPU};
  const std::vector<BodyParams> expected = trained.Predict(batch);
  const std::vector<BodyParams> bodies = PredictFromKeypoints(trained, batch.samples);
  for (size_t i = 0; i < 7; ++i) {
    EXPECT_LT((bodies[i].pose() - expected[i].pose()).norm(), 1e-5) << i;
  }
  const std::vector<BodyParams> alone = PredictFromKeypoints(trained, {&batch.samples[3], 1});
  EXPECT_GT((alone[0].pose() - expected[3].pose()).norm(), 3e-4);
  Person still = batch.samples[3];
  still.track = -1;
  const std::vector<Person> people = {batch.samples[2], still, batch.samples[4]};
  EXPECT_LT((PredictFromKeypoints(trained, people)[1].pose() - alone[0].pose()).norm(), 1e-5);
}

TEST_F(PredictorTest, WhatCannotSayBodiesIsRefused) {
  MakeRun(SmallLifting());
  EXPECT_THAT(UserErrorOf([&] { LoadTrainedNetwork(run(), SmallSetting().body, at::kCPU); }),
              HasSubstr("head joints"));
  EXPECT_THAT(UserErrorOf([&] {
                LoadTrainedNetwork(folder_.path() / "nothing", SmallSetting().body, at::kCPU);
              }),
              HasSubstr("nothing"));
}

}  // namespace
}  // namespace gyre
