// SPDX-License-Identifier: Apache-2.0
#include "solve/levenberg_marquardt.h"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <limits>

#include "core/types.h"

namespace gyre {
namespace {

// r = (10 (y - x^2), 1 - x), Rosenbrock's; its minimum is 0 at (1, 1). No value left of `wall`.
class Rosenbrock {
 public:
  explicit Rosenbrock(Vec2 start) : candidate_(start) {}

  double wall = -std::numeric_limits<double>::infinity();
  double EvaluateCandidate() const {
    if (candidate_.x() < wall) return std::numeric_limits<double>::infinity();
    return Residual(candidate_).squaredNorm();
  }
  void Accept() { current_ = candidate_; }
  void Linearise() {
    Eigen::Matrix2d jacobian;
    jacobian << -20 * current_.x(), 10, -1, 0;
    normal_ = jacobian.transpose() * jacobian;
    gradient_ = jacobian.transpose() * Residual(current_);
  }
  bool Step(double damping, double* predicted) {
    if (fail_steps > 0 && fail_steps-- > 0) return false;
    Eigen::Matrix2d damped = normal_;
    damped.diagonal() *= 1 + damping;
    const Vec2 step = damped.llt().solve(gradient_);
    *predicted =
        Residual(current_).squaredNorm() - (Residual(current_) - Jacobian() * step).squaredNorm();
    candidate_ = current_ - step;
    return true;
  }
  const Vec2& current() const { return current_; }
  int fail_steps = 0;

 private:
  static Vec2 Residual(const Vec2& p) { return {10 * (p.y() - p.x() * p.x()), 1 - p.x()}; }
  Eigen::Matrix2d Jacobian() const {
    Eigen::Matrix2d jacobian;
    jacobian << -20 * current_.x(), 10, -1, 0;
    return jacobian;
  }
  Vec2 current_ = Vec2::Zero(), candidate_;
  Eigen::Matrix2d normal_;
  Vec2 gradient_;
};

SolverResult Minimise(Rosenbrock* problem, const SolverOptions& options) {
  const double cost = problem->EvaluateCandidate();
  problem->Accept();
  return MinimiseByLevenbergMarquardt(*problem, cost, options);
}

TEST(LevenbergMarquardtTest, FindsTheMinimum) {
  Rosenbrock problem({-1.2, 1});
  const SolverResult result = Minimise(&problem, {200, 1e-14});
  EXPECT_EQ(result.termination, Termination::kConverged);
  EXPECT_LT((problem.current() - Vec2(1, 1)).norm(), 1e-5);
  EXPECT_LT(result.cost, 1e-12);
  EXPECT_GT(result.iterations, 5);
}

TEST(LevenbergMarquardtTest, StopsAtItsLimitAndNeverEndsWorse) {
  double last = 24.2;  // at the start
  for (const int limit : {1, 2, 5, 9}) {
    Rosenbrock problem({-1.2, 1});
    const SolverResult result = Minimise(&problem, {limit, 1e-14});
    EXPECT_EQ(result.termination, Termination::kMaxIterations);
    EXPECT_EQ(result.iterations, limit);
    EXPECT_LE(result.cost, last);
    last = result.cost;
  }
  EXPECT_LT(last, 5);
}

TEST(LevenbergMarquardtTest, AStartWithoutValueFailsAndStays) {
  Rosenbrock problem({-1.2, 1});
  problem.wall = 0;
  const SolverResult result = Minimise(&problem, {});
  EXPECT_EQ(result.termination, Termination::kFailed);
  EXPECT_EQ(result.iterations, 0);
  EXPECT_EQ(problem.current(), Vec2(-1.2, 1));
}

TEST(LevenbergMarquardtTest, StepsBehindTheWallAreTakenBack) {
  Rosenbrock problem({1.7, 3.1});
  problem.wall = 1.2;
  const SolverResult result = Minimise(&problem, {200, 1e-12});
  EXPECT_EQ(result.termination, Termination::kConverged);
  EXPECT_GE(problem.current().x(), 1.2);
  EXPECT_LT(result.cost, 0.6);  // 4.9 at the start
}

TEST(LevenbergMarquardtTest, SurvivesAMatrixThatCannotBeSolved) {
  Rosenbrock some({-1.2, 1}), all({-1.2, 1});
  some.fail_steps = 3;
  EXPECT_LT(Minimise(&some, {200, 1e-14}).cost, 1e-12);
  all.fail_steps = 1000;
  const SolverResult result = Minimise(&all, {200, 1e-14});
  EXPECT_EQ(result.iterations, 8);  // rejected in a row
  EXPECT_NEAR(result.cost, 24.2, 1e-12);
  EXPECT_EQ(all.current(), Vec2(-1.2, 1));
}

}  // namespace
}  // namespace gyre
