// SPDX-License-Identifier: Apache-2.0
// Levenberg-Marquardt by Ceres over one Objective.
#pragma once

#include "fitting/fit_problem.h"
#include "fitting/residuals.h"

namespace gyre {

struct SolverOptions {
  bool translation_free = true;  // the rest of the objective's parameters always moves
  int max_iterations = 50;
  double function_tolerance = 1e-5;
};

struct SolverResult {
  FitTermination termination = FitTermination::kNotRun;
  int iterations = 0;
  double cost = 0;  // the objective at the end
};

// Moves `params` downhill; they stay as they are when nothing better is found or the start cannot
// be evaluated (kFailed).
SolverResult SolveWithCeres(Objective& objective, const SolverOptions& options, BodyParams* params);

}  // namespace gyre
