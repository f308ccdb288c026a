// SPDX-License-Identifier: Apache-2.0
// Ceres over any objective: the solver of every list of terms and every layout, and what the fast
// paths beside this one have to land with.
#pragma once

#include "fitting/objective.h"
#include "solve/solver.h"

namespace gyre {

// Moves what is free in the objective. Where the start cannot be evaluated it fails and `params`
// stay; they never get worse.
SolverResult SolveWithCeres(Objective& objective, const SolverOptions& options, BodyParams* params);

}  // namespace gyre
