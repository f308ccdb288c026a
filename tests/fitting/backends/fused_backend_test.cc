// SPDX-License-Identifier: Apache-2.0
#include "fitting/backends/fused_backend.h"

#include <gtest/gtest.h>

#include "body/reduced_body.h"
#include "fitting/backends/backend_problem.h"
#include "fitting/backends/ceres_backend.h"
#include "fitting/backends/smpl_sizes.h"
#include "fitting/terms/autodiff_term.h"

namespace gyre {
namespace {

class FusedBackendTest : public testing::Test {
 protected:
  std::unique_ptr<const FusedModel> Model(const DenseKernels* kernels = nullptr) const {
    return FusedModel::Of(*problem_.body->layout, problem_.joints, problem_.prior, kernels);
  }
  const BackendProblem problem_;
};

TEST_F(FusedBackendTest, NormalEquationsAreThoseOfTheTerms) {
  for (const bool per_coordinate : {false, true}) {
    const BackendProblem::Person person = problem_.MakePerson(5);
    const BodyParams at = Disturbed(person.start, 0.1, 6);
    Objective objective = problem_.MakeBody(person, true, per_coordinate);
    VecX r(objective.num_residuals());
    RowMatX jacobian;
    ASSERT_TRUE(objective.Evaluate(at, r, &jacobian));
    const RowMatX expected = jacobian.transpose() * jacobian;
    const VecX expected_gradient = jacobian.transpose() * r;
    for (const DenseKernels* kernels :
         {&PortableKernels<SmplSizes::kParams>(), &BestKernels<SmplSizes::kParams>()}) {
      FusedWorkspace workspace;
      RowMatX normal;
      VecX gradient;
      Model(kernels)->NormalEquations(objective, workspace, at, &normal, &gradient);
      EXPECT_LT((normal - expected).norm(), 1e-11 * expected.norm()) << kernels->name;
      EXPECT_LT((gradient - expected_gradient).norm(), 1e-11 * expected_gradient.norm());
    }
  }
}

TEST_F(FusedBackendTest, LandsWhereCeresLands) {
  const auto model = Model();
  FusedWorkspace workspace;
  for (const bool translation_free : {true, false}) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      const BackendProblem::Person person = problem_.MakePerson(seed);
      Objective objective = problem_.MakeBody(person, translation_free, seed % 2 == 0);
      ASSERT_TRUE(model->Applies(objective));
      const SolverOptions options{100, 1e-9};
      BodyParams fused = person.start, ceres = person.start;
      const SolverResult by_fused = model->Solve(objective, options, workspace, &fused);
      const SolverResult by_ceres = SolveWithCeres(objective, options, &ceres);
      EXPECT_NE(by_fused.termination, Termination::kFailed);
      EXPECT_NEAR(by_fused.cost, by_ceres.cost, 1e-6 * by_ceres.cost) << seed;
      EXPECT_NEAR(by_fused.cost, objective.Cost(fused), 1e-9 * by_fused.cost) << seed;
      EXPECT_LT((fused.values() - ceres.values()).norm(), 0.02) << seed;
      if (!translation_free) {
        EXPECT_EQ(fused.transl(), person.start.transl());
        EXPECT_EQ(ceres.transl(), person.start.transl());
      }
    }
  }
}

struct Nothing {
  template <typename T>
  bool operator()(std::span<const AutodiffFrame<T>>, T* residuals) const {
    residuals[0] = T(0);
    return true;
  }
};

// A new term that keeps the elbow near the knee, of the kind whose rows read one parameter.
class Coupled final : public ParamTerm {
 public:
  Coupled() : ParamTerm("coupled", 7, 2) {}
  void FillRows(const BodyParams& params, const BodyParams&, Row* rows) const override {
    rows[0] = {40, 7 * (params.values()[40] - 0.3), 7};
    rows[1] = {75, 7 * std::sin(params.values()[75]), 7 * std::cos(params.values()[75])};
  }
};

