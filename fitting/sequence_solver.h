// SPDX-License-Identifier: Apache-2.0
// Levenberg-Marquardt over the frames of a window: what sequence_fitter.h minimises.
//
// A frame's 75 unknowns (pose 72, translation 3) meet those of the next two frames only, and the
// shape b meets all of them. The normal matrix is block-pentadiagonal with a border,
//   [ D0 E0 F0       B0 ]
//   [    D1 E1 F1    B1 ]      E_i: frames i and i + 1, F_i: i and i + 2,
//   [       D2 E2    B2 ]      B_i: frame i and the shape (upper triangle shown)
//   [          D3    B3 ]
//   [                C  ]
// and its Cholesky factor has the same shape: time and memory are linear in the frames.
#pragma once

#include <span>

#include "body/kinematics.h"
#include "fitting/residuals.h"
#include "fitting/solver.h"

namespace gyre {

// Moves frames[held] and later ones, all of the shape of frames[held]; those before are as they
// are and only say where the motion comes from. `objectives` are of the frames that move,
// `weight_px` multiplies X_{i-1} - 2 X_i + X_{i+1} (reference pixels per metre), X being `joints`.
// As in SolveWithCeres (ceres_backend.h), nothing moves where the start cannot be evaluated.
SolverResult SolveSequence(const FoldedJoints& joints, std::span<Objective> objectives,
                           double weight_px, bool shape_free, const SolverOptions& options,
                           std::span<BodyParams> frames, int held);

}  // namespace gyre
