// SPDX-License-Identifier: Apache-2.0
// Whole bodies whose keypoints are made up: what is seen and what is not, and people who run into
// themselves. Needs a body with hands and face.
#include "fitting/whole_body.h"

#include <gtest/gtest.h>

#include <chrono>
#include <numbers>

#include "body/mesh_collision.h"
#include "body/test_body.h"
#include "core/error.h"
#include "core/so3.h"
#include "fitting/fitter.h"

namespace gyre {
namespace {

class WholeBodyFit : public testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path path = kSharedData / "body_x/cc0_body_x.npz";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
    body_ = LoadBodyModel(path.string());
  }
  Fitter MakeFitter(const FitOptions& options = FitOptions::WholeBody()) const {
    return {body_, LoadPosePrior(), options, FindKeypointSet("openpose135")};
  }
  // Upright before the camera, arms down, hands at their mean but for some coefficients.
  BodyParams Standing(uint64_t seed) const {
    Rng rng(seed, RngStream::kTest);
    BodyParams params(*body_->layout);
    params.rotation(0) =
        LogSO3(ExpSO3({0, rng.Normal(0, 0.4), 0}) * ExpSO3({std::numbers::pi, 0, 0}));
    params.rotation(16) = Vec3{0, rng.Normal(0, 0.1), -1.1 + rng.Normal(0, 0.15)};
    params.rotation(17) = Vec3{0, rng.Normal(0, 0.1), 1.1 + rng.Normal(0, 0.15)};
    params.rotation(18) = Vec3{0, -0.6 + rng.Normal(0, 0.2), 0};
    params.rotation(19) = Vec3(0, 0.6 + rng.Normal(0, 0.2), 0);
    params.rotation(22) = Vec3(0.15, 0, 0);
    for (const int right : {0, 1}) {
      const HandPca hand(*body_, right);
      VecX c = VecX::Zero(hand.size());
      for (int i = 0; i < 4; ++i) c[i] = rng.Normal(0, 0.7);
      params.values()(hand.params()) = hand.mean() + hand.basis() * c;
    }
    for (double& value : params.betas()) value = rng.Normal(0, 0.5);
    for (double& value : params.expression()) value = rng.Normal(0, 0.5);
    params.transl() = Vec3(0.2, 0.1, 9);
    return params;
  }
  FitProblem Seen(const Fitter& fitter, const BodyParams& truth, uint64_t seed) const {
    Rng rng(seed, RngStream::kNoise);
    const Points3 joints = fitter.Joints(truth);
    FitProblem problem;
    problem.camera = {3000, Vec2(480, 500)};
    problem.keypoints_px.setZero(joints.rows(), 2);
    problem.confidence.setZero(joints.rows());
    for (Eigen::Index i = 0; i < joints.rows(); ++i) {
      if (!joints.row(i).allFinite()) continue;
      const Vec2 pixel = problem.camera.Project(joints.row(i).transpose());
      problem.keypoints_px.row(i) =
          pixel.transpose() + Eigen::RowVector2d{rng.Normal(), rng.Normal()};
      problem.confidence[i] = 0.7 + 0.2 * std::sin(static_cast<double>(i));
    }
    const auto box = BoxAroundPoints(problem.keypoints_px, problem.confidence, 1.2);
    problem.pixel_scale = kReferenceCropPx / box->side_px;
    problem.has_start = problem.start_has_translation = false;
    problem.start = BodyParams(*body_->layout);
    return problem;
  }

  std::shared_ptr<const BodyModel> body_;
};

double MeanErrorPx(const VecX& errors, int first, int count) {
  double sum = 0, seen = 0;
  for (int i = first; i < first + count; ++i) {
    if (std::isnan(errors[i])) continue;
    sum += errors[i];
    ++seen;
  }
  return sum / seen;
}

TEST_F(WholeBodyFit, HandsAndFaceFollowTheirKeypoints) {
  const Fitter fitter = MakeFitter();
  for (uint64_t seed = 0; seed < 4; ++seed) {
    const BodyParams truth = Standing(seed);
    const FitResult result = fitter.Fit(Seen(fitter, truth, seed));
    ASSERT_TRUE(result.summary.usable) << result.summary.reason_text;
    const VecX& errors = result.summary.per_joint_error_px;
    EXPECT_LT(MeanErrorPx(errors, 25, 42), 4) << seed;
    EXPECT_LT(MeanErrorPx(errors, 67, 51), 2) << seed;
    EXPECT_GT(result.params.rotation(22).norm(), 0.02) << seed;
    EXPECT_GT(result.params.expression().norm(), 0.1) << seed;
  }
}

