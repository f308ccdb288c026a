// SPDX-License-Identifier: Apache-2.0
#include "fitting/posterior.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Eigen/LU>
#include <cmath>
#include <numbers>

#include "fitting/test_problems.h"
#include "fitting/uncertainty.h"
#include "fitting/unseen_limbs.h"

namespace gyre {
namespace {

// A left knee that nothing observes and a left shoulder that is seen, about their x, everything
// else held. Both components have 0.2 rad; noise is sqrt 8 px, so that 0.2 rad weigh 8 / 0.04 =
// 200.
//   knee      0.2 rad in the first component, of weight 0.7, and 1.1 in the second
//   shoulder  0 and 0.5 rad, observed at 0.14 rad with a weight of 500: 0.1 in the first,
//             (500 0.14 + 200 0.5) / 700 in the second
// The observation has the likelihood exp(-(0.14 - m)^2 / (2 (0.04 + 8 / 500))) in each; the weights
// are as the sixth roots of 0.7 exp(-0.175) and 0.3 exp(-1.157143).
class PosteriorTest : public testing::Test {
 protected:
  static constexpr int kKnee = 3 * 4, kShoulder = 3 * 16;

  PosteriorTest() : params_(SmplLayout()) {
    RowMatX means = RowMatX::Zero(2, kNumPriorPose);
    means(0, kKnee - 3) = 0.2;
    means(1, kKnee - 3) = 1.1;
    means(1, kShoulder - 3) = 0.5;
    const PriorMatrix covariance = 0.04 * PriorMatrix::Identity();
    prior_ = std::make_unique<LayoutPrior>(
        std::make_shared<PosePrior>(VecX{{0.7, 0.3}}, means, std::vector{covariance, covariance},
                                    "test"),
        SmplLayout());
    params_.values()[kKnee] = 0.2;
    params_.values()[kShoulder] = 0.1;
  }

  // `misfit`: 500 (0.1 - 0.14)^2 + 200 0.1^2 = 2.8, or what it is said to be.
  Posterior Over(double misfit, int rows) const {
    FitOptimum optimum{params_, {}, 0, rows, 4};
    optimum.normal.params = {kKnee, kShoulder};
    optimum.normal.values = VecX{{200, 700}}.asDiagonal();
    optimum.cost = misfit + 16 * prior_->components()[0].neg_log_weight;
    return PosteriorOverComponents(std::move(optimum), *prior_);
  }

