// SPDX-License-Identifier: Apache-2.0
// Bodies and keypoints of other sizes than SMPL's and SPIN's: what the fast paths are not compiled
// for goes through Ceres.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "core/so3.h"
#include "fitting/fit_model.h"
#include "fitting/fitter.h"
#include "fitting/sequence_fitter.h"
#include "fitting/test_problems.h"

namespace gyre {
namespace {

double MeanJointDistance(const Fitter& fitter, const BodyParams& a, const BodyParams& b) {
  const Points3 difference = fitter.Joints(a) - fitter.Joints(b);
  double sum = 0, count = 0;
  for (const auto& row : difference.rowwise()) {
    if (!row.allFinite()) continue;
    sum += row.norm();
    ++count;
  }
  return sum / count;
}

FitProblem DisturbedProblem(const Fitter& fitter, uint64_t seed) {
  TrueProblem made = MakeTrueProblem(fitter, seed);
  Rng rng(seed, RngStream::kNoise, 3);
  for (double& value : made.problem.keypoints_px.reshaped()) value += rng.Normal();
  made.problem.start = Disturbed(made.truth, 0.15, seed);
  return made.problem;
}

TEST(OtherBodies, TwelveJointsAreFitted) {
  const Fitter fitter(MakeTwelveJointBody(), MakeStickPrior(), {});
  double before = 0, after = 0, pixels = 0;
  for (uint64_t seed = 0; seed < 8; ++seed) {
    const BodyParams truth = MakeTrueProblem(fitter, seed).truth;
    const FitProblem problem = DisturbedProblem(fitter, seed);
    const FitResult result = fitter.Fit(problem);
    ASSERT_TRUE(result.summary.usable) << result.summary.reason_text;
    EXPECT_TRUE(result.params.Fits(*fitter.body().layout));
    EXPECT_LT(result.summary.after.BodyTotal(), result.summary.before.BodyTotal());
    EXPECT_GT(result.summary.body_iterations, 0);
    before += MeanJointDistance(fitter, problem.start, truth);
    after += MeanJointDistance(fitter, result.params, truth);
    pixels += result.summary.score.reprojection_px / 8;
  }
  EXPECT_LT(after, 0.6 * before);
  EXPECT_LT(pixels, 3);
}

TEST(OtherBodies, TwelveJointsFromKeypointsAlone) {
  const Fitter fitter(MakeTwelveJointBody(), MakeStickPrior(), {});
  for (uint64_t seed = 0; seed < 3; ++seed) {
    TrueProblem made = MakeTrueProblem(fitter, seed);
    made.problem.has_start = made.problem.start_has_translation = false;
    made.problem.start = BodyParams(SmplLayout());  // not this body's, and not looked at
    const FitResult result = fitter.Fit(made.problem);
    ASSERT_TRUE(result.summary.usable) << result.summary.reason_text;
    EXPECT_EQ(result.summary.hypotheses_tried, 1);  // by the network
    EXPECT_LT(result.summary.score.reprojection_px, 3);
    FitOptions mean;
    mean.cold_start = ColdStart::kMean;
    const FitResult by_hypotheses = fitter.With(mean).Fit(made.problem);
    EXPECT_GT(by_hypotheses.summary.hypotheses_tried, 1);
    EXPECT_LT(by_hypotheses.summary.score.reprojection_px, 3);
  }
}

TEST(OtherBodies, AStartOfAnotherBodyIsRefused) {
  const Fitter fitter(MakeTwelveJointBody(), MakeStickPrior(), {});
  FitProblem problem = MakeTrueProblem(fitter, 1).problem;
  problem.start = BodyParams(SmplLayout());
  const FitResult result = fitter.Fit(problem);
  EXPECT_FALSE(result.summary.usable);
  EXPECT_EQ(result.summary.reason, FitReason::kNonFiniteInput);
  EXPECT_TRUE(result.params.Fits(*fitter.body().layout));
}

TEST(OtherBodies, BothBackendsAreOneThere) {
  FitOptions options;
  options.torso_stage = false;  // which has its own solver for any layout
  const Fitter fused(MakeTwelveJointBody(), MakeStickPrior(), options);
  options.backend = FitBackend::kCeres;
  const Fitter ceres(MakeTwelveJointBody(), MakeStickPrior(), options);
  const FitProblem problem = DisturbedProblem(fused, 2);
  EXPECT_EQ(fused.Fit(problem).params.values(), ceres.Fit(problem).params.values());
}

TEST(OtherBodies, UncertaintyOfTwelveJoints) {
  FitOptions options;
  options.estimate_uncertainty = true;
  const Fitter fitter(MakeTwelveJointBody(), MakeStickPrior(), options);
  const FitResult result = fitter.Fit(DisturbedProblem(fitter, 1));
  ASSERT_TRUE(result.uncertainty);
  EXPECT_EQ(result.uncertainty->depth_sd_m.size(), 12);
  EXPECT_EQ(result.uncertainty->rotation_sd_rad.size(), 12);
  EXPECT_EQ(result.uncertainty->depth_sd_m[0], 0);
  EXPECT_GT(result.uncertainty->depth_sd_m.tail(11).minCoeff(), 0);
  EXPECT_GT(result.uncertainty->rotation_sd_rad.minCoeff(), 0);
}

TEST(OtherBodies, KeypointsOfAnotherSet) {
  const KeypointSet& coco = FindKeypointSet("coco17");
  const Fitter fitter(MakeStickBody(), MakeStickPrior(), {}, coco);
  EXPECT_EQ(fitter.keypoints().size(), 17);
  for (uint64_t seed = 0; seed < 3; ++seed) {
    TrueProblem made = MakeTrueProblem(fitter, seed);
    EXPECT_EQ(made.problem.keypoints_px.rows(), 17);
    made.problem.has_start = made.problem.start_has_translation = false;
    const FitResult result = fitter.Fit(made.problem);
    ASSERT_TRUE(result.summary.usable) << result.summary.reason_text;
    EXPECT_EQ(result.summary.per_joint_error_px.size(), 17);
    EXPECT_LT(result.summary.score.reprojection_px, 3);
    EXPECT_EQ(result.summary.score.observed_joints, 17);
  }
  const FitProblem of_spin;  // 49 rows
  EXPECT_EQ(fitter.Fit(of_spin).summary.reason, FitReason::kNonFiniteInput);
}

TEST(OtherBodies, ASequenceOfTwelveJoints) {
  const auto fitter =
      std::make_shared<Fitter>(MakeTwelveJointBody(), MakeStickPrior(), FitOptions());
  const TrueProblem made = MakeTrueProblem(*fitter, 4);
  std::vector<FitProblem> frames;
  Rng rng(1, RngStream::kNoise, 5);
  for (int i = 0; i < 8; ++i) {
    BodyParams truth = made.truth;
    truth.rotation(3) += 0.05 * i * Vec3(1, 0, 0);
    truth.transl().x() += 0.02 * i;
    FitProblem frame = made.problem;
    const Points3 joints = fitter->Joints(truth);
    for (Eigen::Index k = 0; k < joints.rows(); ++k) {
      if (frame.confidence[k] == 0) continue;
      frame.keypoints_px.row(k) = frame.camera.Project(joints.row(k).transpose()).transpose();
      frame.keypoints_px.row(k) += Eigen::RowVector2d(rng.Normal(0, 2), rng.Normal(0, 2));
    }
    frame.has_start = frame.start_has_translation = false;
    if (i == 5) frame.confidence.setZero();
    frames.push_back(frame);
  }
  const SequenceFitter sequence(fitter, {});
  const SequenceResult result = sequence.Fit(frames, 1 / 30.0, 1);
  EXPECT_EQ(result.summary.bridged_frames, 1);
  std::vector<BodyParams> alone, together;
  for (int i = 0; i < 8; ++i) {
    together.push_back(result.frames[i].params);
    EXPECT_EQ(together[i].shape(), together[0].shape());
    if (i == 5) continue;
    EXPECT_TRUE(result.frames[i].summary.usable);
    EXPECT_LT(result.frames[i].summary.score.reprojection_px, 6);
    ASSERT_TRUE(result.alone[i]);
    alone.push_back(*result.alone[i]);
  }
  EXPECT_LT(sequence.Acceleration(together, 1 / 30.0),
            0.3 * sequence.Acceleration(alone, 1 / 30.0));
}

// What no keypoint tells of stays where it is.
TEST(OtherBodies, HandsAndFacesMoveWhereTheyAreSeen) {
  const std::filesystem::path path = "../shared/data/body_x/cc0_body_x.npz";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "needs " << path << ", which is not here";
  const auto body = LoadBodyModel(path.string());
  const BodyLayout& layout = *body->layout;
  const Fitter fitter(body, LoadPosePrior(), {});
  TrueProblem made = MakeTrueProblem(fitter, 2);
  made.problem.start = Disturbed(made.truth, 0.1, 1);
  BodyParams start = made.problem.start;
  const FitResult result = fitter.Fit(made.problem);
  ASSERT_TRUE(result.summary.usable) << result.summary.reason_text;
  EXPECT_LT(result.summary.score.reprojection_px, 3);
  for (int k = 0; k < layout.num_joints(); ++k) {
    const bool moves =
        layout.blocks[k] == JointBlock::kRoot || layout.blocks[k] == JointBlock::kBody;
    EXPECT_EQ(result.params.rotation(k) != start.rotation(k), moves) << layout.joints[k];
  }
  EXPECT_EQ(result.params.expression(), start.expression());
  EXPECT_NE(result.params.betas(), start.betas());
}

}  // namespace
}  // namespace gyre
