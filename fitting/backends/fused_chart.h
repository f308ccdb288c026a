// SPDX-License-Identifier: Apache-2.0
// The fused solver (fused_backend.h) in the coordinates of a chart (fitting/param_chart.h), for
// bodies of any layout: the same Levenberg-Marquardt over normal equations that are formed without
// a dense Jacobian. Columns stand in the order in which a walk down the tree of joints meets them,
// pieces where their first joint is, so that what a keypoint's rows touch is contiguous. It lands
// where Ceres lands.
#pragma once

#include <memory>

#include "fitting/objective.h"
#include "fitting/param_chart.h"
#include "solve/solver.h"

namespace gyre {

// Scratch space of one thread, for objectives over the same joints.
class FusedChartWorkspace {
 public:
  FusedChartWorkspace();
  ~FusedChartWorkspace();

  struct Memory;
  Memory& memory() { return *memory_; }

 private:
  std::unique_ptr<Memory> memory_;
};

// Whether SolveFusedOnChart can: the chart's pieces are linear, and it has no more coordinates than
// kernels are compiled for; terms of parameters read none that a piece gives.
bool FusedOnChartApplies(const Objective& objective, const ParamChart& chart);
// Moves `x` and with it `params`, as SolveOnChart (charted_solver.h).
SolverResult SolveFusedOnChart(const Objective& objective, const ParamChart& chart,
                               const SolverOptions& options, FusedChartWorkspace& workspace,
                               VecX* x, BodyParams* params);

}  // namespace gyre
