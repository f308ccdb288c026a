// SPDX-License-Identifier: Apache-2.0
#include "loop/training/predictor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
