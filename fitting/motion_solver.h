// SPDX-License-Identifier: Apache-2.0
// The motion of one person while it is solved, window by window (sequence_fitter.h).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "fitting/backends/sequence_solver.h"
#include "fitting/fitter.h"
#include "fitting/ground.h"
#include "fitting/sequence_fitter.h"

namespace gyre {

// The frame's objective is anchored to the start that came with it; without one, its depth to
// `params`, a fit, and its pose to nothing.
FitProblem AnchoredAt(const FitProblem& problem, const BodyParams& params, const Fitter& fitter);

// What all motions of a fitter have in common.
struct MotionModel {
  const Fitter& fitter;
  const SequenceOptions& options;
  const FoldedJoints& joints;  // that move smoothly
  const FootPoints& feet;      // among them
  const Stature& stature;
};

// The frames' motion while it is solved. Frames are counted from the first of those before, which
// have no problem and stay.
class MotionSolver {
 public:
  MotionSolver(const MotionModel& model, std::span<const FitProblem> frames,
               std::span<const FitResult> alone, std::vector<BodyParams> start)
      : model_(model),
        options_(model.options),
        frames_(frames),
        alone_(alone),
        start_(std::move(start)),
        motion_(start_),
        before_(static_cast<int>(std::ssize(start_) - std::ssize(frames))) {}

  // One shape, found from frames `seen`, as many as a window spread over all of them.
  VecX SolveShape(std::span<const int> seen);
  // All frames, window by window, of that shape or, `shape_free`, of one found from there.
  void Solve(const VecX& shape, bool shape_free, double seconds_per_frame);
  VecX MeanShape(std::span<const int> seen) const;
  // From here on feet stand on the floor where they now seem to.
  void StandOn(const Floor& floor, double seconds_per_frame);

  const std::vector<BodyParams>& motion() const { return motion_; }
  int windows() const { return windows_; }
  int iterations() const { return iterations_; }

 private:
  // The first `held` of the frames `ids` only say where the motion comes from.
  void SolveWindow(std::span<const int> ids, int held, double weight_px, bool shape_free);
  using Terms = std::vector<std::unique_ptr<const Term>>;
  void AddFeet(std::span<const int> ids, int held, Terms* terms,
               std::vector<PlacedTerm>* motion) const;
  void ShareShape(const VecX& shape) {
    for (size_t i = before_; i < motion_.size(); ++i) motion_[i].shape() = shape;
  }

  const MotionModel model_;
  const SequenceOptions& options_;
  const std::span<const FitProblem> frames_;
  const std::span<const FitResult> alone_;
  const std::vector<BodyParams> start_;
  std::vector<BodyParams> motion_;
  const int before_;
  std::optional<Floor> floor_;
  std::vector<std::vector<bool>> stands_;  // of each frame, by the points of the feet
  int windows_ = 0, iterations_ = 0;
};

}  // namespace gyre
