// SPDX-License-Identifier: Apache-2.0
#include "fitting/sequence_fitter.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <utility>

#include "core/error.h"
#include "core/so3.h"
#include "fitting/backends/sequence_solver.h"
#include "fitting/fit_checks.h"
#include "fitting/objective.h"
#include "fitting/terms/acceleration.h"

namespace gyre {
namespace {

constexpr double kUnreached = std::numeric_limits<double>::infinity();

// The kinematic joints in the layout's order, and the landmarks.
KeypointSet SmoothJoints(const BodyModel& body) {
  KeypointSet set{"smooth joints", {}};
  for (int k = 0; k < body.num_joints(); ++k) {
    const auto joint = std::ranges::find_if(AllJoints(), [&](const JointInfo& info) {
      return KinematicJoint(*body.layout, info) == k;
    });
    if (joint != AllJoints().end()) set.joints.push_back(joint->name);
  }
  for (std::string_view name : SpinJoints().joints) {
    const JointInfo& info = FindJoint(name);
    const bool again = std::any_of(set.joints.begin(), set.joints.end(), [&](auto other) {
      return FindJoint(other).source == info.source &&
             FindJoint(other).source_idx == info.source_idx;
    });
    if (info.source == JointSource::kLandmark && HasJoint(body, info) && !again) {
      set.joints.push_back(name);
    }
  }
  return set;
}

// The frame's objective is anchored to the start that came with it; without one, its depth to
// `params`, a fit, and its pose to nothing.
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

// As if the fit had not been held against its keypoints.
FitResult WhateverItsError(FitResult fit) {
  FitSummary& summary = fit.summary;
  if (summary.reason != FitReason::kLargeError) return fit;
  summary.usable = true;
  summary.reason = FitReason::kOk;
  summary.reason_text.clear();
  return fit;
}

// Holds the motion against the keypoints of all frames.
void CheckErrors(std::span<const FitProblem> frames, const FitOptions& options,
                 SequenceResult* result) {
  int fitted = 0;
  std::vector<std::pair<size_t, FitSummary>> far;
  for (size_t i = 0; i < frames.size(); ++i) {
    FitSummary summary = result->frames[i].summary;
    if (!summary.usable) continue;
    ++fitted;
    CheckError(frames[i], options, &summary);
    if (!summary.usable) far.emplace_back(i, std::move(summary));
  }
  result->summary.far_frames = static_cast<int>(far.size());
  if (2 * result->summary.far_frames <= fitted) return;
  for (auto& [i, summary] : far) result->frames[i].summary = std::move(summary);
}

// Towards `b` by `share` in [0, 1].
BodyParams Between(const BodyParams& a, const BodyParams& b, double share) {
  BodyParams between = a;
  for (int k = 0; k < a.num_joints(); ++k) {
    const Mat3 from = ExpSO3(a.rotation(k));
    const Vec3 turn = LogSO3(from.transpose() * ExpSO3(b.rotation(k)));
    between.rotation(k) = LogSO3(from * ExpSO3(share * turn));
  }
  between.shape() = a.shape() + share * (b.shape() - a.shape());
  between.transl() = a.transl() + share * (b.transl() - a.transl());
  return between;
}

}  // namespace

std::vector<int> SmoothestPath(std::span<const std::vector<PathStep>> steps,
                               std::span<const int> frames, double seconds_per_frame,
                               double acceleration_weight) {
  constexpr int kMost = 3;                                     // steps of a frame
  using Table = std::array<std::array<double, kMost>, kMost>;  // by previous, this step
  const auto weight2 = acceleration_weight * acceleration_weight;
  const int n = static_cast<int>(frames.size());
  GYRE_CHECK(steps.size() == frames.size());
  // The path to each pair of neighbours, and its step before them.
  Table best{};
  std::vector<std::array<std::array<int8_t, kMost>, kMost>> before(n);
  for (int k = 0; k < n; ++k) {
    Table next;
    for (auto& row : next) row.fill(kUnreached);
    GYRE_CHECK(!steps[k].empty() && steps[k].size() <= kMost);
    const int here = static_cast<int>(steps[k].size());
    const int last = k >= 1 ? static_cast<int>(steps[k - 1].size()) : 1;
    const int first = k >= 2 ? static_cast<int>(steps[k - 2].size()) : 1;
    for (int c = 0; c < here; ++c) {
      for (int b = 0; b < last; ++b) {
        for (int a = 0; a < first; ++a) {
          double cost = best[a][b] + steps[k][c].cost;
          if (k >= 2) {  // frames may be missing in between
            const double since = seconds_per_frame * (frames[k - 1] - frames[k - 2]);
            const double until = seconds_per_frame * (frames[k] - frames[k - 1]);
            const Points3 change = (steps[k][c].joints - steps[k - 1][b].joints) / until -
                                   (steps[k - 1][b].joints - steps[k - 2][a].joints) / since;
            cost += weight2 * (2 / (since + until) * change).squaredNorm();
          }
          if (cost >= next[b][c]) continue;
          next[b][c] = cost;
          before[k][b][c] = static_cast<int8_t>(a);
        }
      }
    }
    best = next;
  }
  int b = 0, c = 0;
  for (int i = 0; i < kMost; ++i) {
    for (int j = 0; j < kMost; ++j) {
      if (best[i][j] < best[b][c]) b = i, c = j;
    }
  }
  std::vector<int> path(n);
  for (int k = n; k-- > 0;) {
    path[k] = c;
    c = std::exchange(b, before[k][b][c]);
  }
  return path;
}

void SequenceOptions::Check() const {
  if (!std::isfinite(acceleration_weight) || acceleration_weight <= 0) {
    ThrowUserError("sequence option acceleration_weight is {}; it must be a positive number",
                   acceleration_weight);
  }
  if (overlap_frames < 2 || window_frames <= overlap_frames) {
    ThrowUserError(
        "sequence options overlap_frames and window_frames are {} and {}; they must be at least 2 "
        "and more than the overlap",
        overlap_frames, window_frames);
  }
  if (max_iterations <= 0 || !(function_tolerance > 0)) {
    ThrowUserError(
        "sequence options max_iterations and function_tolerance are {} and {}; both must be "
        "positive",
        max_iterations, function_tolerance);
  }
}

SequenceFitter::SequenceFitter(std::shared_ptr<const Fitter> fitter, SequenceOptions options)
    : fitter_(std::move(fitter)),
      options_(std::move(options)),
      joints_(fitter_->body(), SmoothJoints(fitter_->body())) {
  options_.Check();
}

double SequenceFitter::Acceleration(std::span<const BodyParams> frames,
                                    double seconds_per_frame) const {
  double sum = 0, count = 0;
  for (size_t i = 1; i + 1 < frames.size(); ++i) {
    const Points3 second = joints_.Positions(frames[i - 1]) - 2 * joints_.Positions(frames[i]) +
                           joints_.Positions(frames[i + 1]);
    sum += second.squaredNorm();
    count += static_cast<double>(second.rows());
  }
  return std::sqrt(sum / count) / (seconds_per_frame * seconds_per_frame);
}

// Each frame's own fit, and those from its neighbours': tracked forwards from the first frame to
// the last, then backwards, always from the best of the neighbour so far. None where nothing was
// usable.
SequenceFitter::Candidates SequenceFitter::CandidatesOf(std::span<const FitProblem> frames,
                                                        std::span<const FitResult> alone) const {
  const int n = static_cast<int>(frames.size());
  Candidates candidates{std::vector<std::vector<PathStep>>(n),
                        std::vector<std::vector<FitResult>>(n)};
  const auto add = [&](int i, const FitResult& fit) {
    if (!fit.summary.usable) return;
    const BodyParams& anchor = alone[i].summary.usable ? alone[i].params : fit.params;
    Objective objective = fitter_->BodyObjective(AnchoredAt(frames[i], anchor, *fitter_));
    const Points3 joints = joints_.Positions(fit.params);
    candidates.steps[i].push_back(
        {objective.Cost(fit.params), joints.rowwise() - joints.colwise().mean()});
    candidates.fits[i].push_back(fit);
  };
  const auto track = [&](int i, int from) {
    const std::vector<PathStep>& neighbour = candidates.steps[from];
    const auto best = std::ranges::min_element(neighbour, {}, &PathStep::cost);
    FitProblem tracked = frames[i];
    tracked.start = candidates.fits[from][best - neighbour.begin()].params;
    tracked.has_start = tracked.start_has_translation = true;
    add(i, WhateverItsError(fitter_->Fit(tracked)));
  };
  int seen = -1;  // the nearest frame behind that has a candidate
  for (int i = 0; i < n; ++i) {
    add(i, alone[i]);
    if (seen >= 0) track(i, seen);
    if (!candidates.fits[i].empty()) seen = i;
  }
  for (int i = seen - 1; i >= 0; --i) {
    track(i, seen);
    if (!candidates.fits[i].empty()) seen = i;
  }
  return candidates;
}

SequenceResult SequenceFitter::Fit(std::span<const FitProblem> frames, double seconds_per_frame,
                                   int threads) const {
  GYRE_CHECK(std::isfinite(seconds_per_frame) && seconds_per_frame > 0);
  const auto began = std::chrono::steady_clock::now();
  const int n = static_cast<int>(frames.size());
  SequenceResult result;
  result.frames = fitter_->FitAll(frames, threads);
  result.alone.resize(n);
  for (int i = 0; i < n; ++i) {
    result.frames[i] = WhateverItsError(std::move(result.frames[i]));
    if (result.frames[i].summary.usable) result.alone[i] = result.frames[i].params;
  }
  Candidates candidates = CandidatesOf(frames, result.frames);
  std::vector<int> seen;
  for (int i = 0; i < n; ++i) {
    if (!candidates.fits[i].empty()) seen.push_back(i);
  }
  if (seen.empty()) return result;
  std::erase_if(candidates.steps, [](const auto& steps) { return steps.empty(); });
  const std::vector<int> path =
      SmoothestPath(candidates.steps, seen, seconds_per_frame, options_.acceleration_weight);

  std::vector<BodyParams> motion(n);
  for (size_t k = 0; k < seen.size(); ++k) {
    const FitResult& chosen = candidates.fits[seen[k]][path[k]];
    result.frames[seen[k]] = chosen;
    motion[seen[k]] = chosen.params;
  }
  result.summary.bridged_frames = n - static_cast<int>(seen.size());
  for (int i = 0; i < n; ++i) {
    const auto next = std::lower_bound(seen.begin(), seen.end(), i);
    if (next == seen.end()) {
      motion[i] = motion[seen.back()];
    } else if (next == seen.begin()) {
      motion[i] = motion[*next];
    } else if (*next != i) {
      const int a = *std::prev(next);
      motion[i] = Between(motion[a], motion[*next], double(i - a) / (*next - a));
    }
  }
  SolveMotion(frames, seen, seconds_per_frame, &motion, &result);

  for (int i = 0; i < n; ++i) {
    FitResult& frame = result.frames[i];
    frame.params = motion[i];
    const Vec3 root = frame.params.rotation(0);
    if (root.norm() > std::numbers::pi) frame.params.rotation(0) = LogSO3(ExpSO3(root));
    frame.runner_up.reset();
    frame.uncertainty.reset();
    if (!frame.summary.usable) continue;
    frame.summary.after = fitter_->Evaluate(frames[i], frame.params);
    frame.summary.score = fitter_->Score(frames[i], frame.params);
    frame.summary.per_joint_error_px = fitter_->JointErrors(frames[i], frame.params);
    frame.summary.usable = std::isfinite(frame.summary.score.score_px2);
  }
  CheckErrors(frames, fitter_->options(), &result);
  result.summary.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return result;
}

// Solves `motion` window by window. `result` says which frames can be fitted, and counts.
void SequenceFitter::SolveMotion(std::span<const FitProblem> frames, std::span<const int> seen,
                                 double seconds_per_frame, std::vector<BodyParams>* motion,
                                 SequenceResult* result) const {
  const std::vector<BodyParams> start = *motion;
  const auto solve = [&](const std::vector<int>& ids, int held, double weight_px, bool shape_free) {
    std::vector<Objective> objectives;
    std::vector<BodyParams> window;
    for (size_t k = 0; k < ids.size(); ++k) {
      window.push_back((*motion)[ids[k]]);
      if (static_cast<int>(k) < held) continue;
      objectives.push_back(MovingObjective(*fitter_, frames[ids[k]], result->frames[ids[k]].summary,
                                           start[ids[k]], window.back()));
    }
    const AccelerationTerm acceleration(weight_px, joints_.size());
    MotionWindow problem{joints_, objectives, {}, shape_free, held};
    if (weight_px > 0) problem.motion.push_back(&acceleration);
    const SolverResult solved =
        SolveSequence(problem, fitter_->options().backend,
                      {options_.max_iterations, options_.function_tolerance}, window);
    ++result->summary.windows;
    result->summary.iterations += solved.iterations;
    for (size_t k = 0; k < ids.size(); ++k) (*motion)[ids[k]] = window[k];
  };
  const auto share_shape = [&](const VecX& shape) {
    for (BodyParams& params : *motion) params.shape() = shape;
  };

  VecX mean = start[seen[0]].shape();
  for (size_t k = 1; k < seen.size(); ++k) {
    mean += (start[seen[k]].shape() - mean) / static_cast<double>(k + 1);
  }
  share_shape(mean);
  const int n = static_cast<int>(frames.size()), size = options_.window_frames;
  const bool one_window = n <= size;
  if (!one_window) {
    std::vector<int> spread;  // over all that is seen
    const int count = std::min<int>(size, static_cast<int>(seen.size()));
    for (int k = 0; k < count; ++k) {
      spread.push_back(seen[static_cast<int64_t>(k) * seen.size() / count]);
    }
    solve(spread, 0, /*weight_px=*/0, /*shape_free=*/true);
    share_shape((*motion)[spread[0]].shape());
  }
  const double weight_px = options_.acceleration_weight / (seconds_per_frame * seconds_per_frame);
  for (int begin = 0;; begin += size - options_.overlap_frames) {
    const int end = std::min(n, begin + size), held = std::min(2, begin);
    std::vector<int> ids(end - begin + held);
    std::iota(ids.begin(), ids.end(), begin - held);
    solve(ids, held, weight_px, /*shape_free=*/one_window);
    if (end == n) return;
  }
}

}  // namespace gyre
