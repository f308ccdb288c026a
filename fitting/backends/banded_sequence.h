// SPDX-License-Identifier: Apache-2.0
// Levenberg-Marquardt over the frames of a window, for bodies of SMPL's sizes.
//
// A frame's unknowns (pose and translation) meet those of the next two frames only, and the shape b
// meets all of them. The normal matrix is block-pentadiagonal with a border,
//   [ D0 E0 F0       B0 ]
//   [    D1 E1 F1    B1 ]      E_i: frames i and i + 1, F_i: i and i + 2,
//   [       D2 E2    B2 ]      B_i: frame i and the shape (upper triangle shown)
//   [          D3    B3 ]
//   [                C  ]
// and its Cholesky factor has the same shape: time and memory are linear in the frames.
#pragma once

#include "fitting/backends/sequence_solver.h"

namespace gyre {

// Whether the window is one of SMPL's sizes, in which all of pose and shape moves, and whose terms
// of motion read three frames or fewer.
bool IsBanded(const MotionWindow& window);

// As SolveSequence, for a window that IsBanded.
SolverResult SolveBandedSequence(const MotionWindow& window, const SolverOptions& options,
                                 std::span<BodyParams> frames);

}  // namespace gyre
