// SPDX-License-Identifier: Apache-2.0
#include "fitting/motion_solver.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <utility>

#include "fitting/joint_steadiness.h"
#include "fitting/objective.h"
#include "fitting/terms/acceleration.h"

namespace gyre {

FitProblem AnchoredAt(const FitProblem& problem, const BodyParams& params, const Fitter& fitter) {
  const LayoutPrior& prior = fitter.layout_prior();
  FitProblem anchored = problem;
  if (!problem.has_start) {
    anchored.start = BodyParams(*fitter.body().layout);
    prior.SetPose(prior.Mean(), &anchored.start);
  }
  if (!problem.has_start || !problem.start_has_translation) {
    anchored.start.transl() = params.transl();
  }
  return anchored;
}

namespace {

constexpr double kStatureWeight = 1e4;  // pixels per metre: a known height is exact

// A frame's objective in the motion, anchored at `anchor`; that of a frame of which nothing is
// known where the frame is not fit for one, or has no value at `params`.
Objective MovingObjective(const Fitter& fitter, const FitProblem& frame, const FitSummary& alone,
                          const BodyParams& anchor, const BodyParams& params) {
  FitProblem unseen;
  unseen.keypoints_px.setZero(fitter.keypoints().size(), 2);
  unseen.confidence.setZero(fitter.keypoints().size());
  unseen.has_start = false;
  if (alone.usable || alone.reason == FitReason::kTooFewJoints) {
    Objective objective = fitter.BodyObjective(AnchoredAt(frame, anchor, fitter));
    if (std::isfinite(objective.Cost(params))) return objective;
  }
  return fitter.BodyObjective(AnchoredAt(unseen, anchor, fitter));
}

// Of frames of one shape, whose prior counts once for all: counted in each it would outvote what
// every one of them sees. Not with motion, which a smaller body always has less of.
std::unique_ptr<const Fitter> OfOneShape(const Fitter& fitter, int frames) {
  FitOptions options = fitter.options();
  options.shape_prior_weight /= std::sqrt(static_cast<double>(frames));
  return std::unique_ptr<const Fitter>(new Fitter(fitter.With(std::move(options))));
}

}  // namespace

void MotionSolver::SolveWindow(std::span<const int> ids, int held, double weight_px,
                               bool shape_free) {
  std::unique_ptr<const Fitter> one_shape;
  if (shape_free && weight_px == 0) {
    one_shape = OfOneShape(model_.fitter, static_cast<int>(ids.size()) - held);
  }
  const Fitter& fitter = one_shape ? *one_shape : model_.fitter;
  std::vector<Objective> objectives;
  std::vector<BodyParams> window;
  for (size_t k = 0; k < ids.size(); ++k) {
    const int i = ids[k];
    window.push_back(motion_[i]);
    if (static_cast<int>(k) < held) continue;
    objectives.push_back(MovingObjective(fitter, frames_[i - before_], alone_[i - before_].summary,
                                         start_[i], window.back()));
  }
  const AccelerationTerm acceleration(weight_px, JointSteadiness(model_.joints.set()));
  const StatureTerm stature(kStatureWeight, model_.stature, options_.height_m);
  MotionWindow problem{model_.joints, objectives, {}, shape_free, held};
  if (weight_px > 0) problem.motion.push_back({&acceleration});
  if (shape_free && options_.height_m > 0) problem.motion.push_back({&stature, held});
  Terms of_feet;
  if (floor_ && weight_px > 0) AddFeet(ids, held, &of_feet, &problem.motion);
  const SolverResult solved =
      SolveSequence(problem, model_.fitter.options().backend,
                    {options_.max_iterations, options_.function_tolerance}, window);
  ++windows_;
  iterations_ += solved.iterations;
  for (size_t k = 0; k < ids.size(); ++k) motion_[ids[k]] = window[k];
}

void MotionSolver::StandOn(const Floor& floor, double seconds_per_frame) {
  std::vector<Points3> joints;
  for (const BodyParams& params : motion_) joints.push_back(model_.joints.Positions(params));
  floor_ = floor;
  stands_ = FindContacts(joints, model_.feet, floor, seconds_per_frame);
}

// Of a window of consecutive frames.
void MotionSolver::AddFeet(std::span<const int> ids, int held, Terms* terms,
                           std::vector<PlacedTerm>* motion) const {
  const auto& points = model_.feet.points;
  for (size_t k = 0; k < ids.size(); ++k) {
    const std::vector<bool>& here = stands_[ids[k]];
    const int first = static_cast<int>(k);
    std::vector<FloorPoint> on_floor;
    std::vector<int> stay;
    for (size_t i = 0; i < points.size(); ++i) {
      on_floor.push_back({points[i].joint, points[i].above_m, here[i]});
      const bool next = k + 1 < ids.size() && stands_[ids[k + 1]][i];
      if (here[i] && next) stay.push_back(points[i].joint);
    }
    if (first >= held) {
      terms->push_back(
          std::make_unique<FloorTerm>(options_.floor_weight, *floor_, std::move(on_floor)));
      motion->push_back({terms->back().get(), first});
    }
    if (stay.empty() || first + 1 < held) continue;
    terms->push_back(std::make_unique<FootHoldTerm>(options_.hold_weight, std::move(stay)));
    motion->push_back({terms->back().get(), first});
  }
}

VecX MotionSolver::MeanShape(std::span<const int> seen) const {
  VecX mean = start_[seen[0]].shape();
  for (size_t k = 1; k < seen.size(); ++k) {
    mean += (start_[seen[k]].shape() - mean) / static_cast<double>(k + 1);
  }
  return mean;
}

VecX MotionSolver::SolveShape(std::span<const int> seen) {
  ShareShape(MeanShape(seen));
  std::vector<int> spread;
  const auto count = std::min<int64_t>(options_.window_frames, std::ssize(seen));
  for (int64_t k = 0; k < count; ++k) spread.push_back(seen[k * std::ssize(seen) / count]);
  SolveWindow(spread, 0, /*weight_px=*/0, /*shape_free=*/true);
  return motion_[spread[0]].shape();
}

void MotionSolver::Solve(const VecX& shape, bool shape_free, double seconds_per_frame) {
  ShareShape(shape);
  const double weight_px = options_.acceleration_weight / (seconds_per_frame * seconds_per_frame);
  const int n = static_cast<int>(motion_.size()), size = options_.window_frames;
  for (int begin = before_;; begin += size - options_.overlap_frames) {
    const int end = std::min(n, begin + size), held = std::min(2, begin);
    std::vector<int> ids(end - begin + held);
    std::iota(ids.begin(), ids.end(), begin - held);
    SolveWindow(ids, held, weight_px, shape_free);
    if (end == n) return;
  }
}

}  // namespace gyre
