// SPDX-License-Identifier: Apache-2.0
#include "loop/starts/start_training.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace gyre {
namespace {

StartPeople People(uint64_t seed) {
  StartPeopleOptions options;
  options.seed = seed;
  options.mocap_share = 0;
  return StartPeople({std::make_shared<const BodyModel>(MakeBuiltinBody())}, {}, LoadPosePrior(),
                     options, DetectorErrors());
}

StartTrainingOptions Short() {
  StartTrainingOptions options;
  options.neurons = 24;
  options.blocks = 1;
  options.steps = 400;
  options.batch_size = 16;
  options.check_every = 160;
  options.check_people = 150;
  return options;
}

TEST(StartTrainingTest, LearnsAndIsWhatItReports) {
  const StartPeople people = People(3), others = People(4);
  std::vector<StartTrainingReport> reports;
  std::string last;
  const StartNetwork network = TrainStartNetwork(
      people, others, Short(), "a test", [&](const StartTrainingReport& report, const auto& now) {
        reports.push_back(report);
        last = now.fingerprint();
      });
  ASSERT_EQ(reports.size(), 3);
  EXPECT_EQ(reports[0].step, 160);
  EXPECT_EQ(reports[2].step, 400);
  EXPECT_LT(reports[2].mpjpe_mm, reports[0].mpjpe_mm - 10);
  EXPECT_LT(reports[2].loss, reports[0].loss);
  EXPECT_EQ(network.fingerprint(), last);
  EXPECT_EQ(network.source(), "a test");
  EXPECT_EQ(network.keypoints(), StartPeople::Keypoints());

  // What is written, with batch norm folded in, errs as the network that was measured.
  double sum = 0;
  for (int64_t i = 0; i < 150; ++i) {
    const StartPerson person = others.Make(i);
    const std::vector<Mat3> said = network.Rotations(person.input);
    Points3 at = Points3::Zero(24, 3), truth = at;
    std::vector<Mat3> world(24, Mat3::Identity()), true_world = world;
    for (int k = 0; k < 24; ++k) {
      const int parent = SmplLayout().parents[k];
      const Mat3 turn = k < 22 ? said[k] : Mat3::Identity();
      const Mat3 true_turn = k < 22 ? person.rotations[k] : Mat3::Identity();
      world[k] = parent < 0 ? turn : Mat3(world[parent] * turn);
      true_world[k] = parent < 0 ? true_turn : Mat3(true_world[parent] * true_turn);
      if (parent < 0) continue;
      const Vec3 offset = person.offsets.row(k).transpose();
      at.row(k) = at.row(parent) + (world[parent] * offset).transpose();
      truth.row(k) = truth.row(parent) + (true_world[parent] * offset).transpose();
      sum += (at.row(k) - truth.row(k)).norm();
    }
  }
  EXPECT_NEAR(1e3 * sum / (150 * 23), reports[2].mpjpe_mm, 0.05);
}

TEST(StartTrainingTest, TheSameSeedTeachesTheSameNetwork) {
  const StartPeople people = People(3);
  StartTrainingOptions options = Short();
  options.steps = 4;
  options.check_people = 2;
  const auto train = [&] {
    return TrainStartNetwork(people, people, options, "", [](const auto&, const auto&) {})
        .fingerprint();
  };
  const std::string once = train();
  EXPECT_EQ(train(), once);
  options.threads = 2;
  EXPECT_EQ(train(), once);
  options.seed = 9;
  EXPECT_NE(train(), once);
}

TEST(StartTrainingTest, OptionsAreChecked) {
  StartTrainingOptions options;
  options.batch_size = 1;
  EXPECT_THROW(options.Check(), UserError);
  options = {};
  options.place_weight = -1;
  EXPECT_THROW(options.Check(), UserError);
  options = {};
  options.learning_rate_end = 1;
  EXPECT_THROW(options.Check(), UserError);
}

}  // namespace
}  // namespace gyre
