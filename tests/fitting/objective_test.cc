// SPDX-License-Identifier: Apache-2.0
#include "fitting/objective.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "fitting/backends/backend_problem.h"
#include "fitting/jacobian_check.h"
#include "fitting/observations.h"
#include "fitting/terms/autodiff_term.h"
#include "fitting/terms/shape_prior.h"
#include "fitting/terms/term_list.h"

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

// r = 3 (th_5 + th_40), a term that no field of ObjectiveTerms is named after.
struct Sum {
  template <typename T>
  bool operator()(std::span<const AutodiffFrame<T>> frames, T* residuals) const {
    residuals[0] = 3.0 * (frames[0].params[5] + frames[0].params[40]);
    return true;
  }
};

class ObjectiveTest : public testing::Test {
 protected:
  const BackendProblem problem_;
  const BackendProblem::Person person_ = problem_.MakePerson(5);
  const BodyParams at_ = Disturbed(person_.start, 0.1, 6);
};

TEST_F(ObjectiveTest, OneTermTakesThePlaceOfItsNamesake) {
  Objective objective = problem_.MakeBody(person_);
  BodyParams at = at_;
  at.shape().setConstant(-0.7);
  const ObjectiveTerms before = objective.Costs(at);
  const int rows = objective.num_residuals();
  objective.Replace(std::make_unique<SpringTerm>(ShapePrior(2.5, *problem_.body->layout)));
  EXPECT_EQ(objective.num_residuals(), rows);
  const ObjectiveTerms after = objective.Costs(at);
  const auto shapes = static_cast<double>(at.shape().size());
  EXPECT_NEAR(before.shape_prior, 25 * 0.49 * shapes, 1e-9);  // 5, SPIN's
  EXPECT_NEAR(after.shape_prior, 6.25 * 0.49 * shapes, 1e-9);
  EXPECT_EQ(after.pose_prior, before.pose_prior);
  // Without a namesake nothing is added.
  const size_t terms = objective.terms().size();
  objective.Replace(
      std::make_unique<SpringTerm>("no such term", 1.0, 0, 3, SpringTerm::Target::kZero));
  EXPECT_EQ(objective.terms().size(), terms);
}

TEST_F(ObjectiveTest, JacobianEqualsDifferences) {
  Objective objective = problem_.MakeBody(person_);
  const double error = WorstJacobianError(
      [&](const VecX& x, RowMatX* jacobian) {
        BodyParams params = at_;
        params.values() = x;
        VecX residuals(objective.num_residuals());
        EXPECT_TRUE(objective.Evaluate(params, residuals, jacobian));
        return residuals;
      },
      at_.values());
  EXPECT_LT(error, 1e-6);
}

TEST_F(ObjectiveTest, RowsStandTermByTerm) {
  Objective objective = problem_.MakeBody(person_);
  VecX residuals(objective.num_residuals());
  ASSERT_TRUE(objective.Evaluate(at_, residuals, nullptr));
  const int seen = 2 * static_cast<int>(person_.observations.size());
  EXPECT_EQ(objective.num_residuals(), seen + 3 + 70 + 4 + 10 + 1 + 72);
  EXPECT_EQ(objective.num_params(), 85);
  EXPECT_EQ(objective.free().size(), 85);
  const int shape = seen + 3 + 70 + 4;
  EXPECT_NEAR(residuals[shape + 2], 5 * at_.betas()[2], 1e-12);
  EXPECT_NEAR(residuals[shape + 10], 10 * (at_.transl().z() - person_.start.transl().z()), 1e-12);
  EXPECT_NEAR(residuals[shape + 11 + 71], 3 * (at_.pose()[71] - person_.start.pose()[71]), 1e-12);
}

TEST_F(ObjectiveTest, CostsAreTheObjectiveByHand) {
  Objective objective = problem_.MakeBody(person_);
  const ObjectiveTerms costs = objective.Costs(at_);
  const Points3 joints = problem_.joints->Positions(at_);
  double reprojection = 0;
  for (const Observation& seen : person_.observations) {
    const View& view = person_.views[seen.view];
    const Vec3 point = view.rotation * joints.row(seen.joint).transpose() + view.translation;
    const double s =
        std::pow(view.pixel_scale, 2) * (view.camera.Project(point) - seen.point_px).squaredNorm();
    reprojection += seen.weight * seen.weight * 1e4 * s / (1e4 + s);
  }
  EXPECT_NEAR(costs.reprojection, reprojection, 1e-8 * reprojection);
  EXPECT_NEAR(costs.points,
              900 * (joints.row(5).transpose() - person_.points[0].point).squaredNorm(), 1e-6);
  EXPECT_NEAR(costs.pose_prior, 4.78 * 4.78 * problem_.prior->Energy(at_), 1e-6);
  const VecX th = at_.pose();
  EXPECT_NEAR(costs.angle_prior,
              15.2 * 15.2 *
                  (std::exp(2 * th[55]) + std::exp(-2 * th[58]) + std::exp(-2 * th[12]) +
                   std::exp(-2 * th[15])),
              1e-8);
  EXPECT_NEAR(costs.shape_prior, 25 * at_.betas().squaredNorm(), 1e-9);
  EXPECT_NEAR(costs.depth_anchor, 100 * std::pow(at_.transl().z() - person_.start.transl().z(), 2),
              1e-9);
  EXPECT_NEAR(costs.start_anchor, 9 * (th - person_.start.pose()).squaredNorm(), 1e-9);
  EXPECT_EQ(costs.other, 0);
  EXPECT_EQ(costs.BodyTotal(), objective.Cost(at_));
}

