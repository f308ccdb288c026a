// SPDX-License-Identifier: Apache-2.0
#include <ceres/cost_function.h>
#include <ceres/iteration_callback.h>
#include <ceres/problem.h>
#include <ceres/solver.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "core/error.h"
#include "solve/ceres_solver.h"

namespace gyre {
namespace {

// Ceres writes to standard error, whatever its options are, when the start has no value and
// wherever a number is not finite. So it is given nothing of the kind: a number whose square is not
// finite is no value, and a start without value is told as if it cost nothing, then given up.
struct Start {
  bool evaluated = false, failed = false;
};

class GiveUpBadStart final : public ceres::IterationCallback {
 public:
  explicit GiveUpBadStart(Start* start) : start_(start) {}
  ceres::CallbackReturnType operator()(const ceres::IterationSummary&) override {
    start_->evaluated = true;
    return start_->failed ? ceres::SOLVER_ABORT : ceres::SOLVER_CONTINUE;
  }

 private:
  Start* start_;
};

class GroupCost final : public ceres::CostFunction {
 public:
  GroupCost(const ResidualGroup& group, const std::vector<ParameterBlock>& blocks, Start* start)
      : group_(group), start_(start) {
    set_num_residuals(group.rows());
    for (const int block : group.blocks()) {
      mutable_parameter_block_sizes()->push_back(blocks[block].size);
    }
  }

  bool Evaluate(double const* const* values, double* residuals, double** jacobians) const override {
    bool good = group_.Evaluate(values, residuals, jacobians);
    ForEachArray(residuals, jacobians, [&](std::span<const double> numbers) {
      good = good && std::ranges::all_of(numbers, [](double x) { return std::isfinite(x * x); });
    });
    if (good || start_->evaluated) return good;
    start_->failed = true;
    ForEachArray(residuals, jacobians,
                 [](std::span<double> numbers) { std::ranges::fill(numbers, 0); });
    return true;
  }

 private:
  template <typename Visit>
  void ForEachArray(double* residuals, double** jacobians, const Visit& visit) const {
    const auto rows = static_cast<size_t>(group_.rows());
    visit(std::span<double>(residuals, rows));
    for (size_t i = 0; jacobians != nullptr && i < parameter_block_sizes().size(); ++i) {
      if (jacobians[i] == nullptr) continue;
      visit(std::span<double>(jacobians[i], rows * parameter_block_sizes()[i]));
    }
  }

  const ResidualGroup& group_;
  Start* start_;
};

Termination TerminationOf(ceres::TerminationType type) {
  switch (type) {
    case ceres::CONVERGENCE:
    case ceres::USER_SUCCESS:
      return Termination::kConverged;
    case ceres::NO_CONVERGENCE:
      return Termination::kMaxIterations;
    default:
      return Termination::kFailed;
  }
}

int FreeSize(const LeastSquares& problem) {
  int size = 0;
  for (const ParameterBlock& block : problem.blocks) size += block.constant ? 0 : block.size;
  return size;
}

// Single-threaded libraries of linear algebra: BLAS' threads fight with ours, and their number
// would change the sums.
ceres::Solver::Options CeresOptions(const LeastSquares& problem, const SolverOptions& options) {
  // A dense factorisation of fewer columns is faster whatever the pattern.
  constexpr int kFewColumns = 200;
  constexpr double kSparse = 0.3;
  ceres::Solver::Options solver;
  solver.linear_solver_type = ceres::DENSE_NORMAL_CHOLESKY;
  solver.dense_linear_algebra_library_type = ceres::EIGEN;
  if (FreeSize(problem) > kFewColumns && problem.Density() < kSparse &&
      ceres::IsSparseLinearAlgebraLibraryTypeAvailable(ceres::EIGEN_SPARSE)) {
    solver.linear_solver_type = ceres::SPARSE_NORMAL_CHOLESKY;
    solver.sparse_linear_algebra_library_type = ceres::EIGEN_SPARSE;
  }
  solver.num_threads = 1;
  solver.max_num_iterations = options.max_iterations;
  solver.function_tolerance = options.function_tolerance;
  solver.gradient_tolerance = 0;
  solver.parameter_tolerance = 1e-9;
  solver.logging_type = ceres::SILENT;
  return solver;
}

void AddTo(ceres::Problem* ceres, const LeastSquares& problem, Start* start) {
  for (const ParameterBlock& block : problem.blocks) {
    if (block.size == 0) continue;
    ceres->AddParameterBlock(block.values, block.size);
    if (block.constant) ceres->SetParameterBlockConstant(block.values);
  }
  for (const auto& group : problem.groups) {
    if (group->rows() == 0) continue;
    std::vector<double*> values;
    for (const int block : group->blocks()) values.push_back(problem.blocks[block].values);
    ceres->AddResidualBlock(new GroupCost(*group, problem.blocks, start), nullptr, values);
  }
}

}  // namespace

double LeastSquares::Density() const {
  double filled = 0, rows = 0;
  for (const auto& group : groups) {
    rows += group->rows();
    for (const int block : group->blocks()) {
      if (!blocks[block].constant) filled += 1.0 * group->rows() * blocks[block].size;
    }
  }
  return filled / std::max(1.0, rows * FreeSize(*this));
}

SolverResult SolveByCeres(const LeastSquares& problem, const SolverOptions& options) {
  for (const auto& group : problem.groups) {
    for (const int block : group->blocks()) {
      GYRE_CHECK(block >= 0 && block < static_cast<int>(problem.blocks.size()));
    }
  }
  std::vector<std::vector<double>> begin;
  for (const ParameterBlock& block : problem.blocks) {
    begin.emplace_back(block.values, block.values + block.size);
  }
  Start start;
  GiveUpBadStart give_up(&start);
  ceres::Problem ceres;
  AddTo(&ceres, problem, &start);
  ceres::Solver::Options solver = CeresOptions(problem, options);
  solver.callbacks.push_back(&give_up);
  ceres::Solver::Summary summary;
  ceres::Solve(solver, &ceres, &summary);

  const bool evaluated = summary.initial_cost >= 0 && !start.failed;
  const double start_cost =
      evaluated ? 2 * summary.initial_cost : std::numeric_limits<double>::infinity();
  SolverResult result{evaluated ? TerminationOf(summary.termination_type) : Termination::kFailed,
                      std::max(0, static_cast<int>(summary.iterations.size()) - 1),
                      2 * summary.final_cost};
  if (result.termination == Termination::kFailed || !(result.cost <= start_cost)) {
    for (size_t i = 0; i < begin.size(); ++i) {
      std::copy(begin[i].begin(), begin[i].end(), problem.blocks[i].values);
    }
    result.cost = start_cost;
  }
  return result;
}

}  // namespace gyre
