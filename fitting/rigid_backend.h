// SPDX-License-Identifier: Apache-2.0
// Levenberg-Marquardt over an objective whose body moves as one rigid piece (root_only): six
// unknowns, and joints that only turn about the pelvis and shift, so that the kinematic tree is
// posed once.
#pragma once

#include "body/kinematics.h"
#include "fitting/residuals.h"
#include "fitting/solver.h"

namespace gyre {

// As SolveWithCeres (ceres_backend.h), for a spec with root_only.
SolverResult SolveRigid(const FoldedJoints& joints, const ObjectiveSpec& spec,
                        const SolverOptions& options, BodyParams* params);

}  // namespace gyre
