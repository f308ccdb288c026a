// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <vector>

#include "core/rng.h"
#include "fitting/sequence_fitter.h"
#include "fitting/test_problems.h"

namespace gyre {
namespace {

// One person in many poses, seen with noise: two frames tell little of the shape, twenty most of
// it.
TEST(SequenceShapeTest, ThePriorCountsOnceForAllFrames) {
  const auto fitter = std::make_shared<Fitter>(MakeStickBody(), MakeStickPrior(), FitOptions());
  const SequenceFitter sequence_fitter(fitter, {});
  constexpr double kTaller = -1.9, kBroader = 2.3;  // of the stick body's second and third shape
  std::vector<FitProblem> frames;
  for (uint64_t seed = 31; seed < 31 + 20; ++seed) {
    const TrueProblem made = MakeTrueProblem(*fitter, seed);
    BodyParams truth = made.truth;
    truth.betas().setZero();
    truth.betas()[1] = kTaller;
    truth.betas()[2] = kBroader;
    FitProblem& frame = frames.emplace_back(made.problem);
    const Points3 joints = fitter->Joints(truth);
    Rng rng(seed, RngStream::kNoise);
    for (int i = 0; i < kNumSpinJoints; ++i) {
      const Vec2 noise(rng.Normal(0, 1.5), rng.Normal(0, 1.5));
      const Vec2 px = frame.camera.Project(joints.row(i).transpose()) + noise;
      frame.keypoints_px.row(i) = px.transpose();
    }
    frame.has_start = frame.start_has_translation = false;
  }
  // What a picture tells of proportions is how much taller less how much broader they are.
  const auto found = [&](size_t count) {
    const VecX shape = sequence_fitter.FitShape(std::span(frames).first(count), 1).shape;
    return (shape[2] - shape[1]) / (kBroader - kTaller);
  };
  const double of_two = found(2), of_twenty = found(20);
  RecordProperty("of_two_percent", static_cast<int>(100 * of_two));
  RecordProperty("of_twenty_percent", static_cast<int>(100 * of_twenty));
  EXPECT_LT(of_two, 0.35);
  EXPECT_GT(of_twenty, 0.6);
  EXPECT_LT(of_twenty, 1.1);
}

}  // namespace
}  // namespace gyre
