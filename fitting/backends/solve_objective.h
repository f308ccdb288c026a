// SPDX-License-Identifier: Apache-2.0
// Which solver runs. Ceres solves every objective; where a fast path applies (the body as one rigid
// piece, rigid_backend.h; SMPL's sizes and terms that say what their rows touch, fused_backend.h)
// it runs instead, unless FitBackend::kCeres asks for the reference.
#pragma once

#include "fitting/backends/fused_backend.h"
#include "fitting/fit_options.h"
#include "fitting/objective.h"
#include "fitting/posterior.h"

namespace gyre {

// `fused` may be null: no fused solver is compiled for the body.
SolverResult SolveObjective(Objective& objective, FitBackend backend, const FusedModel* fused,
                            const SolverOptions& options, FusedWorkspace& workspace,
                            BodyParams* params);

// J^T J at `params` over what moves, the translation always among it.
NormalMatrix NormalMatrixOf(Objective& objective, const FusedModel* fused,
                            FusedWorkspace& workspace, const BodyParams& params);

}  // namespace gyre
