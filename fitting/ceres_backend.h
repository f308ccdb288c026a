// SPDX-License-Identifier: Apache-2.0
// Levenberg-Marquardt by Ceres over one Objective.
#pragma once

#include "fitting/residuals.h"
#include "fitting/solver.h"

namespace gyre {

// Moves `params` downhill; they stay as they are when nothing better is found or the start cannot
// be evaluated (kFailed).
SolverResult SolveWithCeres(Objective& objective, const SolverOptions& options, BodyParams* params);

}  // namespace gyre
