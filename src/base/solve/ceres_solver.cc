// SPDX-License-Identifier: Apache-2.0
#include "solve/ceres_solver.h"

#include <ceres/cost_function.h>
#include <ceres/problem.h>
#include <ceres/solver.h>

#include <algorithm>
#include <limits>

#include "core/error.h"

namespace gyre {
namespace {

class GroupCost final : public ceres::CostFunction {
 public:
  GroupCost(const ResidualGroup& group, const std::vector<ParameterBlock>& blocks) : group_(group) {
    set_num_residuals(group.rows());
    for (const int block : group.blocks()) {
      mutable_parameter_block_sizes()->push_back(blocks[block].size);
    }
  }
  bool Evaluate(double const* const* values, double* residuals, double** jacobians) const override {
    return group_.Evaluate(values, residuals, jacobians);
  }

 private:
  const ResidualGroup& group_;
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

void AddTo(ceres::Problem* ceres, const LeastSquares& problem) {
  for (const ParameterBlock& block : problem.blocks) {
    if (block.size == 0) continue;
    ceres->AddParameterBlock(block.values, block.size);
    if (block.constant) ceres->SetParameterBlockConstant(block.values);
  }
  for (const auto& group : problem.groups) {
    if (group->rows() == 0) continue;
    std::vector<double*> values;
    for (const int block : group->blocks()) values.push_back(problem.blocks[block].values);
    ceres->AddResidualBlock(new GroupCost(*group, problem.blocks), nullptr, values);
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
  std::vector<std::vector<double>> start;
  for (const ParameterBlock& block : problem.blocks) {
    start.emplace_back(block.values, block.values + block.size);
  }
  ceres::Problem ceres;
  AddTo(&ceres, problem);
  ceres::Solver::Summary summary;
  ceres::Solve(CeresOptions(problem, options), &ceres, &summary);

  const bool evaluated = summary.initial_cost >= 0;
  const double start_cost =
      evaluated ? 2 * summary.initial_cost : std::numeric_limits<double>::infinity();
  SolverResult result{evaluated ? TerminationOf(summary.termination_type) : Termination::kFailed,
                      std::max(0, static_cast<int>(summary.iterations.size()) - 1),
                      2 * summary.final_cost};
  if (result.termination == Termination::kFailed || !(result.cost <= start_cost)) {
    for (size_t i = 0; i < start.size(); ++i) {
      std::copy(start[i].begin(), start[i].end(), problem.blocks[i].values);
    }
    result.cost = start_cost;
  }
  return result;
}

}  // namespace gyre
