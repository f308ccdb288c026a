// SPDX-License-Identifier: Apache-2.0
#include "fitting/backends/solve_objective.h"

#include <numeric>

#include "core/error.h"
#include "fitting/backends/ceres_backend.h"
#include "fitting/backends/rigid_backend.h"

namespace gyre {

SolverResult SolveObjective(Objective& objective, FitBackend backend, const FusedModel* fused,
                            const SolverOptions& options, FusedWorkspace& workspace,
                            BodyParams* params) {
  if (backend == FitBackend::kFused) {
    if (IsRigid(objective)) return SolveRigid(objective, options, params);
    if (fused != nullptr && fused->Applies(objective)) {
      return fused->Solve(objective, options, workspace, params);
    }
  }
  return SolveWithCeres(objective, options, params);
}

NormalMatrix NormalMatrixOf(Objective& objective, const FusedModel* fused,
                            FusedWorkspace& workspace, const BodyParams& params) {
  NormalMatrix normal;
  const int num_params = objective.num_params();
  if (fused != nullptr && fused->Applies(objective)) {
    normal.params.resize(num_params);
    std::iota(normal.params.begin(), normal.params.end(), 0);
    VecX gradient;
    fused->NormalEquations(objective, workspace, params, &normal.values, &gradient);
    return normal;
  }
  normal.params = objective.free();
  while (!normal.params.empty() && normal.params.back() >= num_params - 3) normal.params.pop_back();
  for (int i = num_params - 3; i < num_params; ++i) normal.params.push_back(i);
  VecX residuals(objective.num_residuals());
  RowMatX jacobian;
  GYRE_CHECK(objective.Evaluate(params, residuals, &jacobian));
  const RowMatX moving = jacobian(Eigen::all, normal.params);
  RowMatX lower = RowMatX::Zero(moving.cols(), moving.cols());
  lower.selfadjointView<Eigen::Lower>().rankUpdate(moving.transpose());
  normal.values = lower.selfadjointView<Eigen::Lower>();
  return normal;
}

}  // namespace gyre
