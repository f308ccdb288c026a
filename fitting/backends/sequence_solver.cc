// SPDX-License-Identifier: Apache-2.0
#include "fitting/backends/sequence_solver.h"

#include "core/error.h"
#include "fitting/backends/banded_sequence.h"
#include "fitting/backends/ceres_sequence.h"

namespace gyre {

std::vector<int> PlacesOf(const PlacedTerm& placed, int size, int held) {
  const int frames = placed.term->num_frames();
  std::vector<int> places;
  for (int first = 0; first + frames <= size; ++first) {
    const bool there = placed.first < 0 || placed.first == first;
    if (there && first + frames > held) places.push_back(first);
  }
  return places;
}

SolverResult SolveSequence(const MotionWindow& window, FitBackend backend,
                           const SolverOptions& options, std::span<BodyParams> frames) {
  const auto size = static_cast<int>(frames.size());
  GYRE_CHECK(window.held >= 0 && window.held < size &&
             std::ssize(window.objectives) == size - window.held);
  for (int i = window.held + 1; i < size; ++i) frames[i].shape() = frames[window.held].shape();
  return backend == FitBackend::kFused && IsBanded(window)
             ? SolveBandedSequence(window, options, frames)
             : SolveSequenceWithCeres(window, options, frames);
}

}  // namespace gyre
