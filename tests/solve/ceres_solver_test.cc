// SPDX-License-Identifier: Apache-2.0
#include "solve/ceres_solver.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>

#include "core/types.h"

namespace gyre {
namespace {

// r = weight (a - b - offset), of two blocks of one number each.
class Difference final : public ResidualGroup {
 public:
  Difference(int a, int b, double weight, double offset)
      : ResidualGroup(1, {a, b}), weight_(weight), offset_(offset) {}
  bool Evaluate(const double* const* values, double* residuals, double** jacobians) const override {
    residuals[0] = weight_ * (values[0][0] - values[1][0] - offset_);
    if (jacobians == nullptr) return true;
    if (jacobians[0] != nullptr) jacobians[0][0] = weight_;
    if (jacobians[1] != nullptr) jacobians[1][0] = -weight_;
    return true;
  }

 private:
  double weight_, offset_;
};

// r = (10 (y - x^2), 1 - x); no value left of `wall`.
class Rosenbrock final : public ResidualGroup {
 public:
  explicit Rosenbrock(double wall = -1e300) : ResidualGroup(2, {0}), wall_(wall) {}
  bool Evaluate(const double* const* values, double* residuals, double** jacobians) const override {
    const double x = values[0][0], y = values[0][1];
    if (x < wall_) return false;
    residuals[0] = 10 * (y - x * x);
    residuals[1] = 1 - x;
    if (jacobians == nullptr || jacobians[0] == nullptr) return true;
    const double jacobian[] = {-20 * x, 10, -1, 0};
    std::copy(std::begin(jacobian), std::end(jacobian), jacobians[0]);
    return true;
  }