  BodyParams params_;
  std::unique_ptr<LayoutPrior> prior_;
};

TEST_F(PosteriorTest, ComponentsWeighByWhatTheyExplain) {
  const Posterior posterior = Over(2.8, 1);
  EXPECT_NEAR(posterior.noise_px, std::sqrt(8), 1e-12);
  ASSERT_EQ(posterior.gaussians.size(), 2u);
  const PosteriorGaussian &first = posterior.gaussians[0], &second = posterior.gaussians[1];
  EXPECT_NEAR(first.weight, 0.575642, 1e-6);
  EXPECT_NEAR(second.weight, 0.424358, 1e-6);
  EXPECT_NEAR(first.mean.values()[kKnee], 0.2, 1e-9);
  EXPECT_NEAR(first.mean.values()[kShoulder], 0.1, 1e-9);
  EXPECT_NEAR(second.mean.values()[kKnee], 1.1, 1e-9);
  EXPECT_NEAR(second.mean.values()[kShoulder], 170.0 / 700, 1e-9);
  EXPECT_NEAR(posterior.Mean().values()[kKnee], 0.581923, 1e-6);
  EXPECT_EQ(posterior.Mean().values()[5], 0);
}

// The knee is as far from where it is said to be as each of the two has it, and they lie apart.
// And a number of shape, which the prior says nothing of, but which the shoulder's observation ties
// to it. The second component has half the variance in knee and shoulder, so of its own
//   information  400 | 900 300 | 300 400, det 400 270000; of the first 200 190000
//   gradient     400 (0.2 - 1.1) = -360 | 400 (0.1 - 0.5) - 200 0.1 = -180, 0
//   step         -0.9 | (400 (-180), 300 180) / 270000 = -0.266667, 0.2
//   cost         400 (0.81 + 0.16) - 360 0.9 - 180 0.266667 = 16; of the first 2
// and weighs exp((-14 / 16 + ln 3/7 + ln 2 - 0.5 ln(108 / 38)) / 6) of the first.
TEST_F(PosteriorTest, WhatThePriorDoesNotKnowMovesAlong) {
  constexpr int kShape = 3 * 24;
  RowMatX means = RowMatX::Zero(2, kNumPriorPose);
  means(0, kKnee - 3) = 0.2;
  means(1, kKnee - 3) = 1.1;
  means(1, kShoulder - 3) = 0.5;
  const PriorMatrix wide = 0.04 * PriorMatrix::Identity();
  PriorMatrix narrow = wide;
  narrow(kKnee - 3, kKnee - 3) = narrow(kShoulder - 3, kShoulder - 3) = 0.02;
  const LayoutPrior prior(
      std::make_shared<PosePrior>(VecX{{0.7, 0.3}}, means, std::vector{wide, narrow}, "test"),
      SmplLayout());
  FitOptimum optimum{params_, {}, 0, 1, 4};
  optimum.normal.params = {kKnee, kShoulder, kShape};
  optimum.normal.values = RowMatX{{200, 0, 0}, {0, 700, 300}, {0, 300, 400}};
  optimum.cost = 2.8 + 16 * prior.components()[0].neg_log_weight;
  const Posterior posterior = PosteriorOverComponents(std::move(optimum), prior);
  ASSERT_EQ(posterior.gaussians.size(), 2u);
  const PosteriorGaussian &first = posterior.gaussians[0], &second = posterior.gaussians[1];
  EXPECT_NEAR(first.weight, 0.564285, 1e-6);
  EXPECT_NEAR(second.mean.values()[kKnee], 1.1, 1e-9);
  EXPECT_NEAR(second.mean.values()[kShoulder], 0.366667, 1e-6);
  EXPECT_NEAR(second.mean.values()[kShape], -0.2, 1e-9);
  // The covariance of shoulder and shape is that of all three together.
  const Eigen::MatrixXd covariance = second.information.solve(Eigen::MatrixXd::Identity(3, 3));
  EXPECT_NEAR(covariance(1, 2), -300.0 / 270000, 1e-9);
}

TEST_F(PosteriorTest, UncertaintyIsWithinAndBetween) {
  const auto body = MakeStickBody();
  const FoldedJoints skeleton = FoldedJoints::Skeleton(*body);
  const FitUncertainty mixed = EstimateUncertainty(Over(2.8, 1), skeleton, params_);
  EXPECT_NEAR(mixed.rotation_sd_rad[4], std::sqrt((0.04 + 0.424358 * 0.81) / 3), 1e-6);
  EXPECT_NEAR(mixed.rotation_sd_rad[16],
              std::sqrt((8.0 / 700 + 0.424358 * std::pow(170.0 / 700 - 0.1, 2)) / 3), 1e-6);
  EXPECT_EQ(mixed.rotation_sd_rad[5], 0);
  // The left ankle, 41 cm below the knee and 4 cm behind it: its offset in the second body, the
  // knee bent by 0.9 rad more, counts as such.
  BodyParams bent = params_;
  bent.values()[kKnee] = 1.1;
  const Vec3 apart = (skeleton.Positions(bent) - skeleton.Positions(params_)).row(7).transpose();
  const auto slope = [&](const BodyParams& at) -> Vec3 {
    Points3 positions;
    RowMatX jacobian;
    skeleton.Evaluate(at, &positions, &jacobian);
    return jacobian.block<3, 1>(3 * 7, kKnee);
  };
  const Vec3 here = slope(params_), there = slope(bent);
  const Mat3 expected = 0.575642 * 0.04 * here * here.transpose() +
                        0.424358 * (0.04 * there * there.transpose() + apart * apart.transpose());
  EXPECT_LT((mixed.joint_cov_m2[7] - expected).cwiseAbs().maxCoeff(), 1e-7);
  EXPECT_GT(expected.trace(), 0.01);
  EXPECT_EQ(mixed.joint_cov_m2[8], Mat3::Zero());  // the other ankle
}

// Three and a half times the misfit that there should be: so much more noise, in data and prior.
// Of many parameters, not all of them: N^-1 and J N^-1 J^T by Eigen.
TEST(UncertaintyOfMany, IsThatOfTheInverse) {
  const auto body = MakeStickBody();
  const FoldedJoints skeleton = FoldedJoints::Skeleton(*body);
  Rng rng(21, RngStream::kTest);
  BodyParams params(*body->layout);
  for (double& value : params.values()) value = 0.3 * rng.Normal();
  Posterior posterior;
  posterior.noise_px = 1.7;
  for (int i = 0; i < body->layout->num_params(); ++i) {
    if (i % 3 != 1 || i > 70) posterior.params.push_back(i);
  }
  const auto n = static_cast<Eigen::Index>(posterior.params.size());
  ASSERT_EQ(n, 61);  // no multiple of the kernels' four, nor of the columns solved at a time
  RowMatX half(2 * n, n);
  for (double& value : half.reshaped()) value = rng.Normal();
  const Eigen::MatrixXd information = half.transpose() * half;
  PosteriorGaussian& gaussian = posterior.gaussians.emplace_back();
  gaussian.mean = params;
  gaussian.information.compute(information);
  const FitUncertainty found = EstimateUncertainty(posterior, skeleton, params);

  const Eigen::MatrixXd covariance = 1.7 * 1.7 * information.inverse();
  VecX variance = VecX::Zero(24);
  for (Eigen::Index i = 0; i < n && posterior.params[i] < 72; ++i) {
    variance[posterior.params[i] / 3] += covariance(i, i) / 3;
  }
  Points3 positions;
  RowMatX jacobian;
  skeleton.Evaluate(params, &positions, &jacobian);
  const Eigen::MatrixXd moving = jacobian(Eigen::all, posterior.params);
  const Eigen::MatrixXd of_joints = moving * covariance * moving.transpose();
  for (int k = 0; k < 24; ++k) {
    EXPECT_NEAR(found.rotation_sd_rad[k], std::sqrt(variance[k]), 1e-10) << k;
    const Mat3 expected = of_joints.block<3, 3>(3 * k, 3 * k);
    EXPECT_LT((found.joint_cov_m2[k] - expected).norm(), 1e-10 * (1 + expected.norm())) << k;
    const double depth =
        of_joints(3 * k + 2, 3 * k + 2) + of_joints(2, 2) - 2 * of_joints(3 * k + 2, 2);
    EXPECT_NEAR(found.depth_sd_m[k], std::sqrt(std::max(0.0, depth)), 1e-7) << k;
  }
}

TEST_F(PosteriorTest, APersonUnlikeThePriorIsLessSure) {
  EXPECT_NEAR(Over(28, 1).noise_px, std::sqrt(28), 1e-9);
  EXPECT_NEAR(Over(28, 4).noise_px, std::sqrt(14), 1e-9);  // two rows more than Student's two
  EXPECT_NEAR(Over(28, 7).noise_px, std::sqrt(8), 1e-9);
  // (exp(-0.175 / 3.5) 0.7 : exp(-1.157143 / 3.5) 0.3)^(1/6)
  EXPECT_NEAR(Over(28, 1).gaussians[0].weight, 0.546858, 1e-6);
}

TEST_F(PosteriorTest, WhatExplainsNothingIsLeftOut) {
  params_.values()[kShoulder] = -5;  // and 5.5 rad from the second: 66 in the exponent
  FitOptimum optimum{params_, {{kKnee, kShoulder}, VecX{{200, 1e6}}.asDiagonal()}, 0, 1, 4};
  optimum.cost = 200 * 25 + 16 * prior_->components()[0].neg_log_weight;
  optimum.rows = 1000;
  const Posterior posterior = PosteriorOverComponents(std::move(optimum), *prior_);
  ASSERT_EQ(posterior.gaussians.size(), 1u);
  EXPECT_EQ(posterior.gaussians[0].weight, 1);
}

class UnseenLimbsTest : public testing::Test {
 protected:
  UnseenLimbsTest()
      : set_{"some",
             {"OP LHip", "OP RHip", "OP LKnee", "OP RKnee", "OP LAnkle", "OP RAnkle", "OP LElbow",
              "OP RElbow", "OP LWrist", "OP RWrist"}},
        joints_(*body_, set_),
        limbs_(*body_, joints_) {}

