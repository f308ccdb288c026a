// SPDX-License-Identifier: Apache-2.0
#include "fitting/backends/fused_chart.h"

#include <gtest/gtest.h>

#include <numbers>
#include <numeric>

#include "body/test_body.h"
#include "core/so3.h"
#include "fitting/backends/charted_solver.h"
#include "fitting/terms/hand_prior.h"
#include "fitting/terms/jaw_prior.h"
#include "fitting/terms/penetration.h"
#include "fitting/terms/pose_prior.h"
#include "fitting/terms/reprojection.h"
#include "fitting/terms/shape_prior.h"

namespace gyre {
namespace {

// A whole body that the joints of its skeleton are seen of, but for the right hand's, which is
// held.
struct Problem {
  std::shared_ptr<const BodyModel> body = std::make_shared<BodyModel>(MakeRandomSmplx(4));
  std::shared_ptr<const FoldedJoints> joints =
      std::make_shared<FoldedJoints>(FoldedJoints::Skeleton(*body));
  BodyParams start{*body->layout};
  ParamChart chart{Direct(), {MakeHandPiece(HandPca(*body, 0))}};

  Problem() {
    start.rotation(0) = Vec3(std::numbers::pi - 0.1, 0.2, 0.1);
    start.transl() = Vec3(0.1, -0.1, 7);
  }
  std::vector<int> Direct() const {
    std::vector<int> direct;
    for (int i = 0; i < body->layout->num_params(); ++i) {
      if (i < 75 || i >= body->layout->num_pose()) direct.push_back(i);
    }
    return direct;
  }
  Objective MakeObjective(bool with_more) const {
    Rng rng(5, RngStream::kTest);
    BodyParams truth = start;
    for (double& value : truth.values()) value += 0.15 * rng.Normal();
    const Points3 seen = joints->Positions(truth);
    const Camera camera{900, Vec2(310, 220)};
    std::vector<Observation> observations;
    for (int k = 0; k < 40; ++k) {
      observations.push_back({k, camera.Project(seen.row(k).transpose()), 0.4 + 0.01 * k});
    }
    Objective::Terms terms;
    terms.push_back(std::make_unique<ReprojectionTerm>(observations, std::vector<View>{{camera}}));
    terms.push_back(std::make_unique<PosePriorTerm>(
        std::make_shared<LayoutPrior>(LoadPosePrior(), *body->layout), 1.3));
    terms.push_back(std::make_unique<SpringTerm>(ShapePrior(1.7, *body->layout)));
    terms.push_back(std::make_unique<HandPriorTerm>(
        std::vector<HandPca>{HandPca(*body, 0), HandPca(*body, 1)}, 2.4));
    terms.push_back(
        std::make_unique<JawPriorTerm>(JawPriorTerm::SpringsOf(*body->layout, /*eyes=*/true), 11));
    if (with_more) {
      const std::vector<Penetration> found = {{17, 5, Vec3(0.5, 0.2, 0.3), Vec3(0, 0.6, 0.8), 0.1},
                                              {60, 8, Vec3(0.3, 0.3, 0.4), Vec3(0.6, 0, -0.8), 0}};
      terms.push_back(std::make_unique<PenetrationTerm>(
          *body, found, PoseBody(*body, start).vertices, start, 0.3, 20));
    }
    Objective objective(joints, std::move(terms), {}, start);
    objective.set_sigma_px(60);
    return objective;
  }
};

TEST(FusedChart, LandsWhereCeresLands) {
  const Problem problem;
  for (const bool with_more : {false, true}) {
    Objective objective = problem.MakeObjective(with_more);
    ASSERT_TRUE(FusedOnChartApplies(objective, problem.chart));
    const SolverOptions options{200, 1e-12};
    BodyParams by_ceres = problem.start, fused = problem.start;
    VecX x = problem.chart.Coordinates(problem.start), y = x;
    const double begin = objective.Cost(problem.start);
    const SolverResult reference =
        SolveOnChart(objective, problem.chart, {}, options, &x, &by_ceres);
    FusedChartWorkspace workspace;
    const SolverResult result =
        SolveFusedOnChart(objective, problem.chart, options, workspace, &y, &fused);
    EXPECT_LT(result.cost, 0.5 * begin);
    EXPECT_NEAR(result.cost, reference.cost, 1e-6 * reference.cost) << with_more;
    EXPECT_NEAR(result.cost, objective.Cost(fused), 1e-9 * result.cost) << with_more;
    EXPECT_LT((fused.values() - by_ceres.values()).cwiseAbs().maxCoeff(), 2e-3) << with_more;
    EXPECT_EQ(VecX(fused.values().segment(120, 45)), VecX(problem.start.values().segment(120, 45)));
    EXPECT_LT((problem.chart.Coordinates(fused) - y).norm(), 1e-9);
  }
}

// Three coordinates of a wrist and a hand's twelve, in the small solver, and the same workspace
// for both.
TEST(FusedChart, ChartsOfOneHand) {
  const Problem problem;
  Objective objective = problem.MakeObjective(false);
  const ParamChart hand({60, 61, 62}, {MakeHandPiece(HandPca(*problem.body, 0))});
  FusedChartWorkspace workspace;
  BodyParams first = problem.start;
  VecX x = problem.chart.Coordinates(first);
  SolveFusedOnChart(objective, problem.chart, {3, 1e-3}, workspace, &x, &first);
  BodyParams fused = first, by_ceres = first;
  VecX y = hand.Coordinates(first), z = y;
  const SolverOptions options{100, 1e-12};
  const SolverResult result = SolveFusedOnChart(objective, hand, options, workspace, &y, &fused);
  const SolverResult reference = SolveOnChart(objective, hand, {}, options, &z, &by_ceres);
  EXPECT_NEAR(result.cost, reference.cost, 1e-7 * reference.cost);
  EXPECT_LT((y - z).cwiseAbs().maxCoeff(), 1e-3);
}

TEST(FusedChart, SaysWhatItCannot) {
  const Problem problem;
  Objective objective = problem.MakeObjective(false);
  std::vector<int> all(problem.body->layout->num_params());
  std::iota(all.begin(), all.end(), 0);
  EXPECT_FALSE(FusedOnChartApplies(objective, ParamChart(all, {})));  // too many
  objective.Add(std::make_unique<SpringTerm>("spring", 1, 80, 3, SpringTerm::Target::kZero));
  EXPECT_FALSE(FusedOnChartApplies(objective, problem.chart));  // on what a piece gives
}

}  // namespace
}  // namespace gyre