 private:
  double wall_;
};

TEST(CeresSolverTest, FindsTheMinimum) {
  double x[] = {-1.2, 1};
  LeastSquares problem;
  problem.blocks = {{x, 2}};
  problem.groups.push_back(std::make_unique<Rosenbrock>());
  const SolverResult result = SolveByCeres(problem, {200, 1e-14});
  EXPECT_EQ(result.termination, Termination::kConverged);
  EXPECT_NEAR(x[0], 1, 1e-5);
  EXPECT_NEAR(x[1], 1, 1e-5);
  EXPECT_LT(result.cost, 1e-9);
  EXPECT_GT(result.iterations, 5);
}

TEST(CeresSolverTest, TheCostIsTheSumOfSquares) {
  double a = 3, b = 1;
  LeastSquares problem;
  problem.blocks = {{&a, 1, true}, {&b, 1, true}};
  problem.groups.push_back(std::make_unique<Difference>(0, 1, 1.5, 0.4));
  problem.groups.push_back(std::make_unique<Difference>(1, 0, 0.5, 0.4));
  const SolverResult result = SolveByCeres(problem, {});
  EXPECT_EQ(result.termination, Termination::kConverged);  // nothing moves
  EXPECT_NEAR(result.cost, 2.4 * 2.4 + 1.2 * 1.2, 1e-12);
  EXPECT_EQ(a, 3);
  EXPECT_EQ(b, 1);
}

TEST(CeresSolverTest, AStartWithoutValueFailsAndStays) {
  double x[] = {-1.2, 1};
  LeastSquares problem;
  problem.blocks = {{x, 2}};
  problem.groups.push_back(std::make_unique<Rosenbrock>(/*wall=*/0));
  const SolverResult result = SolveByCeres(problem, {});
  EXPECT_EQ(result.termination, Termination::kFailed);
  EXPECT_TRUE(std::isinf(result.cost));
  EXPECT_EQ(x[0], -1.2);
  EXPECT_EQ(x[1], 1);
}

// r = sqrt(x) - 1, of which a full step from 9 asks below 0.
class Root final : public ResidualGroup {
 public:
  Root() : ResidualGroup(1, {0}) {}
  bool Evaluate(const double* const* values, double* residuals, double** jacobians) const override {
    const double root = std::sqrt(values[0][0]);
    residuals[0] = root - 1;
    if (jacobians != nullptr && jacobians[0] != nullptr) jacobians[0][0] = 0.5 / root;
    return true;
  }
};

// Left to itself Ceres writes to standard error of every such number.
TEST(CeresSolverTest, WhereANumberIsNotFiniteThereIsNoValueAndNoNoise) {
  const auto solve = [](double* x) {
    LeastSquares problem;
    problem.blocks = {{x, 1}};
    problem.groups.push_back(std::make_unique<Root>());
    testing::internal::CaptureStderr();
    const SolverResult result = SolveByCeres(problem, {200, 1e-14});
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    return result;
  };
  double x = 9, flat = 0, wrong = -4;
  EXPECT_EQ(solve(&x).termination, Termination::kConverged);
  EXPECT_NEAR(x, 1, 1e-5);
  EXPECT_EQ(solve(&flat).termination, Termination::kFailed);  // its slope is infinite
  EXPECT_EQ(flat, 0);
  const SolverResult of_wrong = solve(&wrong);
  EXPECT_EQ(of_wrong.termination, Termination::kFailed);
  EXPECT_TRUE(std::isinf(of_wrong.cost));
  EXPECT_EQ(of_wrong.iterations, 0);
  EXPECT_EQ(wrong, -4);
}

// Though what the others say of it is good.
TEST(CeresSolverTest, OneGroupWithoutValueIsEnoughToFail) {
  double a = 3, b = -1;
  LeastSquares problem;
  problem.blocks = {{&a, 1}, {&b, 1}};
  problem.groups.push_back(std::make_unique<Difference>(0, 1, 1.5, 0.4));
  class RootOfSecond final : public ResidualGroup {
   public:
    RootOfSecond() : ResidualGroup(1, {1}) {}
    bool Evaluate(const double* const* values, double* residuals,
                  double** jacobians) const override {
      residuals[0] = std::sqrt(values[0][0]);
      if (jacobians != nullptr && jacobians[0] != nullptr) jacobians[0][0] = 0.5 / residuals[0];
      return true;
    }
  };
  problem.groups.push_back(std::make_unique<RootOfSecond>());
  problem.groups.push_back(std::make_unique<Difference>(1, 0, 0.5, 0.4));
  testing::internal::CaptureStderr();
  const SolverResult result = SolveByCeres(problem, {50, 1e-12});
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(result.termination, Termination::kFailed);
  EXPECT_TRUE(std::isinf(result.cost));
  EXPECT_EQ(a, 3);
  EXPECT_EQ(b, -1);
}

// A chain of differences with both ends known, of which only neighbours meet: what it costs to
// stretch is shared out evenly. Large enough to be solved sparse.
TEST(CeresSolverTest, SparseProblemsEndWhereTheyShould) {
  constexpr int kLinks = 300;
  std::vector<double> x(kLinks + 1, 0.5);
  x.front() = 2;
  x.back() = 8;
  LeastSquares problem;
  for (double& value : x) problem.blocks.push_back({&value, 1});
  problem.blocks.front().constant = problem.blocks.back().constant = true;
  for (int i = 0; i < kLinks; ++i) {
    problem.groups.push_back(std::make_unique<Difference>(i + 1, i, 3, 0.01));
  }
  EXPECT_NEAR(problem.Density(), 2.0 / (kLinks - 1), 1e-4);
  const SolverResult result = SolveByCeres(problem, {50, 1e-12});
  EXPECT_EQ(result.termination, Termination::kConverged);
  for (int i = 0; i <= kLinks; ++i) EXPECT_NEAR(x[i], 2 + 6.0 * i / kLinks, 1e-6) << i;
  EXPECT_NEAR(result.cost, kLinks * std::pow(3 * (6.0 / kLinks - 0.01), 2), 1e-9);
}

TEST(CeresSolverTest, DensityCountsWhatMoves) {
  double a = 0, b[3] = {}, c = 0;
  LeastSquares problem;
  problem.blocks = {{&a, 1}, {b, 3}, {&c, 1, /*constant=*/true}};
  problem.groups.push_back(std::make_unique<Difference>(0, 2, 1, 0));
  EXPECT_NEAR(problem.Density(), 1.0 / 4, 1e-15);
  problem.groups.push_back(std::make_unique<Difference>(1, 2, 1, 0));
  EXPECT_NEAR(problem.Density(), (1 + 3) / 8.0, 1e-15);
}

TEST(CeresSolverTest, GroupsWithoutRowsAndBlocksWithoutValuesAreLeftOut) {
  class Nothing final : public ResidualGroup {
   public:
    Nothing() : ResidualGroup(0, {0}) {}
    bool Evaluate(const double* const*, double*, double**) const override { return true; }
  };
  double a = 3, b = 1;
  LeastSquares problem;
  problem.blocks = {{&a, 1}, {&b, 1}, {nullptr, 0}};
  problem.groups.push_back(std::make_unique<Nothing>());
  problem.groups.push_back(std::make_unique<Difference>(0, 1, 2, 0.25));
  EXPECT_LT(SolveByCeres(problem, {50, 1e-12}).cost, 1e-12);
  EXPECT_NEAR(a - b, 0.25, 1e-6);
}

}  // namespace
}  // namespace gyre
