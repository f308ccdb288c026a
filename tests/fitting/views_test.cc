// SPDX-License-Identifier: Apache-2.0
// Further cameras and 3D joints.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "core/so3.h"
#include "fitting/fitter.h"
#include "fitting/test_problems.h"

namespace gyre {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double MeanJointDistance(const Fitter& fitter, const BodyParams& a, const BodyParams& b) {
  return (fitter.Joints(a) - fitter.Joints(b)).rowwise().norm().mean();
}

// A camera beside the first, 90 degrees about the person, who stands 8 m in front of both.
FitView SideView(const Fitter& fitter, const BodyParams& truth) {
  FitView view;
  view.camera = {800, {300, 260}};
  view.pixel_scale = 1.1;
  view.rotation = ExpSO3({0, std::numbers::pi / 2, 0});
  view.translation = Vec3(0, 0, 8) - view.rotation * Vec3(0, 0, 8);
  const Points3 joints = fitter.Joints(truth);
  for (int i = 0; i < kNumSpinJoints; ++i) {
    const Vec3 in_view = view.rotation * joints.row(i).transpose() + view.translation;
    view.keypoints_px.row(i) = view.camera.Project(in_view).transpose();
  }
  view.confidence.setOnes();
  return view;
}

void AddNoise(PersonKeypoints& camera, double sigma_px, uint64_t seed) {
  Rng rng(seed, RngStream::kNoise);
  for (double& value : camera.keypoints_px.reshaped()) value += sigma_px * rng.Normal();
}

// A cold problem that keeps nothing but the truth's joints in space.
FitProblem PointsAlone(const Fitter& fitter, const BodyParams& truth) {
  FitProblem problem;  // no camera
  problem.points3D = fitter.Joints(truth);
  problem.points3D_confidence = VecX::Ones(kNumSpinJoints);
  problem.has_start = problem.start_has_translation = false;
  return problem;
}

class ViewsTest : public testing::TestWithParam<FitBackend> {
 protected:
  Fitter Make(FitOptions options = {}) {
    options.backend = GetParam();
    return Fitter(MakeStickBody(), MakeStickPrior(), std::move(options));
  }
};
INSTANTIATE_TEST_SUITE_P(Backends, ViewsTest,
                         testing::Values(FitBackend::kFused, FitBackend::kCeres),
                         [](const auto& backend) {
                           return backend.param == FitBackend::kFused ? "Fused" : "Ceres";
                         });

TEST_P(ViewsTest, TwoViewsRecoverDepth) {
  const Fitter fitter = Make();
  double one = 0, two = 0;
  constexpr int kProblems = 10;
  for (uint64_t seed = 0; seed < kProblems; ++seed) {
    TrueProblem made = MakeTrueProblem(fitter, seed);
    made.problem.has_start = made.problem.start_has_translation = false;
    AddNoise(made.problem, 2, seed);
    one += MeanJointDistance(fitter, fitter.Fit(made.problem).params, made.truth) / kProblems;
    made.problem.views = {SideView(fitter, made.truth)};
    AddNoise(made.problem.views[0], 2, seed + 100);
    const FitResult result = fitter.Fit(made.problem);
    ASSERT_TRUE(result.summary.usable) << result.summary.reason_text;
    two += MeanJointDistance(fitter, result.params, made.truth) / kProblems;
  }
  RecordProperty("one_view_mm", static_cast<int>(1000 * one));
  RecordProperty("two_views_mm", static_cast<int>(1000 * two));
  EXPECT_GT(one, 0.1);
  EXPECT_LT(two, 0.02);
}

TEST_P(ViewsTest, AnyCameraMayBeTheOneThatSees) {
  const Fitter fitter = Make();
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const TrueProblem made = MakeTrueProblem(fitter, seed);
    FitProblem problem;  // the first camera sees nothing and is unknown
    problem.views = {SideView(fitter, made.truth)};
    problem.has_start = problem.start_has_translation = false;
    const FitResult result = fitter.Fit(problem);
    ASSERT_TRUE(result.summary.usable) << result.summary.reason_text;
    EXPECT_LT(std::sqrt(result.summary.score.score_px2), 3);
    EXPECT_TRUE(std::isnan(result.summary.score.reprojection_px));

    FitProblem alone;  // the same, told in that camera's frame
    static_cast<PersonKeypoints&>(alone) = problem.views[0];
    alone.has_start = alone.start_has_translation = false;
    const FitResult expected = fitter.Fit(alone);
    // The same cold start in the same place; from there on anchors differ, which know no frame.
    EXPECT_NEAR(result.summary.before.reprojection, expected.summary.before.reprojection,
                1e-6 * expected.summary.before.reprojection);
  }
}

