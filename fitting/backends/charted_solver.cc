// SPDX-License-Identifier: Apache-2.0
#include "fitting/backends/charted_solver.h"

#include <memory>
#include <utility>

#include "solve/ceres_solver.h"

namespace gyre {
namespace {

class ChartedRows final : public ResidualGroup {
 public:
  explicit ChartedRows(ChartedObjective& objective)
      : ResidualGroup(objective.num_residuals(), {0}), objective_(objective) {}

  bool Evaluate(const double* const* values, double* residuals, double** jacobians) const override {
    return objective_.Evaluate(Eigen::Map<const VecX>(values[0], objective_.size()),
                               Eigen::Map<VecX>(residuals, rows()),
                               jacobians != nullptr ? jacobians[0] : nullptr);
  }

 private:
  ChartedObjective& objective_;
};

}  // namespace

ChartedObjective::ChartedObjective(Objective& objective, const ParamChart& chart,
                                   std::vector<LatentPrior> priors, BodyParams at)
    : objective_(objective),
      chart_(chart),
      priors_(std::move(priors)),
      params_(std::move(at)),
      rows_(objective.num_residuals()) {
  for (const LatentPrior& prior : priors_) rows_ += prior.count;
}

bool ChartedObjective::Evaluate(const Eigen::Ref<const VecX>& x, Eigen::Ref<VecX> residuals,
                                double* jacobian) {
  const bool linearise = jacobian != nullptr;
  chart_.SetParams(x, &params_, linearise ? &derivatives_ : nullptr);
  const int rows = objective_.num_residuals();
  if (!objective_.Evaluate(params_, residuals.head(rows), linearise ? &by_params_ : nullptr)) {
    return false;
  }
  if (linearise) {
    Eigen::Map<RowMatX> by_x(jacobian, rows_, size());
    chart_.ToCoordinates(by_params_, derivatives_, by_x.topRows(rows));
    by_x.bottomRows(rows_ - rows).setZero();
  }
  int row = rows;
  for (const auto& [first, count, weight] : priors_) {
    residuals.segment(row, count) = weight * x.segment(first, count);
    for (int i = 0; linearise && i < count; ++i) {
      jacobian[static_cast<Eigen::Index>(row + i) * size() + first + i] = weight;
    }
    row += count;
  }
  return true;
}

SolverResult SolveOnChart(Objective& objective, const ParamChart& chart,
                          std::vector<LatentPrior> priors, const SolverOptions& options, VecX* x,
                          BodyParams* params) {
  ChartedObjective charted(objective, chart, std::move(priors), *params);
  LeastSquares problem;
  problem.blocks.push_back({x->data(), static_cast<int>(x->size())});
  problem.groups.push_back(std::make_unique<ChartedRows>(charted));
  const SolverResult result = SolveByCeres(problem, options);
  chart.SetParams(*x, params);
  return result;
}

}  // namespace gyre
