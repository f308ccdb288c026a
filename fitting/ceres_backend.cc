// SPDX-License-Identifier: Apache-2.0
#include "fitting/ceres_backend.h"

#include <ceres/cost_function.h>
#include <ceres/problem.h>
#include <ceres/solver.h>

#include <cmath>

namespace gyre {
namespace {

// The whole objective as one cost function of two blocks: the translation, which a stage may hold,
// and everything before it.
class ObjectiveCost final : public ceres::CostFunction {
 public:
  ObjectiveCost(Objective& objective, const BodyParams& start)
      : objective_(objective), params_(start), x_(objective.num_params()) {
    set_num_residuals(objective.num_residuals());
    *mutable_parameter_block_sizes() = {objective.num_params() - 3, 3};
  }

  bool Evaluate(double const* const* parameters, double* residuals,
                double** jacobians) const override {
    const int rest = parameter_block_sizes()[0];
    x_.head(rest) = Eigen::Map<const VecX>(parameters[0], rest);
    x_.tail<3>() = Eigen::Map<const Vec3>(parameters[1]);
    objective_.Unpack(x_, &params_);
    Eigen::Map<VecX> r(residuals, num_residuals());
    if (!objective_.Evaluate(params_, r, jacobians != nullptr ? &jacobian_ : nullptr)) return false;
    if (jacobians == nullptr) return true;
    if (jacobians[0] != nullptr) {
      Eigen::Map<RowMatX>(jacobians[0], num_residuals(), rest) = jacobian_.leftCols(rest);
    }
    if (jacobians[1] != nullptr) {
      Eigen::Map<RowMatX>(jacobians[1], num_residuals(), 3) = jacobian_.rightCols<3>();
    }
    return true;
  }

 private:
  Objective& objective_;
  mutable BodyParams params_{SmplLayout()};
  mutable VecX x_;
  mutable RowMatX jacobian_;
};

FitTermination TerminationOf(ceres::TerminationType type) {
  switch (type) {
    case ceres::CONVERGENCE:
    case ceres::USER_SUCCESS:
      return FitTermination::kConverged;
    case ceres::NO_CONVERGENCE:
      return FitTermination::kMaxIterations;
    default:
      return FitTermination::kFailed;
  }
}

}  // namespace

SolverResult SolveWithCeres(Objective& objective, const SolverOptions& options,
                            BodyParams* params) {
  const double start_cost = objective.Evaluate(*params).Total();
  if (!std::isfinite(start_cost)) return {FitTermination::kFailed, 0, start_cost};

  VecX x(objective.num_params());
  objective.Pack(*params, x);
  double* const rest = x.data();
  double* const translation = x.data() + x.size() - 3;
  ceres::Problem problem;
  problem.AddResidualBlock(new ObjectiveCost(objective, *params), nullptr, rest, translation);
  if (!options.translation_free) problem.SetParameterBlockConstant(translation);

  ceres::Solver::Options solver;
  solver.linear_solver_type = ceres::DENSE_NORMAL_CHOLESKY;
  solver.dense_linear_algebra_library_type = ceres::EIGEN;  // LAPACK's threads fight with ours
  solver.num_threads = 1;                                   // threads go over samples
  solver.max_num_iterations = options.max_iterations;
  solver.function_tolerance = options.function_tolerance;
  solver.gradient_tolerance = 0;
  solver.parameter_tolerance = 1e-9;
  solver.logging_type = ceres::SILENT;
  ceres::Solver::Summary summary;
  ceres::Solve(solver, &problem, &summary);

  SolverResult result{TerminationOf(summary.termination_type),
                      static_cast<int>(summary.iterations.size()) - 1, 2 * summary.final_cost};
  if (result.termination != FitTermination::kFailed && result.cost <= start_cost) {
    objective.Unpack(x, params);
  } else {
    result.cost = start_cost;
  }
  return result;
}

}  // namespace gyre
