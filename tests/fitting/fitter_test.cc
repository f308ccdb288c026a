// SPDX-License-Identifier: Apache-2.0
#include "fitting/fitter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "body/kinematics.h"
#include "core/error.h"
#include "core/so3.h"
#include "fitting/cold_start.h"
#include "fitting/fit_checks.h"
#include "fitting/hypotheses.h"
#include "fitting/terms/angle_prior.h"
#include "fitting/test_problems.h"

namespace gyre {
namespace {

double MeanJointDistance(const Fitter& fitter, const BodyParams& a, const BodyParams& b) {
  return (fitter.Joints(a) - fitter.Joints(b)).rowwise().norm().mean();
}

FitProblem DisturbedProblem(const Fitter& fitter, uint64_t seed) {
  const TrueProblem made = MakeTrueProblem(fitter, seed);
  FitProblem problem = made.problem;
  problem.start = Disturbed(made.truth, 0.1, seed);
  return problem;
}

class FitterTest : public testing::Test {
 protected:
  Fitter Make(FitOptions options = {}) { return Fitter(body_, prior_, std::move(options)); }
  // Keypoints alone count.
  static FitOptions Loose() {
    FitOptions options;
    options.pose_prior_weight = 1e-2;
    options.angle_prior_weight = 0;
    options.shape_prior_weight = 1e-2;
    options.body_depth_anchor = 0;
    options.function_tolerance = 1e-12;
    options.body_max_iterations = 300;
    return options;
  }

  std::shared_ptr<const BodyModel> body_ = MakeStickBody();
  std::shared_ptr<const PosePrior> prior_ = MakeStickPrior();
};

// Confidences are fractions, and a joint without any does not count: the error's share of the 224 px
// box is by hand.
TEST(FitChecks, WeighErrorsByConfidence) {
  FitProblem problem;
  problem.pixel_scale = 0.5;
  problem.confidence.setZero();
  problem.confidence[3] = 0.5;
  problem.confidence[7] = 0.25;
  FitSummary summary;
  summary.usable = true;
  summary.per_joint_error_px = VecX::Constant(problem.confidence.size(), std::nan(""));
  summary.per_joint_error_px[3] = 40;
  summary.per_joint_error_px[7] = 200;
  // (0.25 * 40 + 0.0625 * 200) / 0.3125 = 72 px of the image, 36 of the crop: 16.07 %.
  FitOptions options;
  options.max_error_share = 0.161;
  CheckError(problem, options, &summary);
  EXPECT_TRUE(summary.usable);
  options.max_error_share = 0.160;
  CheckError(problem, options, &summary);
  EXPECT_FALSE(summary.usable);
  EXPECT_EQ(summary.reason, FitReason::kLargeError);
  EXPECT_NE(summary.reason_text.find("16 % of the person's size"), std::string::npos);
  summary = {};
  summary.usable = true;
  summary.per_joint_error_px = VecX::Constant(problem.confidence.size(), 1e4);
  options.max_error_share = 0;  // none is too large
  CheckError(problem, options, &summary);
  EXPECT_TRUE(summary.usable);
}

TEST_F(FitterTest, ExplainsExactKeypoints) {
  const Fitter fitter = Make(Loose());
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const FitResult result = fitter.Fit(DisturbedProblem(fitter, seed));
    ASSERT_TRUE(result.summary.usable) << result.summary.reason_text;
    EXPECT_LT(result.summary.score.reprojection_px, 0.2) << seed;
  }
}

TEST_F(FitterTest, ComesNearerToTheTruth) {
  const Fitter fitter = Make();
  double before = 0, after = 0;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const TrueProblem made = MakeTrueProblem(fitter, seed);
    const FitProblem problem = DisturbedProblem(fitter, seed);
    const FitResult result = fitter.Fit(problem);
    before += MeanJointDistance(fitter, problem.start, made.truth);
    after += MeanJointDistance(fitter, result.params, made.truth);
  }
  EXPECT_LT(after, 0.5 * before);
}