  // Of all of the set but these, and with a confidence.
  Observations Without(const std::vector<std::string_view>& hidden,
                       double confidence = 0.75) const {
    Observations observed;
    for (int i = 0; i < set_.size(); ++i) {
      if (std::ranges::count(hidden, set_.joints[i]) > 0) continue;
      observed.body.push_back({i, Vec2::Zero(), confidence});
    }
    return observed;
  }
  std::vector<std::string> Unobserved(const std::vector<std::string_view>& hidden) const {
    std::vector<std::string> names;
    for (const int k : limbs_.Unobserved(Without(hidden)))
      names.push_back(body_->layout->joints[k]);
    return names;
  }

  std::shared_ptr<const BodyModel> body_ = MakeStickBody();
  KeypointSet set_;
  FoldedJoints joints_;
  UnseenLimbs limbs_;
};

TEST_F(UnseenLimbsTest, BeginWhereNothingTells) {
  using testing::ElementsAre;
  EXPECT_THAT(Unobserved({}), ElementsAre());
  // A hidden elbow whose wrist is seen bends so that the wrist is there.
  EXPECT_THAT(Unobserved({"OP LElbow", "OP RKnee"}), ElementsAre());
  EXPECT_THAT(Unobserved({"OP LAnkle"}), ElementsAre("L_Knee", "L_Ankle", "L_Foot"));
  EXPECT_THAT(Unobserved({"OP RKnee", "OP RAnkle"}),
              ElementsAre("R_Hip", "R_Knee", "R_Ankle", "R_Foot"));
  // Of an arm alone neither shoulder nor collar is seen here.
  EXPECT_THAT(Unobserved({"OP LWrist", "OP LElbow"}),
              ElementsAre("L_Collar", "L_Shoulder", "L_Elbow", "L_Wrist", "L_Hand"));
}

// An annotators' hip is a point of the thigh, three centimetres beside the joint.
TEST_F(UnseenLimbsTest, WhatHardlyMovesTellsNothing) {
  const KeypointSet set{
      "hips",
      {"Left Hip", "Right Hip", "OP RKnee", "OP RAnkle", "OP Neck", "OP LWrist", "OP RWrist"}};
  const FoldedJoints joints(*body_, set);
  const UnseenLimbs limbs(*body_, joints);
  Observations observed;
  for (int i = 0; i < set.size(); ++i) observed.body.push_back({i, Vec2::Zero(), 0.75});
  EXPECT_EQ(limbs.Unobserved(observed), (std::vector<int>{1, 4, 7, 10}));
}

TEST_F(UnseenLimbsTest, AnyHiddenLimbJointCounts) {
  EXPECT_FALSE(limbs_.AnyHidden(Without({})));
  EXPECT_FALSE(limbs_.AnyHidden(Without({"OP LHip"})));
  EXPECT_TRUE(limbs_.AnyHidden(Without({"OP RElbow"})));
  EXPECT_TRUE(limbs_.AnyHidden(Without({}, 0.3))) << "0.09 of a detection";
  EXPECT_FALSE(limbs_.AnyHidden(Without({}, 0.33)));
}

TEST_F(UnseenLimbsTest, RestInTheMeanAndNotBentBackwards) {
  const BodyLayout& layout = *body_->layout;
  const int knee = layout.IndexOf("L_Knee"), hip = layout.IndexOf("L_Hip");
  Posterior posterior;
  for (const double weight : {0.75, 0.25}) {
    PosteriorGaussian& gaussian = posterior.gaussians.emplace_back();
    gaussian.weight = weight;
    gaussian.mean = BodyParams(layout);
    gaussian.mean.rotation(hip) = 4 * weight * Vec3(0.1, 0.2, 0.4);
    gaussian.mean.rotation(knee) = Vec3(weight > 0.5 ? -0.4 : 0.2, 0.125, 0);
    gaussian.mean.transl() = Vec3(7, 8, 9);
  }
  BodyParams params(layout);
  params.values().tail(50).setConstant(0.5);
  const BodyParams rested = limbs_.AtRest(posterior, {hip, knee}, params);
  EXPECT_LT((rested.rotation(hip) - 2.5 * Vec3(0.1, 0.2, 0.4)).norm(), 1e-12);
  EXPECT_LT((rested.rotation(knee) - Vec3(0, 0.125, 0)).norm(), 1e-12);  // not -0.25
  EXPECT_EQ(rested.rotation(7), params.rotation(7));
  EXPECT_EQ(rested.transl(), params.transl());
}

}  // namespace
}  // namespace gyre
