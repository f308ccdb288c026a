// SPDX-License-Identifier: Apache-2.0
// Ceres over an objective in the coordinates of a chart (fitting/param_chart.h), and what is said
// of coordinates that no parameter tells, r = weight x_i.
#pragma once

#include <span>
#include <vector>

#include "fitting/objective.h"
#include "fitting/param_chart.h"
#include "solve/solver.h"

namespace gyre {

struct LatentPrior {
  int first = 0, count = 0;  // coordinates
  double weight = 0;
};

// Rows of the objective, then those of the latent priors. One thread at a time.
class ChartedObjective {
 public:
  // `at`: the parameters that the chart does not give. The arguments must outlive it.
  ChartedObjective(Objective& objective, const ParamChart& chart,
                   std::vector<LatentPrior> priors = {}, BodyParams at = {});

  int num_residuals() const { return rows_; }
  int size() const { return chart_.size(); }
  const BodyParams& params() const { return params_; }
  // residuals [num_residuals], jacobian null or [num_residuals,size], row by row. False where there
  // is no value.
  bool Evaluate(const Eigen::Ref<const VecX>& x, Eigen::Ref<VecX> residuals, double* jacobian);

 private:
  Objective& objective_;
  const ParamChart& chart_;
  std::vector<LatentPrior> priors_;
  BodyParams params_;
  int rows_;
  RowMatX by_params_;
  std::vector<RowMatX> derivatives_;
};

// Moves `x` and with it `params`.
SolverResult SolveOnChart(Objective& objective, const ParamChart& chart,
                          std::vector<LatentPrior> priors, const SolverOptions& options, VecX* x,
                          BodyParams* params);

}  // namespace gyre