TEST_F(ObjectiveTest, ScaleAndAnchorCanBeChanged) {
  Objective objective = problem_.MakeBody(person_);
  const ObjectiveTerms robust = objective.Costs(at_);
  objective.set_sigma_px(0);
  const double squared = objective.Costs(at_).reprojection;
  EXPECT_GT(squared, robust.reprojection);
  objective.set_sigma_px(1e9);
  EXPECT_NEAR(objective.Costs(at_).reprojection, squared, 1e-6 * squared);
  objective.set_anchor(at_);
  EXPECT_EQ(objective.Costs(at_).start_anchor, 0);
  EXPECT_EQ(objective.Costs(at_).depth_anchor, 0);
  EXPECT_EQ(objective.sigma_px(), 1e9);
  EXPECT_EQ(objective.anchor().values(), at_.values());
}

TEST_F(ObjectiveTest, ATermOfAnotherNameCountsAsOther) {
  Objective::Terms terms = problem_.PlaceTerms(person_);
  terms.push_back(std::make_unique<AutodiffTerm<Sum>>("sum", 3, 1, std::vector<int>{}, Sum()));
  Objective objective(problem_.joints, std::move(terms), {5, 40}, person_.start);
  EXPECT_NEAR(objective.Costs(at_).other, 9 * std::pow(at_.pose()[5] + at_.pose()[40], 2), 1e-12);
  EXPECT_NEAR(objective.Cost(at_), objective.Costs(at_).BodyTotal(), 1e-9);
}

TEST_F(ObjectiveTest, BodyBehindTheCameraCannotBeEvaluated) {
  Objective objective = problem_.MakeBody(person_);
  BodyParams behind = at_;
  behind.transl().z() = -6;
  VecX residuals(objective.num_residuals());
  EXPECT_FALSE(objective.Evaluate(behind, residuals, nullptr));
  EXPECT_TRUE(std::isinf(objective.Cost(behind)));
  EXPECT_TRUE(std::isinf(objective.Costs(behind).reprojection));
  EXPECT_TRUE(std::isinf(objective.Costs(behind).BodyTotal()));
}

TEST_F(ObjectiveTest, ANumberThatIsNotFiniteIsNoValue) {
  Objective objective = problem_.MakeBody(person_);
  BodyParams wild = at_;
  wild.pose()[55] = 1e6;  // exp of it
  EXPECT_TRUE(std::isinf(objective.Cost(wild)));
}

std::vector<std::string> NamesOf(const Objective::Terms& terms) {
  std::vector<std::string> names;
  for (const auto& term : terms) names.emplace_back(term->name());
  return names;
}

class TermListTest : public testing::Test {
 protected:
  Objective::Terms Make(FitStage stage, bool informed_start = true) const {
    return MakeTerms({options_, stage, observed_, SmplLayout(), prior_, informed_start});
  }
  using Names = std::vector<std::string>;

  FitOptions options_;
  Observations observed_ = [] {
    Observations observed;
    observed.views = {View{}};
    observed.torso = {{3, {10, 20}, 0.5}};
    observed.body = {{3, {10, 20}, 0.5}, {4, {30, 20}, 0.25}};
    observed.body_points = {{2, {0, 0, 5}, 100}};
    return observed;
  }();
  std::shared_ptr<const LayoutPrior> prior_ =
      std::make_shared<LayoutPrior>(MakeStickPrior(), SmplLayout());
};

TEST_F(TermListTest, EachStageHasItsTerms) {
  options_.start_anchor = 2;
  options_.torso_depth_anchor = 7;
  options_.body_depth_anchor = 8;
  const auto torso = Make(FitStage::kTorso), body = Make(FitStage::kBody);
  EXPECT_EQ(NamesOf(torso), (Names{"reprojection", "depth_anchor", "start_anchor"}));
  EXPECT_EQ(NamesOf(body), (Names{"reprojection", "points", "pose_prior", "angle_prior",
                                  "shape_prior", "depth_anchor", "start_anchor"}));
  EXPECT_EQ(torso[0]->rows(), 2);
  EXPECT_EQ(torso[1]->weight(), 7);
  EXPECT_EQ(torso[2]->weight(), 20);
  EXPECT_EQ(torso[2]->rows(), 3) << "the root alone";
  EXPECT_EQ(body[0]->rows(), 4);
  EXPECT_EQ(body[2]->weight(), 4.78);
  EXPECT_EQ(body[3]->weight(), 34);
  EXPECT_EQ(body[4]->weight(), 5);
  EXPECT_EQ(body[5]->weight(), 8);
  EXPECT_EQ(body[6]->rows(), 72);
}

TEST_F(TermListTest, AWeightOfZeroLeavesATermOut) {
  options_.pose_prior_weight = options_.angle_prior_weight = options_.shape_prior_weight = 0;
  options_.body_depth_anchor = options_.torso_depth_anchor = options_.torso_orientation_anchor = 0;
  observed_.body_points.clear();
  EXPECT_EQ(NamesOf(Make(FitStage::kBody)), (Names{"reprojection"}));
  EXPECT_EQ(NamesOf(Make(FitStage::kTorso)), (Names{"reprojection"}));
}

TEST_F(TermListTest, AnchorsNeedSomethingToHold) {
  options_.start_anchor = 2;
  EXPECT_EQ(NamesOf(Make(FitStage::kBody, false)).back(), "depth_anchor") << "no informed start";
  options_.body_translation_free = false;
  EXPECT_EQ(NamesOf(Make(FitStage::kBody, false)).back(), "shape_prior");
}

}  // namespace
}  // namespace gyre