TEST_F(FusedBackendTest, AppliesToWhatItCanSolve) {
  const auto model = Model();
  const BackendProblem::Person person = problem_.MakePerson(1);
  EXPECT_TRUE(model->Applies(problem_.MakeBody(person)));
  EXPECT_TRUE(model->Applies(problem_.MakeBody(person, false)));
  EXPECT_FALSE(model->Applies(problem_.MakeTorso(person))) << "most is held";

  std::vector<int> free(85);
  std::iota(free.begin(), free.end(), 0);
  const auto with = [&](std::unique_ptr<const Term> term, std::vector<int> moving) {
    Objective::Terms terms = problem_.AllTerms(person);
    if (term != nullptr) terms.push_back(std::move(term));
    return Objective(problem_.joints, std::move(terms), std::move(moving), person.start);
  };
  EXPECT_TRUE(model->Applies(with(nullptr, free)));
  EXPECT_TRUE(model->Applies(with(std::make_unique<Coupled>(), free)));
  EXPECT_FALSE(model->Applies(with(
      std::make_unique<AutodiffTerm<Nothing>>("new", 1, 1, std::vector<int>{}, Nothing()), free)));
  EXPECT_FALSE(model->Applies(with(std::make_unique<PosePriorTerm>(problem_.prior, 1), free)))
      << "two priors";
  free.erase(free.begin() + 30, free.begin() + 33);
  EXPECT_FALSE(model->Applies(with(nullptr, free))) << "a joint is held";

  const BackendProblem other;
  EXPECT_FALSE(model->Applies(other.MakeBody(person))) << "other joints";
  const std::vector<std::string> few = {"Pelvis", "L_Hip", "L_Knee"};
  const BodyModel reduced = ReduceBody(*problem_.body, few, 4);
  EXPECT_EQ(FusedModel::Of(*reduced.layout, problem_.joints, problem_.prior), nullptr);
}

TEST_F(FusedBackendTest, SolvesNewTermsOfItsKinds) {
  const BackendProblem::Person person = problem_.MakePerson(2);
  std::vector<int> free(85);
  std::iota(free.begin(), free.end(), 0);
  Objective::Terms terms = problem_.AllTerms(person);
  terms.push_back(std::make_unique<Coupled>());
  Objective objective(problem_.joints, std::move(terms), free, person.start);
  FusedWorkspace workspace;
  BodyParams fused = person.start, ceres = person.start;
  const SolverResult by_fused = Model()->Solve(objective, {100, 1e-9}, workspace, &fused);
  const SolverResult by_ceres = SolveWithCeres(objective, {100, 1e-9}, &ceres);
  EXPECT_NEAR(by_fused.cost, by_ceres.cost, 1e-6 * by_ceres.cost);
  EXPECT_NEAR(by_fused.cost, objective.Cost(fused), 1e-9 * by_fused.cost);
}

TEST_F(FusedBackendTest, AStartBehindTheCameraFailsAndStays) {
  FusedWorkspace workspace;
  const BackendProblem::Person person = problem_.MakePerson(1);
  BodyParams behind = person.start;
  behind.transl().z() = -8;
  const BodyParams before = behind;
  const Objective objective = problem_.MakeBody(person);
  EXPECT_EQ(Model()->Solve(objective, {}, workspace, &behind).termination, Termination::kFailed);
  EXPECT_EQ(behind.values(), before.values());
}

// A workspace carries nothing from one fit to the next.
TEST_F(FusedBackendTest, AUsedWorkspaceGivesTheSameBytes) {
  const auto model = Model();
  FusedWorkspace used, unused;
  const BackendProblem::Person person = problem_.MakePerson(3);
  BodyParams other = problem_.MakePerson(2).start;
  model->Solve(problem_.MakeBody(problem_.MakePerson(2)), {}, used, &other);
  const Objective objective = problem_.MakeBody(person);
  BodyParams again = person.start, fresh = person.start;
  model->Solve(objective, {}, used, &again);
  model->Solve(objective, {}, unused, &fresh);
  EXPECT_EQ(again.values(), fresh.values());
}

}  // namespace
}  // namespace gyre
