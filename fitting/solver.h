// SPDX-License-Identifier: Apache-2.0
// What the backends have in common: Levenberg-Marquardt over one objective (residuals.h).
#pragma once

#include "fitting/fit_problem.h"

namespace gyre {

struct SolverOptions {
  bool translation_free = true;  // the rest of the objective's parameters always moves
  int max_iterations = 50;
  double function_tolerance = 1e-5;  // relative decrease of the objective by a step that ends it
};

struct SolverResult {
  FitTermination termination = FitTermination::kNotRun;
  int iterations = 0;  // steps tried
  double cost = 0;     // the objective at the end
};

}  // namespace gyre