TEST_F(FitterTest, NeverEndsWorseThanItsStart) {
  for (const FitOptions& options : {FitOptions::Default(), FitOptions::Spin()}) {
    const Fitter fitter = Make(options);
    for (uint64_t seed = 0; seed < 20; ++seed) {
      FitProblem problem = DisturbedProblem(fitter, seed);
      if (seed % 2 == 0) problem.start = MakeTrueProblem(fitter, seed).truth;
      Rng rng(seed, RngStream::kNoise, 7);
      for (int i = 0; i < kNumSpinJoints; ++i) {  // gross errors and missing joints
        if (rng.Bernoulli(0.3)) problem.keypoints_px.row(i).array() += rng.Normal(0, 100);
        if (rng.Bernoulli(0.2)) problem.confidence[i] = 0;
      }
      const FitResult result = fitter.Fit(problem);
      ASSERT_TRUE(result.summary.usable) << result.summary.reason_text;
      const double before = fitter.Evaluate(problem, problem.start).BodyTotal();
      EXPECT_LE(fitter.Evaluate(problem, result.params).BodyTotal(), before * (1 + 1e-9));
    }
  }
}

TEST_F(FitterTest, ThreadsDontChangeAByte) {
  const Fitter fitter = Make();
  std::vector<FitProblem> problems;
  for (uint64_t seed = 0; seed < 8; ++seed) problems.push_back(DisturbedProblem(fitter, seed));
  const auto one = fitter.FitAll(problems, 1), three = fitter.FitAll(problems, 3);
  for (size_t i = 0; i < problems.size(); ++i) {
    EXPECT_EQ(one[i].params.pose(), three[i].params.pose());
    EXPECT_EQ(one[i].params.betas(), three[i].params.betas());
    EXPECT_EQ(one[i].params.transl(), three[i].params.transl());
  }
}

