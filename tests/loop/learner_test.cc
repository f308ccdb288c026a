// SPDX-License-Identifier: Apache-2.0
#include "loop/training/learner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "loop/small_training.h"

namespace gyre {
namespace {

using ::testing::HasSubstr;

// Says what it was told to, and keeps what it was asked.
class RecordingTeacher : public Teacher {
 public:
  std::vector<Target> Step(std::span<const Person> samples, std::span<const BodyParams> predictions,
                           int64_t step, SupervisionStats* stats) override {
    asked.assign(predictions.begin(), predictions.end());
    at_step = step;
    stats->updated = 5;
    std::vector<Target> targets(samples.size());
    for (const size_t i : taught) targets[i] = {*samples[i].params, true, {}};
    return targets;
  }

  std::vector<size_t> taught;
  std::vector<BodyParams> asked;
  int64_t at_step = 0;
};

double RateOf(Learner& learner) {
  return static_cast<const torch::optim::AdamOptions&>(
             learner.optimizer().param_groups().front().options())
      .lr();
}

std::map<std::string, double> TermsOf(const StepReport& report) {
  return {report.terms.begin(), report.terms.end()};
}

StepReport StepOf(Learner& learner, const Batch& batch, int64_t step) {
  LabelTeacher teacher(/*use_labels=*/true);
  Ranks alone;
  return learner.Step(batch, step, teacher, alone);
}

TEST(Learner, AStepIsAFunctionOfSeedAndStep) {
  const TrainOptions o = SmallTraining();
  const Batch batch = SmallBatch(o);
  const auto first = SmallLearner(o), second = SmallLearner(o), third = SmallLearner(o);
  const StateDict before = WeightsOf(*first);
  ASSERT_EQ(Distance(WeightsOf(*second), before), 0);
  StepOf(*first, batch, 3);
  SeedTorch(99);  // what was drawn before does not count
  StepOf(*second, batch, 3);
  StepOf(*third, batch, 4);  // another draw of dropout
  EXPECT_EQ(Distance(WeightsOf(*first), WeightsOf(*second)), 0);
  EXPECT_GT(Distance(WeightsOf(*first), before), 1e-4);
  EXPECT_GT(Distance(WeightsOf(*first), WeightsOf(*third)), 1e-6);
  TrainOptions other = o;
  other.seed = 12;
  EXPECT_GT(Distance(WeightsOf(*SmallLearner(other)), before), 0.01);
}

TEST(Learner, LossIsTheWeightedSumOfItsTerms) {
  TrainOptions o = SmallTraining();
  o.loss.total = 7;
  o.loss.keypoints_2d = 2;
  o.loss.keypoints_3d = 3;
  o.loss.pose = 0.5;
  o.loss.betas = 0.25;
  o.loss.camera = 11;
  o.loss.vertices = 13;
  o.loss.vertices_after = 2;
  const Batch batch = SmallBatch(o);
  const auto learner = SmallLearner(o);
  const auto expect_sum = [&](const StepReport& report, double vertices) {
    const auto terms = TermsOf(report);
    EXPECT_EQ(terms.size(), vertices > 0 ? 6u : 5u);
    double sum = 2 * terms.at("keypoints_2d") + 3 * terms.at("keypoints_3d") +
                 0.5 * terms.at("pose") + 0.25 * terms.at("betas") + 11 * terms.at("camera");
    if (vertices > 0) sum += vertices * terms.at("vertices");
    EXPECT_NEAR(report.loss, 7 * sum, 1e-4 * report.loss);
    EXPECT_GT(terms.at("pose"), 0);
    EXPECT_GT(terms.at("keypoints_3d"), 0);
  };
  expect_sum(StepOf(*learner, batch, 1), 0);
  expect_sum(StepOf(*learner, batch, 2), 0);  // the vertices come after so many steps
  expect_sum(StepOf(*learner, batch, 3), 13);
}

TEST(Learner, RateFallsAsHalfACosine) {
  TrainOptions o = SmallTraining();
  o.steps = 8;
  o.learning_rate = 1e-3;
  o.learning_rate_end = 2e-4;
  const Batch batch = SmallBatch(o);
  const auto learner = SmallLearner(o);
  StepOf(*learner, batch, 1);
  EXPECT_NEAR(RateOf(*learner), 1e-3, 1e-12);
  StepOf(*learner, batch, 3);  // a quarter of the way: cos 45 degrees
  EXPECT_NEAR(RateOf(*learner), 2e-4 + 8e-4 * (1 + std::sqrt(0.5)) / 2, 1e-12);
  StepOf(*learner, batch, 5);
  EXPECT_NEAR(RateOf(*learner), 6e-4, 1e-12);
  o.learning_rate_end = 0;  // constant
  const auto constant = SmallLearner(o);
  StepOf(*constant, batch, 5);
  EXPECT_EQ(RateOf(*constant), 1e-3);
}

TEST(Learner, GradientsAreShortenedToTheClip) {
  TrainOptions o = SmallTraining();
  const Batch batch = SmallBatch(o);
  const auto norm_of_gradients = [&](double clip, double* reported) {
    o.gradient_clip = clip;
    const auto learner = SmallLearner(o);
    *reported = StepOf(*learner, batch, 1).gradient_norm;
    double sum = 0;
    for (const at::Tensor& parameter : learner->network()->parameters()) {
      sum += parameter.grad().square().sum().item<double>();
    }
    return std::sqrt(sum);
  };
  double whole = 0, clipped = 0;
  const double norm = norm_of_gradients(0, &whole);
  EXPECT_NEAR(norm, whole, 1e-4 * whole);
  EXPECT_NEAR(norm_of_gradients(whole / 3, &clipped), whole / 3, 1e-4 * whole);
  EXPECT_EQ(clipped, whole);  // the report says what it was
}

TEST(Learner, TheTeacherSeesTheNetworksBodiesAndIsBelieved) {
  TrainOptions o = SmallTraining();
  const Batch batch = SmallBatch(o);
  RecordingTeacher teacher;
  Ranks alone;
  const auto pose_loss = [&](std::vector<size_t> taught) {
    teacher.taught = std::move(taught);
    const StepReport report = SmallLearner(o)->Step(batch, 6, teacher, alone);
    EXPECT_EQ(report.supervision.updated, 5);
    return TermsOf(report).at("pose");
  };
  EXPECT_EQ(pose_loss({}), 0);
  EXPECT_EQ(teacher.at_step, 6);
  ASSERT_EQ(teacher.asked.size(), 3u);
  for (const BodyParams& body : teacher.asked) {
    EXPECT_TRUE(body.Fits(*SmallSetting().body->layout));
    // It starts near the mean: upright, a turn by pi about x.
    EXPECT_NEAR(std::abs(body.rotation(0).x()), 3.14, 0.3);
    EXPECT_GT(body.transl().z(), 0);
  }
  // Means over the people who are taught.
  const double second = pose_loss({1}), third = pose_loss({2});
  EXPECT_GT(std::abs(second - third), 1e-3);
  EXPECT_NEAR(pose_loss({1, 2}), (second + third) / 2, 1e-5);
}

TEST(Learner, WhatIsNotFiniteLeavesTheWeights) {
  TrainOptions o = SmallTraining();
  o.loss.total = 1e38;  // too much for single precision
  const Batch batch = SmallBatch(o);
  const auto learner = SmallLearner(o);
  const auto weights = [&] {
    std::vector<at::Tensor> all;
    for (const at::Tensor& p : learner->network()->parameters()) all.push_back(p.detach().clone());
    return all;
  };
  const std::vector<at::Tensor> before = weights();
  const StepReport report = StepOf(*learner, batch, 1);
  EXPECT_EQ(report.not_finite, "loss");
  EXPECT_EQ(report.gradient_norm, 0);
  const std::vector<at::Tensor> after = weights();
  for (size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(before[i].equal(after[i]));
  EXPECT_TRUE(learner->optimizer().state().empty());

  const auto broken = SmallLearner(SmallTraining());
  const at::NoGradGuard no_grad;
  broken->network()->named_parameters()["head.deccam.bias"].fill_(std::nan(""));
  const at::AutoGradMode with_grad(true);
  const StepReport named = StepOf(*broken, batch, 1);
  EXPECT_THAT(named.not_finite, HasSubstr("loss_camera"));
  EXPECT_THAT(named.not_finite, HasSubstr("the network's output for people "));
}

TEST(Learner, JointsAreLearnedWithoutABody) {
  TrainOptions o = SmallLifting();
  const Batch batch = SmallBatch(o);
  const auto learner = SmallLearner(o);
  EXPECT_FALSE(learner->rest().has_value());
  double first = 0, last = 0;
  for (int64_t step = 1; step <= 120; ++step) {
    const StepReport report = StepOf(*learner, batch, step);
    ASSERT_EQ(report.terms.size(), 1u);
    EXPECT_EQ(report.terms[0].first, "keypoints_3d");
    (step == 1 ? first : last) = report.terms[0].second;
    EXPECT_TRUE(report.not_finite.empty());
  }
  EXPECT_LT(last, first / 3);
  // Without labels there is nothing to learn.
  o.use_labels = false;
  EXPECT_EQ(StepOf(*SmallLearner(o), batch, 1).loss, 0);
}

// A nose is seen, and this body has none: wherever it is, nothing changes.
TEST(Learner, JointsThatTheBodyLacksTeachNothing) {
  const TrainOptions o = SmallTraining();
  BodyModel body = *SmallSetting().body;
  body.landmark_vertices[0] = -1;
  SeedTorch(o.seed);
  Learner learner(o, {std::make_shared<const BodyModel>(body), SmallSetting().prior}, at::kCPU);
  {
    const at::NoGradGuard no_grad;  // it says the same of all keypoints
    for (at::Tensor& weight : learner.network()->encoder().parameters()) weight.zero_();
  }
  Batch batch = SmallBatch(o);
  const auto losses_with = [&](std::initializer_list<std::string_view> names, double by) {
    Batch moved = batch;
    for (const std::string_view name : names) {
      const int in_crop = SpinJoints().IndexOf(name);
      moved.keypoints[1].confidence[in_crop] = 0.75;
      moved.keypoints[1].px.row(in_crop) = Eigen::RowVector2d(100 + 31 * by, 90 - 7 * by);
      SpaceJoints& joints = *moved.samples[1].joints3d;
      const int in_space = joints.set->IndexOf(name);
      if (in_space < 0) continue;
      joints.confidence[in_space] = 0.75;
      joints.m.row(in_space) = Eigen::RowVector3d(0.3 * by, 0.2, 5 - 0.1 * by);
    }
    LabelTeacher teacher(/*use_labels=*/true);
    std::map<std::string, double> terms;
    for (const auto& [name, value] :
         learner.LossesOf(moved, learner.Say(moved), 1, teacher, {}).terms) {
      terms[name] = value.item<double>();
    }
    return terms;
  };
  const auto nose = losses_with({"OP Nose", "Nose"}, 0);
  EXPECT_EQ(losses_with({"OP Nose", "Nose"}, 1), nose);
  EXPECT_GT(nose.at("keypoints_2d"), 0);
  const auto knee = losses_with({"OP LKnee", "Left Knee"}, 0),
             moved_knee = losses_with({"OP LKnee", "Left Knee"}, 1);
  EXPECT_GT(std::abs(knee.at("keypoints_2d") - moved_knee.at("keypoints_2d")), 1e-4);
  EXPECT_GT(std::abs(knee.at("keypoints_3d") - moved_knee.at("keypoints_3d")), 1e-4);
}

TEST(Learner, EvaluationChangesNothing) {
  const TrainOptions o = SmallTraining();
  const Batch batch = SmallBatch(o);
  const auto learner = SmallLearner(o);
  const StateDict before = WeightsOf(*learner);
  LabelTeacher teacher(/*use_labels=*/true);
  const double once =
      learner->LossesOf(batch, learner->Say(batch), 1, teacher, {}).total.item<double>();
  const double again =
      learner->LossesOf(batch, learner->Say(batch), 1, teacher, {}).total.item<double>();
  EXPECT_EQ(once, again);  // no dropout
  EXPECT_EQ(Distance(WeightsOf(*learner), before), 0);
  const std::vector<BodyParams> bodies = learner->Predict(batch);
  ASSERT_EQ(bodies.size(), 3u);
  EXPECT_GT((bodies[0].values() - bodies[1].values()).norm(), 1e-3);
}

}  // namespace
}  // namespace gyre
