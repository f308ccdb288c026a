// SPDX-License-Identifier: Apache-2.0
#include "loop/evaluation/body_errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "body/test_body.h"
#include "evaluation/known_people.h"
#include "loop/evaluation/sample_evaluation.h"

namespace gyre {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

class BodyErrorsTest : public testing::Test {
 protected:
  static BodyParams Body(uint64_t seed) {
    Rng rng(seed, RngStream::kTest);
    BodyParams params = RandomParams(rng, 0.3, 0.7, 0.1);
    params.transl().z() += 6.5;
    return params;
  }
  // PA-MPJPE of one body against another.
  double ErrorBetween(const BodyParams& truth, const BodyParams& guess) const {
    Person sample = Stranger();
    sample.params = truth;
    const KnownPeople people({sample});
    SampleEvaluation evaluation(FindProtocol("synthetic"), evaluation_body_);
    evaluation.Add(people, people.Get(0), guess);
    return evaluation.Result().Get("pa_mpjpe_mm").value;
  }

  const BodyModel body_ = MakeRandomBody(1);
  const EvaluationBody evaluation_body_{body_};
  const Camera camera_{811.5, {70.25, 31.75}};
};

TEST_F(BodyErrorsTest, ASamplesErrorIsInSpaceWhereThereIsTruth) {
  Person sample = Stranger();
  sample.camera = camera_;
  const BodyParams guess = Body(7);
  sample.keypoints.px = PixelsOf(body_, guess, camera_).rowwise() + Eigen::RowVector2d(-6, 8);
  sample.keypoints.confidence.setConstant(0.5);
  const KnownPeople people({sample});
  EXPECT_NEAR(SampleError(people, people.Get(0), guess, evaluation_body_), 10.0 / 137, 1e-9);
  sample.params = Body(8);
  const double error = ErrorBetween(Body(8), guess);
  EXPECT_GT(error, 1);
  EXPECT_EQ(SampleError(people, sample, guess, evaluation_body_), error);
  EXPECT_TRUE(std::ranges::count(SyntheticJoints().metrics, MetricKind::kPve) == 0);
  EXPECT_EQ(SyntheticJoints().metrics.size(), FindProtocol("synthetic").metrics.size() - 1);
}

// Held-out joints stand (3, 4) and (-5, 12) px from the body, as shares of 20.5 px.
Person HeldOut(const BodyModel& body, const BodyParams& params, const Camera& camera) {
  Person sample = Stranger();
  sample.camera = camera;
  sample.keypoints.px = PixelsOf(body, params, camera);
  const int knee = SpinJoints().IndexOf("Left Knee"), wrist = SpinJoints().IndexOf("OP RWrist");
  sample.keypoints.px.row(knee) += Eigen::RowVector2d(3, 4);
  sample.keypoints.px.row(wrist) += Eigen::RowVector2d(-5, 12);
  sample.held_out = {wrist, knee};
  sample.held_out_unit_px = 20.5;
  return sample;
}

TEST_F(BodyErrorsTest, HeldOutKeypointsAreMeasuredInTheImage) {
  const Person sample = HeldOut(body_, Body(7), camera_);
  Meter errors;
  AddHeldOutErrors(sample, Body(7), evaluation_body_, &errors);
  AddHeldOutErrors(Stranger(), Body(7), evaluation_body_, &errors);
  EXPECT_THAT(errors.values(),
              ElementsAre(DoubleNear(13 / 20.5, 1e-9), DoubleNear(5 / 20.5, 1e-9)));
}

// Of six people the second and the last have no truth, the fourth has no body; two ranks share
// them.
TEST_F(BodyErrorsTest, AreOfTheRanksOwnSamplesThatHaveABody) {
  std::vector<Person> samples;
  for (int i = 0; i < 6; ++i) {
    samples.push_back(i % 3 == 1 ? HeldOut(body_, Body(20 + i), camera_) : Stranger());
    if (i != 1 && i != 5) samples.back().params = Body(10 + i);
  }
  const KnownPeople people(samples);
  const auto body_of = [](const Person& sample) -> std::optional<BodyParams> {
    const auto position = static_cast<uint64_t>((sample.index - 10) / 3);
    return position == 3 ? std::nullopt : std::optional(Body(20 + position));
  };
  const auto error = [&](uint64_t i) { return ErrorBetween(Body(10 + i), Body(20 + i)); };
  EXPECT_THAT(TruthErrors(people, body_of, evaluation_body_).values(),
              ElementsAre(DoubleNear(error(0), 1e-9), DoubleNear(error(2), 1e-9),
                          DoubleNear(error(4), 1e-9)));
  EXPECT_EQ(TruthErrors(people, body_of, evaluation_body_, {4, 2, 0}).count(), 3);
  EXPECT_EQ(TruthErrors(people, body_of, evaluation_body_, {4, 2, 1}).count(), 0);
  EXPECT_EQ(HeldOutErrors(people, body_of, evaluation_body_).count(), 4);
  EXPECT_THAT(HeldOutErrors(people, body_of, evaluation_body_, {4, 2, 1}).values(),
              ElementsAre(DoubleNear(13 / 20.5, 1e-9), DoubleNear(5 / 20.5, 1e-9)));
}

}  // namespace
}  // namespace gyre