TEST_F(FitterTest, RefusesWithReason) {
  const Fitter fitter = Make();
  const FitProblem good = MakeTrueProblem(fitter, 1).problem;
  const auto reason = [&](const FitProblem& problem) {
    const FitResult result = fitter.Fit(problem);
    EXPECT_FALSE(result.summary.usable);
    EXPECT_FALSE(result.summary.reason_text.empty());
    return result.summary.reason;
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  FitProblem problem = good;
  problem.keypoints_px(30, 1) = nan;
  EXPECT_EQ(reason(problem), FitReason::kNonFiniteInput);
  problem = good;
  problem.keypoints_px(30, 0) = 1e9;
  EXPECT_EQ(reason(problem), FitReason::kNonFiniteInput);
  problem = good;
  problem.start.pose()[5] = nan;
  EXPECT_EQ(reason(problem), FitReason::kNonFiniteInput);
  problem = good;
  problem.camera.focal_px = 0;
  EXPECT_EQ(reason(problem), FitReason::kBadCamera);
  problem = good;
  problem.confidence.setZero();
  EXPECT_EQ(reason(problem), FitReason::kTooFewJoints);
  problem = good;
  problem.keypoints_px.rowwise() = Eigen::RowVector2d(5, 5);  // all in one point
  problem.has_start = problem.start_has_translation = false;
  EXPECT_EQ(reason(problem), FitReason::kNotPlaceable);
  problem = good;
  problem.start.transl().z() = -5;  // behind the camera
  EXPECT_EQ(reason(problem), FitReason::kSolverFailed);
  problem = good;
  problem.confidence.resize(3);
  EXPECT_EQ(reason(problem), FitReason::kNonFiniteInput);
  problem = good;
  problem.keypoints_px /= 1000;  // to shares of a picture of 1000 px
  EXPECT_EQ(reason(problem), FitReason::kNotPixels);
  EXPECT_NE(fitter.Fit(problem).summary.reason_text.find("keypoint_scale"), std::string::npos);
  problem = good;
  problem.camera.focal_px = 35;  // of a person of 560 px: 2 atan(8) = 166 degrees
  problem.pixel_scale = 0.4;
  EXPECT_EQ(reason(problem), FitReason::kBadCamera);
  EXPECT_NE(fitter.Fit(problem).summary.reason_text.find("mm"), std::string::npos);
}

// Another joint order: every keypoint a body's size from where its joint is.
TEST_F(FitterTest, OfOtherKeypointsIsNotUsable) {
  FitOptions strict;
  strict.max_error_share = kMaxErrorShare;
  const Fitter fitter = Make(strict);
  FitProblem problem = MakeTrueProblem(fitter, 1).problem;
  EXPECT_TRUE(fitter.Fit(problem).summary.usable);
  problem.keypoints_px = problem.keypoints_px.colwise().reverse().eval();
  const FitResult result = fitter.Fit(problem);
  EXPECT_FALSE(result.summary.usable);
  EXPECT_EQ(result.summary.reason, FitReason::kLargeError);
  EXPECT_TRUE(Make().Fit(problem).summary.usable);
}

TEST_F(FitterTest, UnobservedKeypointsMeanNothing) {
  const Fitter fitter = Make();
  FitProblem problem = DisturbedProblem(fitter, 3);
  problem.confidence[4] = 0;
  const FitResult expected = fitter.Fit(problem);
  problem.keypoints_px.row(4).setConstant(std::numeric_limits<double>::quiet_NaN());
  const FitResult result = fitter.Fit(problem);
  EXPECT_EQ(result.params.pose(), expected.params.pose());
  EXPECT_TRUE(std::isnan(result.summary.per_joint_error_px[4]));
}

TEST_F(FitterTest, ResolutionOfThePictureDoesNotMatter) {
  const Fitter fitter = Make();
  const FitProblem problem = DisturbedProblem(fitter, 2);
  FitProblem large = problem;
  large.keypoints_px *= 3;
  large.camera = {3 * problem.camera.focal_px, 3 * problem.camera.center_px};
  large.pixel_scale = problem.pixel_scale / 3;
  const FitResult a = fitter.Fit(problem), b = fitter.Fit(large);
  EXPECT_LT((a.params.pose() - b.params.pose()).norm(), 1e-6);
  EXPECT_NEAR(a.summary.score.score_px2, b.summary.score.score_px2, 1e-6);
  EXPECT_NEAR(3 * a.summary.score.reprojection_px, b.summary.score.reprojection_px, 1e-6);
}

TEST_F(FitterTest, ColdStartFindsPeopleInAnyDirection) {
  FitOptions mean;
  mean.cold_start = ColdStart::kMean;
  const Fitter fitter = Make(mean);
  for (double angle : {0.0, 1.5, std::numbers::pi, -2.0}) {
    for (bool turned : {false, true}) {
      TrueProblem made = MakeTrueProblem(fitter, 4);
      made.truth.rotation(0) = LogSO3(ExpSO3({0, 0, angle}) * ExpSO3({std::numbers::pi, 0, 0}) *
                                      ExpSO3({0, turned ? std::numbers::pi : 0.2, 0}));
      const Points3 joints = fitter.Joints(made.truth);
      for (int i = 0; i < kNumSpinJoints; ++i) {
        made.problem.keypoints_px.row(i) =
            made.problem.camera.Project(joints.row(i).transpose()).transpose();
      }
      made.problem.has_start = made.problem.start_has_translation = false;
      EXPECT_NEAR(std::remainder(InPlaneAngle(made.problem) - angle, 2 * std::numbers::pi), 0, 0.2);
      const FitResult result = fitter.Fit(made.problem);
      ASSERT_TRUE(result.summary.usable);
      EXPECT_EQ(result.summary.hypotheses_tried, 2 * (1 + 2));  // mean and components, turned
      EXPECT_LT(RotationAngle(ExpSO3(result.params.rotation(0)), ExpSO3(made.truth.rotation(0))),
                1.3)  // depth of single limbs stays open; facing and direction do not
          << angle << (turned ? " turned" : "");
      EXPECT_LT(result.summary.score.reprojection_px, 3);
    }
  }
}

// Q2: SPIN's score is a mean over 49 joints, so hiding joints makes it smaller; ours is not.
TEST_F(FitterTest, ScoreIsPerObservedJointAndSpinsIsNot) {
  FitOptions options;
  options.ignored_joints = FitOptions::Spin().ignored_joints;
  const Fitter fitter = Make(options);
  const TrueProblem made = MakeTrueProblem(fitter, 6);
  FitProblem problem = made.problem;
  problem.keypoints_px.array() += 3;  // every joint 3 px off in x and in y
  const double one = 1e4 * 18 / (1e4 + 18);
  EXPECT_NEAR(fitter.Score(problem, made.truth).score_px2, one, 1e-6);
  int hidden = 0;
  for (int i = 25; i < kNumSpinJoints; ++i, ++hidden) problem.confidence[i] = 0;
  const FitScore score = fitter.Score(problem, made.truth);
  EXPECT_NEAR(score.score_px2, one, 1e-6);
  // 25 OpenPose joints, three of them ignored; 9 px^2 per coordinate.
  EXPECT_NEAR(score.spin_score_px2, 22 * 2 * 1e4 * 9 / (1e4 + 9) / 49, 1e-6);
}

TEST_F(FitterTest, ObjectiveScoreIsWhatTheBodyStageMinimised) {
  FitOptions options;
  options.body_depth_anchor = 0;
  const Fitter fitter = Make(options);
  const FitProblem problem = MakeTrueProblem(fitter, 6).problem;
  const FitSummary summary = fitter.Fit(problem).summary;
  EXPECT_NEAR(summary.score.objective_px2 / summary.score.robust_px2,
              summary.after.BodyTotal() / summary.after.reprojection, 1e-3);
  FitProblem with_outlier = problem;
  with_outlier.keypoints_px.row(30).array() += 1000;
  const FitScore score = fitter.Fit(with_outlier).summary.score;
  EXPECT_GT(score.score_px2, 100);
  EXPECT_LT(score.robust_px2, 10);
}

// Q1: SPIN's torso stage explains joints nobody observed; ours does not.
TEST_F(FitterTest, SpinsTorsoStageTrustsMissingJoints) {
  for (bool spin : {true, false}) {
    const Fitter fitter = Make(spin ? FitOptions::Spin() : FitOptions::Default());
    FitProblem problem = MakeTrueProblem(fitter, 6).problem;
    problem.confidence[SpinJoints().IndexOf("OP RHip")] = 0;
    const double clean = fitter.Evaluate(problem, problem.start).camera_stage;
    const int hip = SpinJoints().IndexOf("Right Hip");
    problem.confidence[hip] = 0;
    problem.keypoints_px.row(hip).setZero();
    const double missing = fitter.Evaluate(problem, problem.start).camera_stage;
    EXPECT_NEAR(clean, 0, 1e-9);
    if (spin) {
      EXPECT_GT(missing, 1e4);
    } else {
      EXPECT_NEAR(missing, 0, 1e-9);
    }
  }
}

TEST_F(FitterTest, HypothesesOnlyEverHelp) {
  FitOptions all;
  all.hypotheses = Hypotheses::kAll;
  const Fitter many = Make(all), one = Make();
  int better = 0, runner_ups = 0;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    FitProblem problem = MakeTrueProblem(one, seed).problem;
    problem.start = TurnedAround(Disturbed(problem.start, 0.2, seed));
    const FitResult with = many.Fit(problem), without = one.Fit(problem);
    EXPECT_EQ(without.summary.hypotheses_tried, 1);
    EXPECT_FALSE(without.runner_up);
    EXPECT_LE(with.summary.after.BodyTotal(), without.summary.after.BodyTotal() * (1 + 1e-4));
    better += with.summary.after.BodyTotal() < 0.9 * without.summary.after.BodyTotal();
    if (!with.runner_up) continue;
    ++runner_ups;
    EXPECT_GE(with.runner_up->objective, with.summary.after.BodyTotal());
    EXPECT_NEAR(many.Evaluate(problem, with.runner_up->params).BodyTotal(),
                with.runner_up->objective, 1e-6 * with.runner_up->objective);
  }
  EXPECT_GE(better, 3) << "a start turned the wrong way round";
  EXPECT_GE(runner_ups, 1);
}

