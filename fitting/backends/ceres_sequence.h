// SPDX-License-Identifier: Apache-2.0
// Ceres over the frames of a window, of any layout and with any terms of motion. Each frame's
// objective is a group over its own parameters and the shape, each term of motion a group over
// those of the frames that it reads; what none of the objectives moves is held.
#pragma once

#include "fitting/backends/sequence_solver.h"

namespace gyre {

// As SolveSequence.
SolverResult SolveSequenceWithCeres(const MotionWindow& window, const SolverOptions& options,
                                    std::span<BodyParams> frames);

}  // namespace gyre
