// SPDX-License-Identifier: Apache-2.0
// Preset photo in the trainer, with a made-up detector.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "loop/small_training.h"
#include "loop/training/predictor.h"
#include "loop/training_fixture.h"
#include "regressor/tiny_detector.h"

namespace gyre {
namespace {

using testing::HasSubstr;

class PhotoTraining : public TrainingTest {
 protected:
  static TrainOptions Small() {
    TrainOptions o = Shortened(TrainOptions::Preset("photo"));
    o.network.backbone = Backbone::kBlazePoseLite;
    o.data = "synth:?name=people&count=7&seed=5&frame=96";
    o.val = "synth:?name=val&count=3&seed=6&frame=96";
    o.use_labels = false;
    o.learning_rate_end = 0;  // or the rate would depend on how many steps there are
    o.seed = 11;
    return o;
  }
  // Weights as drawn, and a detector, in a file.
  std::string Start() const {
    SeedTorch(7);
    Network network(Small().network, SmallSetting());
    GiveDetector(*network, {{.score = 0.9, .hips = {0.5, 0.55}, .circle = {0.6, 0.2}}});
    const auto path = folder_.path() / "start.pt";
    WriteTorchFile(path, GetState(*network, network->names()));
    return path.string();
  }
};

TEST_F(PhotoTraining, LearnsInTheLoopAndResumesToTheSame) {
  TrainOptions o = Small();
  o.init = Start();
  EXPECT_TRUE(Train(o, "straight"));
  const auto lines = Metrics("straight");
  ASSERT_EQ(lines.size(), 5u);
  for (const char* term : {"loss_pose", "loss_betas", "loss_keypoints_2d"}) {
    EXPECT_GT(lines[1][term], 0) << term;
  }
  EXPECT_GT(lines[4]["val_network_pa_mpjpe_mm"], 0);
  TrainOptions half = o;
  half.steps = 2;
  EXPECT_TRUE(Train(half, "halves"));
  EXPECT_TRUE(Train(o, "halves", /*resume=*/true));
  EXPECT_TRUE(Weights("halves", "000004") == Weights("straight", "000004"));

  // What finds the body stays as it was; what looks at it, at its landmarks and besides, learns.
  const StateDict first = ReadTorchFile(Start()).AsStateDict("start");
  const StateDict last = ReadTorchFile(Run("straight") / "checkpoints/000004/network.pt")
                             .At("model", "run")
                             .AsStateDict("run");
  const auto changed = [&](const std::string& begin) {
    bool any = false;
    for (const auto& [name, value] : first) {
      any = any || (name.starts_with(begin) && !value.equal(last.at(name)));
    }
    return any;
  };
  EXPECT_FALSE(changed("finder."));
  EXPECT_TRUE(changed("trunk."));
  EXPECT_TRUE(changed("pose."));
  EXPECT_TRUE(changed("seen."));
  EXPECT_TRUE(changed("fc1."));
}

// Adam's first step is the rate, whatever the gradient.
TEST_F(PhotoTraining, WhatWasTaughtLearnsMoreSlowlyOrNotAtAll) {
  TrainOptions o = Small();
  o.init = Start();
  o.val = "";
  o.steps = o.checkpoint_every = 1;
  o.learning_rate = 1e-3;
  const StateDict first = ReadTorchFile(o.init).AsStateDict("start");
  const auto largest_change = [&](const std::string& name, const std::string& begin) {
    const StateDict last = ReadTorchFile(Run(name) / "checkpoints/000001/network.pt")
                               .At("model", "run")
                               .AsStateDict("run");
    double largest = 0;
    for (const auto& [key, value] : first) {
      if (!key.starts_with(begin)) continue;
      largest = std::max(largest, (value - last.at(key)).abs().max().item<double>());
    }
    return largest;
  };
  o.taught_rate = 0.25;
  ASSERT_TRUE(Train(o, "slow"));
  EXPECT_NEAR(largest_change("slow", "fc1."), 1e-3, 1e-5);
  EXPECT_NEAR(largest_change("slow", "trunk."), 0.25e-3, 1e-5);
  o.taught_rate = 0;
  ASSERT_TRUE(Train(o, "still"));
  EXPECT_NEAR(largest_change("still", "fc1."), 1e-3, 1e-5);
  EXPECT_EQ(largest_change("still", "trunk."), 0);
}

TEST_F(PhotoTraining, StartsFromAPosePriorOfItsLandmarks) {
  TrainOptions prior = SmallTraining();
  prior.network.keypoints = "halpe26";
  prior.network.ief_activation = IefActivation::kRelu;
  prior.data += "&set=halpe26";
  ASSERT_TRUE(Train(prior, "prior"));
  Network network(Small().network, SmallSetting());
  LoadInitialWeights(Start() + "," + Run("prior").string(), network);
  const StateDict state = GetState(*network, network->names());
  const StateDict learned = ReadTorchFile(Run("prior") / "checkpoints/000004/network.pt")
                                .At("model", "run")
                                .AsStateDict("run");
  EXPECT_TRUE(state.at("pose.enter.linear.weight").equal(learned.at("enter.linear.weight")));
  EXPECT_TRUE(state.at("fc1.weight").equal(learned.at("fc1.weight")));
  EXPECT_TRUE(state.at("init_cam").equal(learned.at("init_cam")));
}

TEST_F(PhotoTraining, WithoutADetectorOneSentenceSaysWhereItIsFrom) {
  TrainOptions o = Small();
  const auto empty = folder_.path() / "empty";
  std::filesystem::create_directory(empty);
  setenv("GYRE_DETECTOR", empty.c_str(), 1);
  EXPECT_THAT(UserErrorOf([&] { Train(o, "run"); }), HasSubstr("tools/get_detector"));
  unsetenv("GYRE_DETECTOR");
  // A folder that is meant for it, and is not whole.
  WriteFileAtomically(empty / "pose_landmark_lite.tflite", "no network");
  o.init = empty.string();
  EXPECT_THAT(UserErrorOf([&] { Train(o, "damaged"); }), HasSubstr("pose_landmark_lite.tflite"));
  o.init = "detector";
  o.network.backbone = Backbone::kResNet18;
  EXPECT_THAT(UserErrorOf([&] { Train(o, "other"); }),
              HasSubstr("init = detector is for networks of pictures"));
}

}  // namespace
}  // namespace gyre
