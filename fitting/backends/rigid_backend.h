// SPDX-License-Identifier: Apache-2.0
// Levenberg-Marquardt over an objective in which the body moves as one rigid piece, whatever its
// layout: six unknowns, and joints that only turn about the pelvis and shift, so that the kinematic
// tree is posed once. The residuals are the terms' own.
#pragma once

#include "fitting/objective.h"
#include "solve/solver.h"

namespace gyre {

// Whether an objective is such a one: global orientation and translation are all that moves, and
// its terms say what their rows touch (term.h).
bool IsRigid(const Objective& objective);

// As SolveWithCeres (ceres_backend.h), for an objective that IsRigid.
SolverResult SolveRigid(const Objective& objective, const SolverOptions& options,
                        BodyParams* params);

}  // namespace gyre