TEST_F(FitterTest, GrossErrorsHardlyMoveAFit) {
  FitOptions wide;
  wide.sigma_px = wide.first_sigma_px = 100;
  wide.torso_sigma_px = 0;
  const Fitter robust = Make(), loose = Make(wide);
  double robust_error = 0, loose_error = 0;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const TrueProblem made = MakeTrueProblem(robust, seed);
    FitProblem problem = DisturbedProblem(robust, seed);
    Rng rng(seed, RngStream::kNoise, 5);
    for (int i = 0; i < kNumSpinJoints; ++i) {
      if (rng.Bernoulli(0.1)) problem.keypoints_px.row(i) += Eigen::RowVector2d(50, -40);
    }
    robust_error += MeanJointDistance(robust, robust.Fit(problem).params, made.truth);
    loose_error += MeanJointDistance(loose, loose.Fit(problem).params, made.truth);
  }
  EXPECT_LT(robust_error, 0.7 * loose_error);
}

TEST(Fitter, FindsLimbsLabelledTheWrongWayRound) {
  const Fitter fitter(LoadBodyModel("builtin"), LoadPosePrior(), {});
  int found = 0, none = 0;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const FitProblem problem = DisturbedProblem(fitter, seed);
    none += fitter.Fit(problem).summary.exchanged == Limbs::kNone;
    for (const Limbs limbs : {Limbs::kArms, Limbs::kLegs}) {
      FitProblem wrong = problem;
      const std::vector<int>& from = SpinKeypointsWithLimbsExchanged(limbs);
      wrong.keypoints_px = problem.keypoints_px(from, Eigen::all);
      const FitResult result = fitter.Fit(wrong);
      if (result.summary.exchanged != limbs) continue;
      ++found;
      const FitResult right = fitter.Fit(problem);
      EXPECT_LT(MeanJointDistance(fitter, result.params, right.params), 0.05);
      // As good as a fit can be, and still not one of these labels.
      EXPECT_GT(result.summary.score.score_px2, 2 * right.summary.score.score_px2);
      EXPECT_LT(result.summary.score.objective_px2, 2 * right.summary.score.objective_px2 + 10);
    }
  }
  EXPECT_EQ(none, 10);
  EXPECT_GE(found, 6);  // crossed arms are a pose too
}

