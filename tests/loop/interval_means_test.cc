// SPDX-License-Identifier: Apache-2.0
#include "loop/training/interval_means.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "loop/free_port.h"
#include "loop/training/loss_validation.h"
#include "loop/small_training.h"

namespace gyre {
namespace {

TEST(IntervalMeans, AreOfWhatWasAddedSinceTheLast) {
  IntervalMeans means;
  const Ranks alone;
  for (const double value : {2.0, 3.0, 7.0}) means.Add("loss", value);
  means.Add("seconds_fit", 0.5);
  means.Add("seconds_fit", 0.25);
  means.Add("fit_reprojection_px", std::nan(""));
  means.Add("fit_reprojection_px", 9);
  means.Add("never", std::nan(""));
  const nlohmann::json json = means.Take(alone);
  EXPECT_EQ(json, (nlohmann::json{
                      {"loss", 4.0}, {"seconds_fit", 0.375}, {"fit_reprojection_px", 9.0}}));
  EXPECT_TRUE(means.Take(alone).empty());
}

// Runs `work` on three ranks of this process.
template <typename Work>
void OnThreeRanks(const Work& work) {
  const int port = FreePort();
  std::vector<std::thread> threads;
  for (int rank = 0; rank < 3; ++rank) {
    threads.emplace_back([&work, rank, port] {
      RankEnvironment environment;
      environment.rank = rank;
      environment.count = 3;
      environment.master_host = "127.0.0.1";
      environment.master_port = port;
      Ranks ranks(environment, std::chrono::seconds(30), std::chrono::seconds(30));
      work(rank, ranks);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(IntervalMeans, AreOverAllRanksButForTimes) {
  OnThreeRanks([](int rank, const Ranks& ranks) {
    IntervalMeans means;
    for (int i = 0; i <= rank; ++i) means.Add("loss", 10 * rank + i);  // 0; 10, 11; 20, 21, 22
    means.Add("seconds_step", 1 + rank);
    means.Add("px", rank == 1 ? 5 : std::nan(""));
    const nlohmann::json json = means.Take(ranks);
    EXPECT_NEAR(json["loss"].get<double>(), 84.0 / 6, 1e-12);
    EXPECT_EQ(json["seconds_step"], 1 + rank);
    EXPECT_EQ(json["px"], 5);
  });
}

// The whole of a set on one rank, and a part of it on each of three: the same means.
TEST(LossValidation, IsOverAllRanksSamples) {
  TrainOptions o = SmallLifting();
  o.val = "synth:?name=heldout&count=7&seed=6&joints=all";
  // Of the same weights; made one after the other, since Torch draws from one generator.
  std::vector<std::unique_ptr<Learner>> learners;
  for (int i = 0; i < 3; ++i) learners.push_back(SmallLearner(o));
  const auto run = [&](int rank, Ranks& ranks, int batch_size) {
    LoaderOptions loading = LoaderOptions::Evaluation(batch_size, 224);
    loading.picture = LoaderPicture::kNone;
    loading.data_shards = {ranks.count(), ranks.count(), rank};
    const LossValidation validation(OpenMixture(o.val, {SmallSetting().body, SmallSetting().prior}),
                                    loading);
    return validation.Run(*learners[rank], 1, &ranks);
  };
  Ranks alone;
  const nlohmann::json whole = run(0, alone, 7), in_parts = run(0, alone, 3);
  EXPECT_EQ(whole["val_samples"], 7);
  // Without labels there would be nothing; each sample's term is the mean over its 24 joints.
  EXPECT_GT(whole["val_loss_keypoints_3d"], 0.01);
  EXPECT_NEAR(whole["val_loss"].get<double>(),
              300 * whole["val_loss_keypoints_3d"].get<double>(), 1e-4);
  EXPECT_NEAR(in_parts["val_loss"].get<double>(), whole["val_loss"].get<double>(), 1e-4);
  EXPECT_EQ(whole.size(), 3u + 5u);  // and the errors of joints of one frame
  OnThreeRanks([&](int rank, Ranks& ranks) {
    const nlohmann::json json = run(rank, ranks, 6);
    EXPECT_EQ(json["val_samples"], 7);
    EXPECT_NEAR(json["val_loss"].get<double>(), whole["val_loss"].get<double>(), 1e-4);
    EXPECT_EQ(json.contains("val_network_mpjpe_mm"), rank == 0);
    if (rank > 0) return;
    EXPECT_NEAR(json["val_network_mpjpe_mm"].get<double>(),
                whole["val_network_mpjpe_mm"].get<double>(), 0.01);
  });
}

}  // namespace
}  // namespace gyre