TEST_F(WholeBodyFit, WhatIsNotSeenRests) {
  FitOptions options = FitOptions::WholeBody();
  options.estimate_uncertainty = true;
  const Fitter fitter = MakeFitter(options);
  FitProblem problem = Seen(fitter, Standing(9), 9);
  problem.confidence.segment(46, 21).setConstant(0.15);  // the right hand: too unsure
  problem.confidence.segment(67, 51).setZero();          // the face
  const FitResult result = fitter.Fit(problem);
  ASSERT_TRUE(result.summary.usable) << result.summary.reason_text;
  const HandPca right(*body_, 1), left(*body_, 0);
  EXPECT_EQ(VecX(result.params.values()(right.params())), right.mean());
  EXPECT_NE(VecX(result.params.values()(left.params())), left.mean());
  EXPECT_EQ(result.params.expression().norm(), 0);
  EXPECT_EQ(result.params.rotation(22), Vec3::Zero());
  ASSERT_TRUE(result.uncertainty);
  EXPECT_GT(result.uncertainty->rotation_sd_rad[26], 0);  // of the left index finger
  EXPECT_EQ(result.uncertainty->rotation_sd_rad[41], 0);  // held
}

TEST_F(WholeBodyFit, HandsAloneAreNobody) {
  const Fitter fitter = MakeFitter();
  FitProblem problem = Seen(fitter, Standing(3), 3);
  problem.confidence.head(25).setZero();
  const FitResult result = fitter.Fit(problem);
  EXPECT_FALSE(result.summary.usable);
  EXPECT_EQ(result.summary.reason, FitReason::kTooFewJoints);
  EXPECT_TRUE(result.params.Fits(*body_->layout));
}

TEST_F(WholeBodyFit, BodiesWithoutHandsAreRefused) {
  EXPECT_THROW(Fitter(std::make_shared<BodyModel>(MakeBuiltinBody()), LoadPosePrior(),
                      FitOptions::WholeBody(), FindKeypointSet("openpose135")),
               UserError);
  EXPECT_THROW(
      Fitter(body_, LoadPosePrior(), FitOptions::Smplifyx(), FindKeypointSet("openpose135")),
      UserError);  // without VPoser
}

// Arms crossed and hands on hips, deeper than people can.
TEST_F(WholeBodyFit, CollisionsBecomeFewer) {
  FitOptions options = FitOptions::WholeBody();
  const Fitter without = MakeFitter(options);
  options.collision_weight = 100;
  const Fitter with = MakeFitter(options);
  const FaceParts limbs = FacePartsOf(*body_);
  const MeshCollision mesh(body_->v_template, body_->faces, &limbs);
  const auto pairs_of = [&](const BodyParams& params) {
    return static_cast<int>(mesh.Find(PoseBody(*body_, params).vertices).size());
  };
  int people = 0, before = 0, after = 0;
  double px_before = 0, px_after = 0, seconds_before = 0, seconds_after = 0;
  for (uint64_t seed = 0; people < 6 && seed < 200; ++seed) {
    Rng rng(seed, RngStream::kTest, 5);
    BodyParams truth = Standing(seed);
    const auto about = [&](double angle) { return angle + rng.Normal(0, 0.15); };
    const bool crossed = seed % 2 == 0;
    if (crossed) {
      truth.rotation(16) = Vec3{0, about(-0.7), about(-1.1)};
      truth.rotation(17) = Vec3{0, about(0.7), about(1.1)};
      truth.rotation(18) = Vec3{0, about(-1.8), 0};
      truth.rotation(19) = Vec3{0, about(1.8), 0};
    } else {
      truth.rotation(16) = Vec3{0, about(0.4), about(-0.9)};
      truth.rotation(17) = Vec3{0, about(-0.4), about(0.9)};
      truth.rotation(18) = Vec3{0, about(-1.1), about(-1.1)};
      truth.rotation(19) = Vec3{0, about(1.1), about(1.1)};
    }
    if (pairs_of(truth) < 40) continue;
    const FitProblem problem = Seen(without, truth, seed);
    const FitResult free = without.Fit(problem);
    const int pairs = pairs_of(free.params);
    if (!free.summary.usable || pairs < 40) continue;
    const FitResult held = with.Fit(problem);
    ASSERT_TRUE(held.summary.usable) << held.summary.reason_text;
    ++people;
    before += pairs;
    after += pairs_of(held.params);
    px_before += free.summary.score.reprojection_px / 6;
    px_after += held.summary.score.reprojection_px / 6;
    seconds_before += free.summary.seconds / 6;
    seconds_after += held.summary.seconds / 6;
  }
  std::printf("  %d people: %d pairs -> %d; %.2f px -> %.2f; %.1f ms -> %.1f ms\n", people, before,
              after, px_before, px_after, 1000 * seconds_before, 1000 * seconds_after);
  ASSERT_EQ(people, 6);
  EXPECT_LT(after, 0.12 * before);
  EXPECT_LT(px_after, px_before + 0.3);
}