// What the exchange is worth, 100 px^2, is shared out among the 49 keypoints by their squared
// confidence: 49 x 0.81^2.
TEST(Fitter, ExchangedLimbsCostAGrossErrorPerSquaredConfidence) {
  FitOptions as_labelled;
  as_labelled.try_exchanged_limbs = false;
  const auto body = LoadBodyModel("builtin");
  const auto prior = LoadPosePrior();
  const Fitter fitter(body, prior, {}), plain(body, prior, as_labelled);
  int found = 0;
  for (uint64_t seed = 0; seed < 10 && found < 2; ++seed) {
    FitProblem right = DisturbedProblem(fitter, seed);
    ASSERT_EQ(right.confidence.sum(), 49);
    right.confidence *= 0.81;
    FitProblem wrong = right;
    wrong.keypoints_px =
        right.keypoints_px(SpinKeypointsWithLimbsExchanged(Limbs::kLegs), Eigen::all);
    const FitResult result = fitter.Fit(wrong);
    if (result.summary.exchanged != Limbs::kLegs) continue;
    ++found;
    const double exchanged = plain.Fit(right).summary.score.objective_px2 + 100 / 32.1489;
    EXPECT_LT(exchanged, fitter.Score(wrong, result.params).objective_px2);
    EXPECT_NEAR(result.summary.score.objective_px2, exchanged, 1e-6);
  }
  EXPECT_EQ(found, 2);
}

TEST_F(FitterTest, AStartAtThePriorsMeanIsNoStart) {
  FitOptions options = FitOptions::Anchored();
  options.cold_start = ColdStart::kMean;
  const Fitter anchored = Make(options);
  FitProblem problem = MakeTrueProblem(anchored, 2).problem;
  problem.start.pose().tail<kNumPriorPose>() = prior_->Mean();
  const FitResult result = anchored.Fit(problem);
  EXPECT_GT(result.summary.hypotheses_tried, 1);
  EXPECT_EQ(result.summary.after.start_anchor, 0);
  problem.start.pose()[20] += 0.1;
  EXPECT_EQ(anchored.Fit(problem).summary.hypotheses_tried, 1);
  EXPECT_GT(anchored.Fit(problem).summary.after.start_anchor, 0);
}

TEST_F(FitterTest, MirroringInDepthKeepsThePicture) {
  const Fitter fitter = Make();
  const BodyParams params = MakeTrueProblem(fitter, 3).truth;
  const FoldedJoints skeleton(*body_, FindKeypointSet("smpl24"));
  const Points3 joints = skeleton.Positions(params);
  const Points3 mirrored = skeleton.Positions(MirroredInDepth(params));
  const Points3 from_pelvis = joints.rowwise() - joints.row(0);
  const Points3 mirrored_from_pelvis = mirrored.rowwise() - mirrored.row(0);
  // The skeleton's rest pose is 6 cm deep.
  EXPECT_LT((from_pelvis - mirrored_from_pelvis).leftCols<2>().cwiseAbs().maxCoeff(), 0.13);
  EXPECT_LT((from_pelvis + mirrored_from_pelvis).col(2).cwiseAbs().maxCoeff(), 0.2);
  EXPECT_GT(from_pelvis.col(2).cwiseAbs().maxCoeff(), 0.25);
}