TEST_P(ViewsTest, PointsAloneRecoverThePose) {
  const Fitter fitter = Make();
  for (uint64_t seed = 0; seed < 5; ++seed) {
    BodyParams truth = MakeTrueProblem(fitter, seed).truth;
    // Any direction, behind the first camera too.
    truth.rotation(0) = LogSO3(ExpSO3({1.3 * seed, 0.7 * seed, 2.1}));
    truth.transl() = Vec3{3, -2, -5};
    const FitResult result = fitter.Fit(PointsAlone(fitter, truth));
    ASSERT_TRUE(result.summary.usable) << result.summary.reason_text;
    EXPECT_LT(MeanJointDistance(fitter, result.params, truth), 0.005) << seed;
    EXPECT_LT(result.summary.score.points3D_error_m, 0.005);
    EXPECT_EQ(result.summary.after.reprojection, 0);
    EXPECT_GT(result.summary.after.points, 0);
    EXPECT_TRUE(std::isnan(result.summary.score.reprojection_px));
  }
}

TEST_P(ViewsTest, PointsPlaceAStartWithoutTranslation) {
  const Fitter fitter = Make();
  const BodyParams truth = MakeTrueProblem(fitter, 3).truth;
  FitProblem problem = PointsAlone(fitter, truth);
  problem.start = truth;
  problem.start.transl().setZero();
  problem.has_start = true;
  const FitResult result = fitter.Fit(problem);
  ASSERT_TRUE(result.summary.usable);
  EXPECT_LT((result.params.transl() - truth.transl()).norm(), 0.01);
}

TEST_P(ViewsTest, UnknownPointsMeanNothing) {
  const Fitter fitter = Make();
  const BodyParams truth = MakeTrueProblem(fitter, 1).truth;
  FitProblem problem = PointsAlone(fitter, truth);
  problem.points3D_confidence[4] = 0;
  const FitResult expected = fitter.Fit(problem);
  problem.points3D.row(4).setConstant(kNaN);
  EXPECT_EQ(fitter.Fit(problem).params.pose(), expected.params.pose());
}

TEST_P(ViewsTest, TheTorsoStageExplainsTheTorsosPoints) {
  const Fitter fitter = Make();
  const BodyParams truth = MakeTrueProblem(fitter, 2).truth;
  FitProblem problem = PointsAlone(fitter, truth);
  problem.start = truth;
  problem.points3D.row(SpinJoints().IndexOf("OP RWrist")).x() += 1;  // no part of the torso
  EXPECT_NEAR(fitter.Evaluate(problem, truth).camera_stage, 0, 1e-9);
  for (const char* name : {"OP RHip", "OP LHip", "Right Hip", "Left Hip"}) {
    problem.points3D_confidence[SpinJoints().IndexOf(name)] = 0;
  }
  EXPECT_GT(fitter.Evaluate(problem, truth).camera_stage, 1e3) << "all joints, the torso unseen";
}

TEST_P(ViewsTest, RefusesWithReason) {
  const Fitter fitter = Make();
  TrueProblem made = MakeTrueProblem(fitter, 1);
  const auto reason = [&](const FitProblem& problem) {
    const FitResult result = fitter.Fit(problem);
    EXPECT_FALSE(result.summary.usable);
    EXPECT_FALSE(result.summary.reason_text.empty());
    return result.summary.reason;
  };
  made.problem.views = {SideView(fitter, made.truth)};
  FitProblem problem = made.problem;
  problem.views[0].keypoints_px(3, 0) = kNaN;
  EXPECT_EQ(reason(problem), FitReason::kNonFiniteInput);
  problem = made.problem;
  problem.views[0].confidence[3] = kNaN;
  EXPECT_EQ(reason(problem), FitReason::kNonFiniteInput);
  problem = made.problem;
  problem.views[0].confidence.resize(7);
  EXPECT_EQ(reason(problem), FitReason::kNonFiniteInput);
  problem = made.problem;
  problem.views[0].camera.focal_px = -1;
  EXPECT_EQ(reason(problem), FitReason::kBadCamera);
  problem = made.problem;
  problem.views[0].rotation *= 1.1;
  EXPECT_EQ(reason(problem), FitReason::kBadCamera);
  problem = made.problem;
  problem.views[0].rotation.row(0) *= -1;  // a mirror
  EXPECT_EQ(reason(problem), FitReason::kBadCamera);

  const FitProblem points = PointsAlone(fitter, made.truth);
  problem = points;
  problem.points3D(7, 2) = kNaN;
  EXPECT_EQ(reason(problem), FitReason::kNonFiniteInput);
  problem = points;
  problem.points3D_confidence.resize(4);
  EXPECT_EQ(reason(problem), FitReason::kNonFiniteInput);
  problem = points;
  problem.points3D_confidence.tail(44).setZero();
  EXPECT_EQ(reason(problem), FitReason::kTooFewJoints);
}

}  // namespace
}  // namespace gyre
