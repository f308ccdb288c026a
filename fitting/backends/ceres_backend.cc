// SPDX-License-Identifier: Apache-2.0
#include "fitting/backends/ceres_backend.h"

#include <memory>

#include "solve/ceres_solver.h"

namespace gyre {
namespace {

// The whole objective as one group over one block, what is free of the parameters.
class ObjectiveRows final : public ResidualGroup {
 public:
  ObjectiveRows(Objective& objective, const BodyParams& start)
      : ResidualGroup(objective.num_residuals(), {0}), objective_(objective), params_(start) {}

  bool Evaluate(const double* const* values, double* residuals, double** jacobians) const override {
    const std::vector<int>& free = objective_.free();
    const auto n = static_cast<Eigen::Index>(free.size());
    params_.values()(free) = Eigen::Map<const VecX>(values[0], n);
    const bool linearise = jacobians != nullptr && jacobians[0] != nullptr;
    Eigen::Map<VecX> r(residuals, rows());
    if (!objective_.Evaluate(params_, r, linearise ? &jacobian_ : nullptr)) return false;
    if (linearise) Eigen::Map<RowMatX>(jacobians[0], rows(), n) = jacobian_(Eigen::all, free);
    return true;
  }

 private:
  Objective& objective_;
  mutable BodyParams params_;
  mutable RowMatX jacobian_;
};

}  // namespace

SolverResult SolveWithCeres(Objective& objective, const SolverOptions& options,
                            BodyParams* params) {
  VecX x = params->values()(objective.free());
  LeastSquares problem;
  problem.blocks.push_back({x.data(), static_cast<int>(x.size())});
  problem.groups.push_back(std::make_unique<ObjectiveRows>(objective, *params));
  const SolverResult result = SolveByCeres(problem, options);
  params->values()(objective.free()) = x;
  return result;
}

}  // namespace gyre