// Errors of converged fits against what the covariance expects of them, over problems drawn from
// the prior with the noise that the weights imply.
TEST_F(FitterTest, UncertaintyMatchesTheErrors) {
  FitOptions options;
  options.estimate_uncertainty = true;
  options.function_tolerance = 1e-8;
  const Fitter fitter = Make(options);
  const FoldedJoints skeleton(*body_, FindKeypointSet("smpl24"));
  int count = 0, within_one = 0, within_two = 0;
  for (uint64_t seed = 0; seed < 150; ++seed) {
    TrueProblem made = MakeTrueProblem(fitter, seed);
    Rng rng(seed, RngStream::kNoise, 3);
    const double noise_px = options.pose_prior_weight / std::numbers::sqrt2;
    for (double& value : made.problem.keypoints_px.reshaped()) value += noise_px * rng.Normal();
    const FitResult result = fitter.Fit(made.problem);
    ASSERT_TRUE(result.uncertainty);
    EXPECT_EQ(result.uncertainty->depth_sd_m[0], 0);
    const Points3 truth = skeleton.Positions(made.truth);
    const Points3 joints = skeleton.Positions(result.params);
    for (int k = 1; k < kNumBodyJoints; ++k) {
      const double error = (joints(k, 2) - joints(0, 2)) - (truth(k, 2) - truth(0, 2));
      const double z = std::abs(error) / result.uncertainty->depth_sd_m[k];
      ++count;
      within_one += z < 1;
      within_two += z < 1.96;
    }
  }
  // The poses are drawn with half the prior.s spread, but limbs can end on the wrong side in depth.
  EXPECT_GT(within_one, 0.6 * count);
  EXPECT_GT(within_two, 0.85 * count);
  EXPECT_LT(within_one, 0.95 * count);
}

// A person in one of the two poses of the prior, without legs: the arms say nothing of them.
FitProblem WithoutLegs(FitProblem problem) {
  for (int i = 0; i < problem.confidence.size(); ++i) {
    const std::string_view name = SpinJoints().joints[i];
    for (const char* part : {"Knee", "Ankle", "Toe", "Heel"}) {
      if (name.find(part) != std::string_view::npos) problem.confidence[i] = 0;
    }
  }
  return problem;
}

TEST_F(FitterTest, UnseenLegsAreWhereThePriorHasThemAndUnsure) {
  FitOptions options;
  options.estimate_uncertainty = true;
  const Fitter resting = Make(options);
  options.rest_unseen_limbs = false;
  const Fitter as_it_ends = Make(options);
  const std::vector<int> legs = {1, 2, 4, 5, 7, 8, 10, 11};
  int rested_differ = 0;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const FitProblem whole = DisturbedProblem(resting, seed);
    const FitProblem problem = WithoutLegs(whole);
    const FitResult rested = resting.Fit(problem), ended = as_it_ends.Fit(problem);
    ASSERT_TRUE(rested.summary.usable && ended.summary.usable);
    for (int k = 0; k < kNumBodyJoints; ++k) {
      const bool same = rested.params.rotation(k) == ended.params.rotation(k);
      if (std::ranges::count(legs, k) > 0) {
        rested_differ += !same;
      } else {
        EXPECT_TRUE(same) << k;
      }
    }
    EXPECT_EQ(rested.params.transl(), ended.params.transl());
    // The knees are 0 and 0.8 rad about x, at 0.6 and 0.4, each of 0.3 rad: 0.49 rad in all.
    for (const int knee : {4, 5}) {
      const double x = rested.params.rotation(knee).x();
      EXPECT_GT(x, 0.1);
      EXPECT_LT(x, 0.6);
      EXPECT_GT(rested.uncertainty->rotation_sd_rad[knee], 0.3);
      EXPECT_LT(rested.uncertainty->rotation_sd_rad[knee], 0.7);
    }
    // What is seen is as sure as ever, and a hidden ankle may be 20 cm off.
    EXPECT_LT(std::sqrt(rested.uncertainty->joint_cov_m2[20].trace()), 0.6);
    EXPECT_GT(std::sqrt(rested.uncertainty->joint_cov_m2[7].topLeftCorner<2, 2>().trace()), 0.1);
    // Of a whole person not a bit is another.
    EXPECT_EQ(resting.Fit(whole).params.values(), as_it_ends.Fit(whole).params.values());
  }
  EXPECT_GE(rested_differ, 40) << "hips and knees";
}

