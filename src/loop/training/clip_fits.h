// SPDX-License-Identifier: Apache-2.0
// Fits of many people, of whom some are frames of one clip: these are fitted together, as one
// motion of one shape (fitting/sequence_fitter.h), and judged together. A score of a frame is its
// clip's, so that a store takes a clip whole or leaves it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "datasets/decorators/clip_runs.h"
#include "fitting/fitter.h"
#include "fitting/sequence_fitter.h"
#include "loop/training/clip_fit_options.h"
#include "person/person.h"

namespace gyre {

// People of a batch that are fitted together: [begin, end) of their positions.
struct ClipRange {
  size_t begin = 0, end = 0;

  size_t size() const { return end - begin; }
  friend bool operator==(const ClipRange&, const ClipRange&) = default;
};

class ClipFits {
 public:
  ClipFits(std::shared_ptr<const Fitter> fitter, const ClipFitOptions& options = {},
           const SequenceOptions& sequence = {});

  // All of them in order; who is alone is a clip of one. UserError where the camera of a clip's
  // frame is not known: they share one that stands still.
  std::vector<ClipRange> ClipsAmong(std::span<const Person> samples) const;
  // Nothing where everybody is fitted alone.
  std::optional<ClipRuns> RunsOf(const Dataset& data) const;

  // `problems` in the reference crops of the people (person_problem.h), `clips` as ClipsAmong gives
  // them. Of a clip's frames
  //   score_px2, spin_score_px2   are the means of the frames that are usable,
  //   objective_px2               is SequenceFitter::Cost over the sum of their squared
  //   confidences.
  std::vector<FitResult> Fit(std::span<const FitProblem> problems, std::span<const ClipRange> clips,
                             int threads) const;

  // What tells scores apart that were given by this, of those whose objective has the fingerprint.
  static std::string ScoreFingerprint(const std::string& of_objective,
                                      const ClipFitOptions& options,
                                      const SequenceOptions& sequence);

 private:
  std::vector<FitResult> FitClip(std::span<const FitProblem> frames) const;

  std::shared_ptr<const Fitter> fitter_;
  ClipFitOptions options_;
  std::optional<SequenceFitter> together_;
};

}  // namespace gyre
