// SPDX-License-Identifier: Apache-2.0
#include "fitting/quality.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <string_view>

#include "fitting/test_problems.h"

namespace gyre {
namespace {

using testing::ElementsAre;

// The stick body of test_problems.h in its rest pose, upright before a camera: nothing points to
// the camera but what its joints' z say.
class QualityTest : public testing::Test {
 protected:
  QualityTest() {
    const BodyLayout& layout = *fitter_.body().layout;
    fit_.params = BodyParams(layout);
    fit_.params.rotation(0) = Vec3(std::numbers::pi, 0, 0);
    fit_.params.transl() = Vec3(0, 0, 8);
    fit_.summary.usable = true;
    fit_.summary.per_joint_error_px = VecX::Constant(SpinJoints().size(), std::nan(""));
    problem_.camera = {1000, {500, 400}};
    problem_.pixel_scale = 0.5;
  }
  void Observe(std::string_view joint, const Vec2& at_px, double confidence, double error_px) {
    const int i = SpinJoints().IndexOf(joint);
    problem_.keypoints_px.row(i) = at_px.transpose();
    problem_.confidence[i] = confidence;
    fit_.summary.per_joint_error_px[i] = error_px;
  }

  const Fitter fitter_{MakeStickBody(), MakeStickPrior(), FitOptions()};
  const QualityJudge judge_{fitter_};
  FitProblem problem_;
  FitResult fit_;
};

TEST_F(QualityTest, IsLogisticInItsFactors) {
  QualityEvidence evidence;
  evidence.prior_energy = 20;  // and 5
  evidence.robust_px2 = 11;    // and 5
  evidence.slant = 0.25;
  evidence.unseen_ends = 3;
  evidence.unseen_torso = 1.5;
  const QualityTable table = {{1, -0.5, 0.25, 2, 3}, {2, -1, 0.5, -2, -0.1, 0.2}};
  EXPECT_THAT(FactorsWithoutSd(evidence),
              ElementsAre(1, std::log(25), std::log(16), 0.25, 3, 1.5));
  // 2 - log 25 + log 4 - 0.5 - 0.3 + 0.3: odds of 4 / 25 e^1.5
  const double odds = 4.0 / 25 * std::exp(1.5);
  EXPECT_NEAR(QualityOf(evidence, table), odds / (1 + odds), 1e-12);
  evidence.sd_share = 0.07;
  EXPECT_THAT(FactorsWithSd(evidence),
              ElementsAre(1, std::log(25), std::log(16), 0.25, std::log(0.1)));
  // 1 - log 5 + log 2 + 0.5 - 3 log 10: odds of 2 / 5 / 1000 e^1.5
  const double less = 2.0 / 5 / 1000 * std::exp(1.5);
  EXPECT_NEAR(QualityOf(evidence, table), less / (1 + less), 1e-12);
}

// Errors of 6 and 40 px of the picture are 3 and 20 px of the crop: gm 9 225 / 234 and
// 400 225 / 625, of weights 1 and 0.25.
TEST_F(QualityTest, ErrorsAreRobustAndInTheCrop) {
  Observe("Right Knee", {480, 500}, 1, 6);
  Observe("Left Wrist", {560, 380}, 0.5, 40);
  const double expected = (9 * 225.0 / 234 + 0.25 * 400 * 225.0 / 625) / 1.25;
  EXPECT_NEAR(judge_.Evidence(problem_, fit_).robust_px2, expected, 1e-12);
  Observe("Left Ankle", {560, 600}, 1, 1e6);  // hopeless: 225 of it at most
  EXPECT_NEAR(judge_.Evidence(problem_, fit_).robust_px2, (1.25 * expected + 225) / 2.25, 1e-5);
}

// Whichever of a joint's names is observed, it is; of the torso's the most confident counts.
TEST_F(QualityTest, CountsWhatIsNotObserved) {
  Observe("OP RKnee", {480, 500}, 0.25, 1);
  Observe("Right Knee", {480, 500}, 1, 1);
  Observe("Left Wrist", {560, 380}, 0.5, 1);
  Observe("OP LHip", {520, 420}, 0.25, 1);
  Observe("Left Hip", {520, 420}, 0.75, 1);
  Observe("OP RShoulder", {470, 330}, 0.5, 1);
  const QualityEvidence evidence = judge_.Evidence(problem_, fit_);
  EXPECT_EQ(evidence.unseen_ends, 6);
  EXPECT_EQ(evidence.unseen_torso, 2.75);
  EXPECT_TRUE(std::isnan(evidence.sd_share));
}

// A limb that is turned to the camera is all depth.
TEST_F(QualityTest, LimbsToTheCameraSlant) {
  const double before = judge_.Evidence(problem_, fit_).slant;
  EXPECT_GT(before, 0);
  EXPECT_LT(before, 0.1);
  fit_.params.rotation(fitter_.body().layout->IndexOf("L_Hip")).x() = -std::numbers::pi / 2;
  // Two of eight limbs, whose directions were (0.03, -0.39, 0) and (-0.01, -0.41, -0.04).
  const double after = judge_.Evidence(problem_, fit_).slant;
  EXPECT_NEAR(after - before, (0.39 / std::hypot(0.03, 0.39) + (0.41 - 0.04) / 0.41208) / 8, 1e-3);
}

// 14 joints of 0.3 and 0.4 m, across the line of sight, of one whose keypoints are 80 px apart:
// 8 m / 1000 px of them 0.64 m.
TEST_F(QualityTest, DeviationsAreAShareOfWhatIsObserved) {
  Observe("Right Knee", {480, 500}, 1, 1);
  Observe("Left Wrist", {450, 420}, 0.5, 1);
  FitUncertainty& sd = fit_.uncertainty.emplace();
  sd.joint_cov_m2.assign(24, Vec3(0.09, 0.16, 25).asDiagonal());
  const double depth_m = FoldedJoints::Skeleton(fitter_.body()).Positions(fit_.params)(0, 2);
  EXPECT_NEAR(judge_.Evidence(problem_, fit_).sd_share, 0.5 / (80 * depth_m / 1000), 1e-9);
}

// Turned, moved and of another size: no error. Then one wrist of 14 joints is off.
TEST_F(QualityTest, ErrorIsAfterProcrustes) {
  BodyParams other = fit_.params;
  other.rotation(0) = Vec3(0.5, 2, -1);
  other.transl() = Vec3(3, -1, 20);
  EXPECT_NEAR(judge_.ErrorMm(fit_.params, other), 0, 1e-9);
  other.rotation(fitter_.body().layout->IndexOf("R_Elbow")).y() = 1;
  EXPECT_GT(judge_.ErrorMm(fit_.params, other), 5);
  EXPECT_LT(judge_.ErrorMm(fit_.params, other), 50);
}

TEST_F(QualityTest, OfARefusedFitThereIsNone) {
  Observe("Right Knee", {480, 500}, 1, 1);
  EXPECT_GT(judge_(problem_, fit_), 0);
  fit_.summary.usable = false;
  fit_.summary.reason = FitReason::kLargeError;
  EXPECT_GT(judge_(problem_, fit_), 0);
  fit_.summary.reason = FitReason::kTooFewJoints;
  EXPECT_TRUE(std::isnan(judge_(problem_, fit_)));
}

// A person is likely right, and a tangled ball on its keypoints likely wrong.
TEST_F(QualityTest, ATangledBallIsDoubtful) {
  for (const uint64_t seed : {1, 2, 3}) {
    const TrueProblem made = MakeTrueProblem(fitter_, seed);
    FitResult good = fitter_.Fit(made.problem);
    ASSERT_TRUE(good.summary.usable);
    EXPECT_GT(judge_(made.problem, good), 0.8) << seed;
    // Joints folded this way and that, and keypoints 2.4 px from where they are then.
    FitResult ball = good;
    Rng rng(seed, RngStream::kTest);
    for (int k = 1; k < ball.params.num_joints(); ++k) {
      ball.params.rotation(k) = 1.5 * Vec3(rng.Normal(), rng.Normal(), rng.Normal());
    }
    FitProblem around = made.problem;
    const Points3 joints = fitter_.Joints(ball.params);
    for (int i = 0; i < joints.rows(); ++i) {
      around.keypoints_px.row(i) =
          (around.camera.Project(joints.row(i).transpose()) + Vec2(2.4, 0)).transpose();
    }
    ball.summary.score = fitter_.Score(around, ball.params);
    ball.summary.per_joint_error_px = fitter_.JointErrors(around, ball.params);
    EXPECT_NEAR(ball.summary.score.reprojection_px, 2.4, 1e-6);
    EXPECT_LT(judge_(around, ball), 0.2) << seed;
  }
}

}  // namespace
}  // namespace gyre
