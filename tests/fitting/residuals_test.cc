// SPDX-License-Identifier: Apache-2.0
#include "fitting/residuals.h"

#include <ceres/jet.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "core/rng.h"
#include "core/so3.h"
#include "fitting/jacobian_check.h"
#include "fitting/test_problems.h"

namespace gyre {
namespace {

TEST(JacobianCheck, PassesTheRightAndCatchesTheWrongJacobian) {
  const auto with_factor = [](double factor) {
    return [factor](const VecX& x, RowMatX* jacobian) -> VecX {
      if (jacobian != nullptr) {
        jacobian->resize(2, 2);
        *jacobian << std::cos(x[0]), 0, factor * x[1], x[0];
      }
      return VecX{{std::sin(x[0]), x[0] * x[1]}};
    };
  };
  const VecX x{{0.7, -1.3}};
  EXPECT_LT(WorstJacobianError(with_factor(1), x), 1e-9);
  EXPECT_NEAR(WorstJacobianError(with_factor(1.01), x), 0.01, 1e-6);
}

class ObjectiveTest : public testing::Test {
 protected:
  // Two joints seen, one of them twice with different weights.
  ObjectiveSpec MakeSpec() {
    ObjectiveSpec spec;
    spec.views = {{{1000, {320, 240}}, 0.7}};
    spec.observations = {{7, {300, 400}, 0.8}, {25, {340, 100}, 0.5}, {7, {310, 395}, 1}};
    spec.start = params_;
    spec.start.transl().z() += 0.4;
    spec.start.pose().array() += 0.1;
    return spec;
  }
  Objective Make(const ObjectiveSpec& spec) { return Objective(joints_, prior_, spec); }

  double JacobianError(const ObjectiveSpec& spec, const BodyParams& at) {
    Objective objective = Make(spec);
    VecX x(objective.num_params());
    objective.Pack(at, x);
    return WorstJacobianError(
        [&](const VecX& values, RowMatX* jacobian) {
          BodyParams params = at;
          objective.Unpack(values, &params);
          VecX residuals(objective.num_residuals());
          EXPECT_TRUE(objective.Evaluate(params, residuals, jacobian));
          return residuals;
        },
        x);
  }

