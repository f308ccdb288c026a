// SPDX-License-Identifier: Apache-2.0
// Networks that find joints in the picture, pose2pose and c2f, as learners and as runs.
#include <gtest/gtest.h>

#include <map>

#include "loop/small_training.h"

namespace gyre {
namespace {

// A preset at 64 px, narrow, on seven made-up people of whom everything is known.
TrainOptions Narrow(const std::string& preset) {
  TrainOptions o = TrainOptions::Preset(preset);
  const TrainOptions small = SmallTraining();
  o.data = "synth:?name=people&count=7&seed=5&frame=96&noise=1&occluders=0";
  o.supervision = Supervision::kTruth;
  o.network.image_px = 64;
  o.network.width = 8;
  o.network.sampled_channels = 16;
  if (preset == "pose2pose") o.network.backbone = Backbone::kResNet18;
  if (preset == "c2f") o.network.volume_depths = "1-2-16";
  o.augment = AugmentOptions::None();
  o.batch_size = 4;
  o.learning_rate = 2e-3;
  o.data_shards = 1;
  o.threads = o.fit_threads = 1;
  o.loader_threads = 0;
  o.seed = 11;
  return o;
}

StepReport LearnFrom(Learner& learner, const Batch& batch, int64_t step) {
  LabelTeacher teacher(/*use_labels=*/true);
  Ranks alone;
  return learner.Step(batch, step, teacher, alone);
}

class SeenJoints : public ::testing::TestWithParam<const char*> {};

// Every loss that a preset weighs is there, and falls where one batch is all there is to learn.
TEST_P(SeenJoints, LearnWhatTheirPresetsWeigh) {
  const TrainOptions o = Narrow(GetParam());
  const Batch batch = SmallBatch(o);
  const auto learner = SmallLearner(o);
  std::map<std::string, double> first, last;
  for (int64_t step = 1; step <= 60; ++step) {
    const StepReport report = LearnFrom(*learner, batch, step);
    ASSERT_EQ(report.not_finite, "");
    last = {report.terms.begin(), report.terms.end()};
    if (step == 1) first = last;
  }
  for (const LossKind& kind : LossKinds()) {
    const std::string name = kind.name;
    if (!first.contains(name) || o.loss.*kind.weight == 0 || name == "camera") continue;
    EXPECT_LT(last[name], 0.9 * first[name]) << name;
  }
  EXPECT_TRUE(first.contains("uvd"));
  EXPECT_EQ(first.contains("volumes"), std::string(GetParam()) == "c2f");
}

INSTANTIATE_TEST_SUITE_P(Presets, SeenJoints, testing::Values("pose2pose", "c2f"));

}  // namespace
}  // namespace gyre