// Where resting would cost more than the start, the legs stay.
TEST_F(FitterTest, RestingLegsNeverEndWorseThanTheStart) {
  const Fitter fitter = Make();
  for (uint64_t seed = 0; seed < 10; ++seed) {
    FitProblem problem = WithoutLegs(DisturbedProblem(fitter, seed));
    FitOptions options;
    options.rest_unseen_limbs = false;
    problem.start = Make(options).Fit(problem).params;
    const FitResult result = fitter.Fit(problem);
    EXPECT_LE(result.summary.after.BodyTotal(), result.summary.before.BodyTotal());
  }
}

TEST_F(FitterTest, ALimitLeavesStraightLimbsAlone) {
  FitOptions options;
  const FitProblem problem = MakeTrueProblem(Make(), 1).problem;
  BodyParams straight = problem.start, bent = problem.start, backwards = problem.start;
  for (const AnglePriorEntry& angle : HingeAngles(*body_->layout)) {
    straight.pose()[angle.pose_idx] = 0;
    bent.pose()[angle.pose_idx] = -0.5 * angle.sign;
    backwards.pose()[angle.pose_idx] = 0.5 * angle.sign;
  }
  const auto cost = [&](const BodyParams& params) {
    return Make(options).Evaluate(problem, params).angle_prior;
  };
  EXPECT_EQ(cost(straight), 0);
  EXPECT_EQ(cost(bent), 0);
  EXPECT_NEAR(cost(backwards), 4 * 34 * 34 * 0.4 * 0.4, 1e-6);
  options = FitOptions::Spin();
  EXPECT_GT(cost(straight), cost(bent));
  EXPECT_GT(cost(bent), 0);
}

// Q6: a wrist seen by OpenPose and by an annotator counts once.
// For errors far below sigma one observation of the weight of both is the same objective.
TEST_F(FitterTest, MergingDuplicatesKeepsTheObjective) {
  const auto cost = [&](bool merge, bool both) {
    FitOptions options;
    options.merge_duplicate_joints = merge;
    const Fitter fitter = Make(options);
    FitProblem problem = MakeTrueProblem(fitter, 6).problem;
    problem.keypoints_px.array() += 1;
    problem.confidence.setZero();
    problem.confidence[SpinJoints().IndexOf("OP LWrist")] = 1;
    if (both) problem.confidence[SpinJoints().IndexOf("Left Wrist")] = 1;
    return fitter.Evaluate(problem, problem.start).reprojection;
  };
  EXPECT_NEAR(cost(true, true), cost(false, true), 1e-9);
  EXPECT_NEAR(cost(false, true), 2 * cost(false, false), 1e-9);
}

TEST_F(FitterTest, SpinHoldsTheCameraInTheBodyStage) {
  for (bool spin : {true, false}) {
    FitOptions options = spin ? FitOptions::Spin() : FitOptions::Default();
    options.torso_stage = false;
    const Fitter fitter = Make(options);
    const FitProblem problem = DisturbedProblem(fitter, 2);
    const FitResult result = fitter.Fit(problem);
    EXPECT_EQ(result.params.transl() == problem.start.transl(), spin);
  }
}

TEST_F(FitterTest, AnchorKeepsTheStart) {
  const auto moved = [&](double anchor) {
    FitOptions options;
    options.start_anchor = anchor;
    const Fitter fitter = Make(options);
    const FitProblem problem = DisturbedProblem(fitter, 2);
    return (fitter.Fit(problem).params.pose() - problem.start.pose()).norm();
  };
  EXPECT_LT(moved(1e4), 1e-2);
  EXPECT_GT(moved(0), 0.1);
}

TEST_F(FitterTest, BodyWithoutLandmarksLeavesItsKeypointsOut) {
  auto bare = std::make_shared<BodyModel>(*body_);
  bare->landmark_vertices.fill(-1);
  const Fitter whole = Make(), fitter(bare, prior_, {});
  const FitProblem problem = DisturbedProblem(whole, 2);
  const FitResult result = fitter.Fit(problem);
  EXPECT_TRUE(result.summary.usable);
  EXPECT_TRUE(std::isnan(result.summary.per_joint_error_px[SpinJoints().IndexOf("OP Nose")]));
  EXPECT_TRUE(std::isfinite(result.summary.score.reprojection_px));
}

TEST(FitOptions, CheckNamesTheField) {
  FitOptions options;
  options.sigma_px = 0;
  try {
    options.Check();
    FAIL();
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("sigma_px"), std::string::npos);
  }
  options = {};
  options.ignored_joints = {"Tail"};
  EXPECT_THROW(options.Check(), UserError);
}

}  // namespace
}  // namespace gyre