  std::shared_ptr<const BodyModel> body_ = MakeStickBody();
  std::shared_ptr<const PosePrior> prior_ = MakeStickPrior();
  std::shared_ptr<const FoldedJoints> joints_ =
      std::make_shared<FoldedJoints>(*body_, SpinJoints());
  BodyParams params_ = [] {
    Rng rng(3, RngStream::kTest);
    BodyParams params{SmplLayout()};
    for (double& value : params.pose()) value = 0.3 * rng.Normal();
    for (double& value : params.betas()) value = rng.Normal();
    params.rotation(0) = Vec3(3.0, 0.2, -0.4);
    params.transl() = Vec3{0.1, -0.2, 6};
    return params;
  }();
};

TEST_F(ObjectiveTest, JacobianOfEveryTermEqualsDifferences) {
  ObjectiveSpec spec = MakeSpec();
  EXPECT_LT(JacobianError(spec, params_), 1e-6) << "squared error";
  spec.sigma_px = 100;
  EXPECT_LT(JacobianError(spec, params_), 1e-6) << "robust per joint";
  spec.robust_per_coordinate = true;
  EXPECT_LT(JacobianError(spec, params_), 1e-6) << "robust per coordinate";
  spec.pose_prior_weight = 4.78;
  EXPECT_LT(JacobianError(spec, params_), 1e-6) << "mixture";
  spec.angle_prior_weight = 15.2;
  EXPECT_LT(JacobianError(spec, params_), 1e-6) << "angles";
  spec.angle_prior = AnglePrior::kLimit;
  for (const AnglePriorEntry& angle : kAnglePrior) params_.pose()[angle.pose_idx] = 0.4 * angle.sign;
  EXPECT_LT(JacobianError(spec, params_), 1e-6) << "limits";
  spec.shape_prior_weight = 5;
  spec.depth_anchor = 100;
  spec.start_anchor = 20;
  EXPECT_LT(JacobianError(spec, params_), 1e-6) << "linear terms";
}

TEST_F(ObjectiveTest, SeveralViewsAndPointsInSpace) {
  ObjectiveSpec spec = MakeSpec();
  spec.sigma_px = 100;
  spec.views.push_back({{1200, {300, 200}}, 0.5, ExpSO3({0.1, 1.2, -0.2}), {-6, 0.3, 5}});
  spec.observations.push_back({9, {310, 300}, 0.9, 1});
  spec.points = {{12, {0.1, -0.4, 6.2}, 300}, {7, {0, 0.3, 6}, 100}};
  EXPECT_LT(JacobianError(spec, params_), 1e-6);

  const Points3 points = joints_->Positions(params_);
  spec.observations.erase(spec.observations.begin(), spec.observations.begin() + 3);
  const Objective::Costs costs = Make(spec).Evaluate(params_);
  const Vec3 seen = spec.views[1].rotation * points.row(9).transpose() + spec.views[1].translation;
  const double s = 0.25 * (Vec2(1200 * seen.head<2>() / seen.z() + Vec2(300, 200)) -
                           spec.observations[0].point_px)
                              .squaredNorm();
  EXPECT_NEAR(costs.reprojection, 0.81 * 1e4 * s / (1e4 + s), 1e-8 * s);
  EXPECT_NEAR(costs.points,
              9e4 * (points.row(12).transpose() - spec.points[0].point).squaredNorm() +
                  1e4 * (points.row(7).transpose() - spec.points[1].point).squaredNorm(),
              1e-6);
}

TEST_F(ObjectiveTest, RootOnlyJacobianEqualsDifferences) {
  ObjectiveSpec spec = MakeSpec();
  spec.root_only = true;
  spec.depth_anchor = 100;
  spec.start_anchor = 20;
  Objective objective = Make(spec);
  EXPECT_EQ(objective.num_params(), 6);
  EXPECT_EQ(objective.num_residuals(), 2 * 3 + 1 + 3);
  EXPECT_LT(JacobianError(spec, params_), 1e-6);
}

TEST_F(ObjectiveTest, JacobianHoldsAtZeroNearPiAndAtPi) {
  ObjectiveSpec spec = MakeSpec();
  spec.sigma_px = 100;
  for (double angle : {0.0, 1e-9, 1e-5, std::numbers::pi - 1e-6, std::numbers::pi}) {
    BodyParams params = params_;
    params.rotation(0) = Vec3(angle, 0, 0);
    params.rotation(4) = Vec3(0, angle, 0);
    EXPECT_LT(JacobianError(spec, params), 1e-6) << angle;
  }
}

// The robust residual once more, for Ceres' jets to differentiate.
template <typename T>
Eigen::Matrix<T, 2, 1> RobustOracle(const Eigen::Matrix<T, 2, 1>& e, bool per_coordinate) {
  const T s = e[0] * e[0] + e[1] * e[1];
  Eigen::Matrix<T, 2, 1> r;
  for (int i = 0; i < 2; ++i) {
    using std::sqrt;
    r[i] = e[i] / sqrt(1.0 + (per_coordinate ? e[i] * e[i] : s) / 1e4);
  }
  return r;
}

// A body moved sideways at fixed depth moves its pixels in proportion: d r / d t_x follows from the
// oracle's d r / d e.
TEST_F(ObjectiveTest, RobustRowsEqualAutomaticDifferentiation) {
  for (bool per_coordinate : {false, true}) {
    ObjectiveSpec spec = MakeSpec();
    spec.sigma_px = 100;
    spec.robust_per_coordinate = per_coordinate;
    spec.observations.resize(1);
    Objective objective = Make(spec);
    VecX r(2);
    RowMatX jacobian;
    ASSERT_TRUE(objective.Evaluate(params_, r, &jacobian));

    const Vec3 point = joints_->Positions(params_).row(7).transpose();
    const Observation& seen = spec.observations[0];
    const Vec2 e =
        spec.views[0].pixel_scale * (spec.views[0].camera.Project(point) - seen.point_px);
    ASSERT_GT(e.norm(), 10);
    using Jet = ceres::Jet<double, 2>;
    const Eigen::Matrix<Jet, 2, 1> oracle =
        RobustOracle<Jet>({Jet(e[0], 0), Jet(e[1], 1)}, per_coordinate);
    const Vec2 expected(oracle[0].a, oracle[1].a);
    Eigen::Matrix2d dr_de;
    dr_de << oracle[0].v.transpose(), oracle[1].v.transpose();
    EXPECT_LT((r - seen.weight * expected).norm(), 1e-12);
    const double de_dtx = spec.views[0].pixel_scale * spec.views[0].camera.focal_px / point.z();
    EXPECT_LT((jacobian.col(82) - seen.weight * de_dtx * dr_de.col(0)).norm(), 1e-10);
  }
}

TEST_F(ObjectiveTest, CostsAreTheObjectiveByHand) {
  ObjectiveSpec spec = MakeSpec();
  spec.sigma_px = 100;
  spec.pose_prior_weight = 4.78;
  spec.angle_prior_weight = 15.2;
  spec.shape_prior_weight = 5;
  spec.depth_anchor = 100;
  Objective objective = Make(spec);
  const Objective::Costs costs = objective.Evaluate(params_);
  const Points3 points = joints_->Positions(params_);
  double reprojection = 0;
  for (const Observation& o : spec.observations) {
    const Vec2 pixel = spec.views[0].camera.Project(points.row(o.joint).transpose());
    const double s = 0.49 * (pixel - o.point_px).squaredNorm();
    reprojection += o.weight * o.weight * 1e4 * s / (1e4 + s);
  }
  EXPECT_NEAR(costs.reprojection, reprojection, 1e-8 * reprojection);
  EXPECT_NEAR(costs.pose_prior, 4.78 * 4.78 * prior_->Energy(params_.pose().tail<kNumPriorPose>()),
              1e-6);
  EXPECT_NEAR(costs.angle_prior,
              15.2 * 15.2 *
                  (std::exp(2 * params_.pose()[55]) + std::exp(-2 * params_.pose()[58]) +
                   std::exp(-2 * params_.pose()[12]) + std::exp(-2 * params_.pose()[15])),
              1e-8);
  EXPECT_NEAR(costs.shape_prior, 25 * params_.betas().squaredNorm(), 1e-9);
  EXPECT_NEAR(costs.depth_anchor, 1e4 * 0.4 * 0.4, 1e-6);
  EXPECT_EQ(costs.start_anchor, 0);
}

TEST_F(ObjectiveTest, BodyBehindTheCameraCannotBeEvaluated) {
  ObjectiveSpec spec = MakeSpec();
  params_.transl().z() = -6;
  Objective objective = Make(spec);
  VecX residuals(objective.num_residuals());
  EXPECT_FALSE(objective.Evaluate(params_, residuals, nullptr));
  EXPECT_TRUE(std::isinf(objective.Evaluate(params_).Total()));
}

}  // namespace
}  // namespace gyre