// The same without any file.
class BuiltinWholeBodyFit : public WholeBodyFit {
 protected:
  void SetUp() override {
    static const auto body = LoadBodyModel("builtin-x");
    body_ = body;
  }
};

TEST_F(BuiltinWholeBodyFit, APosedBodyIsRecoveredFromItsKeypoints) {
  const Fitter fitter = MakeFitter();
  for (uint64_t seed = 0; seed < 3; ++seed) {
    const BodyParams truth = Standing(seed);
    const FitResult result = fitter.Fit(Seen(fitter, truth, seed));
    ASSERT_TRUE(result.summary.usable) << result.summary.reason_text;
    // Keypoints are off by 1 px, 1.25 in the mean of both axes.
    const VecX& errors = result.summary.per_joint_error_px;
    EXPECT_LT(MeanErrorPx(errors, 0, 25), 2) << seed;
    EXPECT_LT(MeanErrorPx(errors, 25, 42), 2) << seed;
    EXPECT_LT(MeanErrorPx(errors, 67, 51), 2) << seed;
    // Ends of fingers in space, from their wrists: the keypoints say nothing of depth.
    const Points3 found = fitter.Joints(result.params), meant = fitter.Joints(truth);
    for (const int wrist : {25, 46}) {
      for (const int tip : {4, 8, 12, 16, 20}) {
        const Vec3 off = (found.row(wrist + tip) - found.row(wrist)) -
                         (meant.row(wrist + tip) - meant.row(wrist));
        EXPECT_LT(off.norm(), 0.04) << seed << " " << wrist << " " << tip;
      }
    }
    EXPECT_NEAR(result.params.rotation(22).x(), 0.15, 0.08) << seed;  // the jaw
  }
}

// One faces the camera upright in the prior's mean, the other is a network's: in poses far from the
// mean the second is better, and it must be the better one that goes on.
TEST_F(BuiltinWholeBodyFit, TheBetterOfTwoStartsGoesOn) {
  const Fitter fitter = MakeFitter();
  FitOptions options = FitOptions::WholeBody();
  options.cold_start = ColdStart::kMean;
  const Fitter upright = MakeFitter(options);
  int better = 0;
  for (const uint64_t seed : {0, 4, 11, 12, 20}) {
    BodyParams truth = Standing(seed);
    Rng rng(seed, RngStream::kTest, 7);
    const PriorPose pose = fitter.prior().Sample(rng, 1.4);
    for (int k = 1; k <= 21; ++k) truth.rotation(k) = pose.segment<3>(3 * (k - 1));
    const FitProblem problem = Seen(fitter, truth, seed);
    const double of_both = fitter.Fit(problem).summary.after.BodyTotal();
    const double of_upright = upright.Fit(problem).summary.after.BodyTotal();
    EXPECT_LT(of_both, 1.05 * of_upright) << seed;
    better += of_both < 0.95 * of_upright ? 1 : 0;
  }
  EXPECT_GE(better, 3);
}

}  // namespace
}  // namespace gyre
