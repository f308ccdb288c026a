// SPDX-License-Identifier: Apache-2.0
// The smaller parts of a fit, each against numbers worked out by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "core/error.h"
#include "core/so3.h"
#include "fitting/cold_start.h"
#include "fitting/fit_checks.h"
#include "fitting/free_params.h"
#include "fitting/hypotheses.h"
#include "fitting/limb_exchange.h"
#include "fitting/placement.h"
#include "fitting/test_problems.h"
#include "fitting/uncertainty.h"

namespace gyre {
namespace {

constexpr double kPi = std::numbers::pi;

int Row(const char* joint) { return SpinJoints().IndexOf(joint); }

// A camera and 3D joints with errors and confidences of odd sizes.
TEST(FitScoreTest, IsTheSquaredErrorPerSquaredConfidence) {
  const Fitter fitter(MakeStickBody(), MakeStickPrior(), {});
  TrueProblem made = MakeTrueProblem(fitter, 6);
  FitProblem& problem = made.problem;
  problem.confidence.setZero();
  problem.pixel_scale = 0.5;
  const auto see = [&](const char* joint, double confidence, double dx, double dy) {
    problem.confidence[Row(joint)] = confidence;
    problem.keypoints_px.row(Row(joint)) += Eigen::RowVector2d(dx, dy);
  };
  see("OP RKnee", 0.8, 6, 8);  // 5 reference pixels
  see("Left Ankle", 0.3, 0, -4);
  problem.points3D = fitter.Joints(made.truth);
  problem.points3D_confidence = VecX::Zero(49);
  problem.points3D_confidence[Row("OP Nose")] = 0.5;
  problem.points3D.row(Row("OP Nose")) += Eigen::RowVector3d(0.02, 0, 0);
  problem.points3D_confidence[Row("Top of Head (LSP)")] = 0.25;
  problem.points3D.row(Row("Top of Head (LSP)")) += Eigen::RowVector3d(0, 0.03, -0.04);

  const auto gm = [](double e, double sigma) {
    return sigma * sigma * e * e / (sigma * sigma + e * e);
  };
  const double weights = 0.64 + 0.09 + 0.25 + 0.0625;
  const double points = std::pow(170 * 0.5 * 0.02, 2) + std::pow(170 * 0.25 * 0.05, 2);
  const FitScore score = fitter.Score(problem, made.truth);
  EXPECT_NEAR(score.score_px2, (0.64 * gm(5, 100) + 0.09 * gm(2, 100) + points) / weights, 1e-9);
  const double robust = 0.64 * gm(5, 15) + 0.09 * gm(2, 15) + points;
  EXPECT_NEAR(score.robust_px2, robust / weights, 1e-9);
  const double priors = 4.78 * 4.78 * score.pose_prior + 25 * made.truth.betas().squaredNorm() +
                        fitter.Evaluate(problem, made.truth).angle_prior;
  EXPECT_NEAR(score.objective_px2, (robust + priors) / weights, 1e-9);
  EXPECT_NEAR(score.spin_score_px2, (0.64 * (gm(3, 100) + gm(4, 100)) + 0.09 * gm(2, 100)) / 49,
              1e-9);
  EXPECT_NEAR(score.reprojection_px, (10 + 4) / 2.0, 1e-9);
  EXPECT_NEAR(score.points3D_error_m, (0.02 + 0.05) / 2, 1e-12);
  EXPECT_EQ(score.observed_joints, 4);
  EXPECT_NEAR(score.pose_prior, fitter.prior().Energy(made.truth.pose().tail<kNumPriorPose>()),
              1e-9);
}

TEST(FitScoreTest, NothingSeenIsInfinite) {
  const Fitter fitter(MakeStickBody(), MakeStickPrior(), {});
  TrueProblem made = MakeTrueProblem(fitter, 6);
  made.problem.confidence.setZero();
  const FitScore score = fitter.Score(made.problem, made.truth);
  EXPECT_TRUE(std::isinf(score.score_px2));
  EXPECT_TRUE(std::isinf(score.objective_px2));
  EXPECT_EQ(score.observed_joints, 0);
}

TEST(LimbExchangeTest, WhatIsUnexplainedOfTheLimbs) {
  const std::vector<int> from = {1, 0, 2, 4, 3};
  FitProblem problem;
  problem.confidence = VecX{{0.8, 0.5, 1, 0.25, 0.6}};
  problem.keypoints_px.resize(5, 2);
  problem.keypoints_px << 0, 1, 2, 3, 4, 5, 6, 7, 8, 9;
  const VecX errors{{10, 20, 30, std::nan(""), 0}};
  const std::vector<int> of_limbs = {0, 1, 3, 4};
  const auto gm = [](double e) { return 225 * e * e / (225 + e * e); };
  constexpr double kNoise = 11.4242;
  EXPECT_NEAR(UnexplainedLimbs(problem, of_limbs, errors, /*sigma_px=*/15),
              0.64 * (gm(10) - kNoise) + 0.25 * (gm(20) - kNoise) + 0.36 * (0 - kNoise), 1e-9);

  const FitProblem other = WithKeypointsExchanged(problem, from);
  EXPECT_EQ(other.confidence, (VecX{{0.5, 0.8, 1, 0.6, 0.25}}));
  EXPECT_EQ(other.keypoints_px.row(0), Eigen::RowVector2d(2, 3));
  EXPECT_EQ(other.keypoints_px.row(3), Eigen::RowVector2d(8, 9));
}

TEST(PlacementTest, CentreOnCentreByWeight) {
  const auto body = MakeStickBody();
  const KeypointSet set{"seen", {"SMPL Pelvis", "SMPL L_Knee", "SMPL R_Wrist"}};
  const FoldedJoints joints(*body, set);
  BodyParams params(*body->layout);
  const Points3 at = joints.Positions(params);
  Observations observed;
  const Vec3 moves[] = {{1, 0, 0}, {0, 2, 0}, {0, 0, 3}};
  const double weights[] = {170, 34, 85};
  for (int i = 0; i < 3; ++i) {
    observed.body_points.push_back({i, at.row(i).transpose() + moves[i], weights[i]});
  }
  params.transl() = Vec3(9, 9, 9);  // not looked at
  const auto placed = PlaceBody(FitProblem(), observed, joints, params);
  ASSERT_TRUE(placed);
  EXPECT_LT((*placed - Vec3(170, 68, 255) / 289).norm(), 1e-12);
  observed.body_points.pop_back();
  EXPECT_FALSE(PlaceBody(FitProblem(), observed, joints, params)) << "two points, no keypoint";
}

TEST(PlacementTest, KeypointsOfTheCameraThatSeesMost) {
  const Fitter fitter(MakeStickBody(), MakeStickPrior(), {});
  const TrueProblem made = MakeTrueProblem(fitter, 3);
  FitView view;
  view.camera = {700, {300, 260}};
  view.rotation = ExpSO3({0, 1.1, 0.1});
  view.translation = Vec3(0.1, 0.2, 9) - view.rotation * made.truth.transl();
  const Points3 joints = fitter.Joints(made.truth);
  const KeypointRules rules(fitter.options(), fitter.body(), SpinJoints());
  const FoldedJoints folded(fitter.body(), rules.distinct_joints());
  FitProblem problem = made.problem;
  problem.confidence *= 0.4;
  problem.keypoints_px.array() += 300;  // which would place the body elsewhere
  for (int i = 0; i < 49; ++i) {
    view.keypoints_px.row(i) =
        view.camera.Project(view.rotation * joints.row(i).transpose() + view.translation)
            .transpose();
    view.confidence[i] = 0.41;
  }
  problem.views = {view};
  const auto placed = PlaceBody(problem, rules.Compile(problem), folded, made.truth);
  ASSERT_TRUE(placed);
  EXPECT_LT((*placed - made.truth.transl()).norm(), 1e-6);
}

// A thousandth of the others' confidence, and 300 px off: it may move the body by a few
// millimetres of 8 m; as sure as the others it moves it by decimetres.
TEST(PlacementTest, UnsureKeypointsHardlyCount) {
  const Fitter fitter(MakeStickBody(), MakeStickPrior(), {});
  const TrueProblem made = MakeTrueProblem(fitter, 3);
  const KeypointRules rules(fitter.options(), fitter.body(), SpinJoints());
  const FoldedJoints folded(fitter.body(), rules.distinct_joints());
  const auto error_of = [&](double confidence) {
    FitProblem problem = made.problem;
    const int wrist = SpinJoints().IndexOf("Left Wrist"),
              openpose = SpinJoints().IndexOf("OP LWrist");
    problem.confidence *= 0.8;
    problem.confidence[openpose] = 0;
    problem.confidence[wrist] = confidence;
    problem.keypoints_px.row(wrist) += Eigen::RowVector2d(240, -180);
    const auto placed = PlaceBody(problem, rules.Compile(problem), folded, made.truth);
    return (*placed - made.truth.transl()).norm();
  };
  EXPECT_LT(error_of(0.0008), 0.005);
  EXPECT_GT(error_of(0.8), 0.05);
}

TEST(PlacementTest, TurnsOntoTheTorsosPoints) {
  const auto body = MakeStickBody();
  const KeypointSet set{"seen", {"SMPL L_Hip", "SMPL R_Hip", "SMPL Neck", "SMPL L_Wrist"}};
  const FoldedJoints joints(*body, set);
  const BodyParams params(*body->layout);
  const Points3 at = joints.Positions(params);
  const Mat3 turn = ExpSO3({0.4, -1.9, 0.6});
  Observations observed;
  for (int i = 0; i < 4; ++i) {
    const Vec3 point = turn * at.row(i).transpose() + Vec3(1, 2, 3);
    if (i < 3) observed.torso_points.push_back({i, point, 50.0 + 10 * i});
    observed.body_points.push_back({i, i < 3 ? point : Vec3(7, 7, 7), 50.0 + 10 * i});
  }
  const auto found = TurnOntoPoints(observed, joints, params);
  ASSERT_TRUE(found);
  EXPECT_LT((*found - turn).norm(), 1e-9) << "the wrist is no part of it";
  observed.torso_points.pop_back();
  EXPECT_GT((*TurnOntoPoints(observed, joints, params) - turn).norm(), 0.1) << "all points";
  observed.body_points.resize(2);
  EXPECT_FALSE(TurnOntoPoints(observed, joints, params));
}

TEST(HypothesesTest, WhichStartsAreTried) {
  const auto body = MakeStickBody();
  const LayoutPrior prior(MakeStickPrior(), *body->layout);
  BodyParams start(*body->layout);
  prior.SetPose(prior.Mean(), &start);
  start.rotation(0) = Vec3(3, 0.1, 0.2);
  start.transl() = Vec3(1, 2, 3);
  EXPECT_TRUE(IsUninformed(start, prior));
  EXPECT_EQ(MakeHypotheses(start, Hypotheses::kStartOnly, prior).size(), 1);
  const auto uninformed = MakeHypotheses(start, Hypotheses::kUninformed, prior);
  ASSERT_EQ(uninformed.size(), 6);  // itself and two components, and all turned
  EXPECT_EQ(uninformed[0].values(), start.values());
  EXPECT_EQ(prior.PoseOf(uninformed[2]), prior.components()[1].mean);
  EXPECT_EQ(prior.PoseOf(uninformed[5]), prior.components()[1].mean);
  for (const BodyParams& one : uninformed) EXPECT_EQ(one.transl(), start.transl());
  EXPECT_NEAR(RotationAngle(ExpSO3(uninformed[4].rotation(0)), ExpSO3(start.rotation(0))), kPi,
              1e-6);
  EXPECT_EQ(MakeHypotheses(start, Hypotheses::kAll, prior).size(), 6) << "no depth to mirror";

  start.rotation(5).x() += 0.01;
  EXPECT_FALSE(IsUninformed(start, prior));
  EXPECT_EQ(MakeHypotheses(start, Hypotheses::kUninformed, prior).size(), 1);
  const auto all = MakeHypotheses(start, Hypotheses::kAll, prior);
  ASSERT_EQ(all.size(), 7);
  EXPECT_EQ(all[6].rotation(0), Vec3(-3, -0.1, 0.2));
}

TEST(ColdStartTest, TheSpinesDirectionInThePicture) {
  const KeypointSet& coco = FindKeypointSet("coco17");
  PersonKeypoints camera;
  camera.keypoints_px = Points2::Zero(17, 2);
  camera.confidence = VecX::Zero(17);
  EXPECT_EQ(InPlaneAngle(camera, coco), 0);
  const auto see = [&](const char* joint, double confidence, double x, double y) {
    camera.confidence[coco.IndexOf(joint)] = confidence;
    camera.keypoints_px.row(coco.IndexOf(joint)) << x, y;
  };
  see("Left Hip", 0.9, 100, 200);
  EXPECT_EQ(InPlaneAngle(camera, coco), 0) << "one end only";
  see("Left Shoulder", 0.75, 200, 200);
  EXPECT_NEAR(InPlaneAngle(camera, coco), kPi / 2, 1e-12) << "to the right";
  see("Right Shoulder", 0.25, 200, 160);  // the mean by confidence: 10 px higher
  EXPECT_NEAR(InPlaneAngle(camera, coco), std::atan2(100, 10), 1e-12);
  see("Left Hip", 0, 0, 0);
  see("Nose", 0.5, 200, 100);
  EXPECT_NEAR(InPlaneAngle(camera, coco), 0, 1e-12) << "head above shoulders";
}

// Thighs may point anywhere: knees tell of the spine only where no hip is seen.
TEST(ColdStartTest, KneesTellWhereHipsAreNotSeen) {
  const KeypointSet& coco = FindKeypointSet("coco17");
  PersonKeypoints camera;
  camera.keypoints_px = Points2::Zero(17, 2);
  camera.confidence = VecX::Zero(17);
  const auto see = [&](const char* joint, double confidence, double x, double y) {
    camera.confidence[coco.IndexOf(joint)] = confidence;
    camera.keypoints_px.row(coco.IndexOf(joint)) << x, y;
  };
  see("Right Shoulder", 0.8, 140, 90);
  see("Right Knee", 0.9, 300, 190);
  EXPECT_NEAR(InPlaneAngle(camera, coco), std::atan2(-160, 100), 1e-12);
  see("Right Hip", 0.3, 110, 210);
  EXPECT_NEAR(InPlaneAngle(camera, coco), std::atan2(30, 120), 1e-12);
}

TEST(UncertaintyTest, OfADiagonalNormalMatrix) {
  const auto body = MakeTwelveJointBody();
  const BodyLayout& layout = *body->layout;
  const FoldedJoints skeleton = FoldedJoints::Skeleton(*body);
  BodyParams params(layout);
  NormalMatrix normal;
  for (int i = 0; i < layout.num_params(); ++i) {
    if (i >= 6 && i < 9) continue;  // a joint that is held
    normal.params.push_back(i);
  }
  const auto n = static_cast<Eigen::Index>(normal.params.size());
  normal.values = RowMatX::Zero(n, n);
  for (Eigen::Index i = 0; i < n; ++i) normal.values(i, i) = 4.0 + static_cast<double>(i);
  const Posterior posterior = PosteriorAtOptimum({params, normal, 0, 0, 3 * std::numbers::sqrt2});
  const FitUncertainty sd = EstimateUncertainty(posterior, skeleton, params);
  ASSERT_EQ(sd.rotation_sd_rad.size(), 12);
  EXPECT_NEAR(sd.rotation_sd_rad[0], 3 * std::sqrt((1 / 4.0 + 1 / 5.0 + 1 / 6.0) / 3), 1e-9);
  EXPECT_NEAR(sd.rotation_sd_rad[1], 3 * std::sqrt((1 / 7.0 + 1 / 8.0 + 1 / 9.0) / 3), 1e-9);
  EXPECT_EQ(sd.rotation_sd_rad[2], 0);
  EXPECT_NEAR(sd.rotation_sd_rad[3], 3 * std::sqrt((1 / 10.0 + 1 / 11.0 + 1 / 12.0) / 3), 1e-9);
  Points3 positions;
  RowMatX jacobian;
  skeleton.Evaluate(params, &positions, &jacobian);
  double variance = 0;  // of the depth of the joint 7 less the pelvis'
  Mat3 covariance = Mat3::Zero();
  for (Eigen::Index i = 0; i < n; ++i) {
    const double slope = jacobian(3 * 7 + 2, normal.params[i]) - jacobian(2, normal.params[i]);
    variance += slope * slope / normal.values(i, i);
    const Vec3 moved = jacobian.block<3, 1>(3 * 7, normal.params[i]);
    covariance += moved * moved.transpose() / normal.values(i, i);
  }
  ASSERT_EQ(sd.joint_cov_m2.size(), 12u);
  EXPECT_LT((sd.joint_cov_m2[7] - 9 * covariance).cwiseAbs().maxCoeff(), 1e-9);
  EXPECT_NEAR(sd.depth_sd_m[7], 3 * std::sqrt(variance), 1e-9);
  EXPECT_EQ(sd.depth_sd_m[0], 0);
}

// The stick body, whose left forearm is taken for a hand and whose head is a jaw.
class FreeParamsTest : public testing::Test {
 protected:
  FreeParamsTest() {
    BodyLayout layout = *body_.layout;
    for (const char* joint : {"L_Elbow", "L_Wrist", "L_Hand"}) {
      layout.blocks[layout.IndexOf(joint)] = JointBlock::kLeftHand;
    }
    layout.blocks[layout.IndexOf("Head")] = JointBlock::kJaw;
    layout.num_betas = 7;
    layout.num_expression = 3;
    body_.layout = std::make_shared<BodyLayout>(layout);
  }
  // What moves beside the body itself, when the first of these joints are seen.
  std::vector<int> Moving(std::initializer_list<const char*> joints, bool translation_free = true) {
    KeypointSet set{"seen", {}};
    Observations observed;
    for (const char* joint : joints) {
      observed.body.push_back({set.size(), Vec2::Zero(), 0.5});
      set.joints.push_back(joint);
    }
    std::vector<int> moving = FreeParams(body_, set).OfBody(observed, translation_free);
    EXPECT_TRUE(std::is_sorted(moving.begin(), moving.end()));
    return moving;
  }
  static bool Has(const std::vector<int>& moving, int param) {
    return std::find(moving.begin(), moving.end(), param) != moving.end();
  }
  BodyModel body_ = *MakeStickBody();
};

TEST_F(FreeParamsTest, ABlockMovesWhereMoreIsSeenThanItHasJoints) {
  const auto none = Moving({"OP Nose", "Right Wrist"});
  EXPECT_EQ(none.size(), 85 - 12 - 3);
  EXPECT_FALSE(Has(none, 3 * 18));
  EXPECT_FALSE(Has(none, 3 * 15 + 2));
  EXPECT_TRUE(Has(none, 3 * 19));
  EXPECT_TRUE(Has(none, 72 + 6));
  EXPECT_FALSE(Has(none, 72 + 7)) << "expression";
  const auto few = Moving({"Left Elbow", "Left Wrist", "Left Thumb Tip"});
  EXPECT_FALSE(Has(few, 3 * 18)) << "as many as it has";
  const auto hand = Moving({"Left Elbow", "Left Wrist", "Left Thumb Tip", "Left Index Tip"});
  EXPECT_TRUE(Has(hand, 3 * 18));
  EXPECT_TRUE(Has(hand, 3 * 22 + 2));
  EXPECT_FALSE(Has(hand, 3 * 15));
  const auto face = Moving({"OP Nose", "OP LEye"});
  EXPECT_TRUE(Has(face, 3 * 15));
  EXPECT_TRUE(Has(face, 72 + 9)) << "expression moves with the jaw";
  EXPECT_FALSE(Has(face, 3 * 18));
}

TEST_F(FreeParamsTest, TheTranslationMayBeHeld) {
  EXPECT_TRUE(Has(Moving({"OP Nose"}), 84));
  EXPECT_FALSE(Has(Moving({"OP Nose"}, false), 82));
  body_.layout = SharedSmplLayout();
  EXPECT_EQ(Moving({"OP Nose"}).size(), 85) << "there is nothing to hold";
  EXPECT_EQ(Moving({"OP Nose"}, false).size(), 82);
}

TEST_F(FreeParamsTest, TheTorsoStageMovesThePlace) {
  const FreeParams free(body_, KeypointSet{"none", {}});
  EXPECT_THAT(free.OfTorso(), testing::ElementsAre(0, 1, 2, 82, 83, 84));
}

TEST(FitChecksTest, SizesFollowTheSet) {
  const KeypointSet& coco = FindKeypointSet("coco17");
  FitProblem problem;
  EXPECT_TRUE(HasRightSizes(problem, SpinJoints()));
  EXPECT_FALSE(HasRightSizes(problem, coco));
  problem.keypoints_px.setZero(17, 2);
  EXPECT_FALSE(HasRightSizes(problem, coco));
  problem.confidence.setZero(17);
  EXPECT_TRUE(HasRightSizes(problem, coco));
  problem.points3D.setZero(17, 3);
  EXPECT_FALSE(HasRightSizes(problem, coco)) << "no confidences";
  problem.points3D_confidence.setZero(17);
  EXPECT_TRUE(HasRightSizes(problem, coco));
  problem.views.resize(1);
  EXPECT_FALSE(HasRightSizes(problem, coco));
}

TEST(FitChecksTest, KeypointsBeyondAnyPicture) {
  FitProblem problem;
  problem.camera = {1000, {10, 20}};
  problem.start = BodyParams(SmplLayout());
  problem.confidence.setConstant(0.5);
  problem.keypoints_px.setConstant(61.5);
  FitOptions options;
  const auto reason = [&](int observed) {
    return Refusal(problem, options, SpinJoints(), SmplLayout(), observed).reason;
  };
  EXPECT_EQ(reason(6), FitReason::kOk);
  EXPECT_EQ(reason(5), FitReason::kTooFewJoints);
  problem.keypoints_px(7, 1) = -1e6;
  EXPECT_EQ(reason(6), FitReason::kOk);
  problem.keypoints_px(7, 1) = -1.001e6;
  EXPECT_EQ(reason(6), FitReason::kNonFiniteInput);
  problem.confidence[7] = 0;
  EXPECT_EQ(reason(6), FitReason::kOk);
  problem.pixel_scale = 0;
  EXPECT_EQ(reason(6), FitReason::kBadCamera);
}

}  // namespace
}  // namespace gyre
