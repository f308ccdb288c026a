// SPDX-License-Identifier: Apache-2.0
// The frames of a window solved together: what sequence_fitter.h minimises.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "body/kinematics.h"
#include "fitting/fit_options.h"
#include "fitting/objective.h"
#include "fitting/terms/term.h"
#include "solve/solver.h"

namespace gyre {

// A term at a place of the window.
struct PlacedTerm {
  const Term* term;
  int first = -1;  // the first frame that it reads; -1: at every place where it fits
};

// Consecutive frames of one person of one shape. The first `held` of them are as they are and only
// say where the motion comes from; of the others pose and translation move, whatever their
// objectives hold of the translation.
struct MotionWindow {
  const FoldedJoints& joints;       // of the terms of motion
  std::span<Objective> objectives;  // of the frames that move
  std::vector<PlacedTerm> motion;
  bool shape_free = true;  // of the frames that move, theirs all being frames[held]'s
  int held = 0;
};

// Moves `frames`, by Ceres or, for SMPL's sizes and terms that read at most three frames, over
// block-banded normal equations (banded_sequence.h), which land in the same place. Nothing moves
// where the start cannot be evaluated.
SolverResult SolveSequence(const MotionWindow& window, FitBackend backend,
                           const SolverOptions& options, std::span<BodyParams> frames);

// The first frames of a term in a window of `size` frames, where it reads one that moves.
std::vector<int> PlacesOf(const PlacedTerm& placed, int size, int held);

}  // namespace gyre
