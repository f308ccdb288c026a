// SPDX-License-Identifier: Apache-2.0
#include "fitting/sequence_fitter.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "core/error.h"
#include "core/so3.h"
#include "fitting/fit_checks.h"
#include "fitting/joint_steadiness.h"
#include "fitting/motion_solver.h"
#include "fitting/objective.h"
#include "fitting/terms/acceleration.h"

namespace gyre {
namespace {

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

// The motion chooses among the ends of each frame alone, of which many starts have two.
std::shared_ptr<const Fitter> FromTheMean(std::shared_ptr<const Fitter> fitter) {
  if (fitter->options().cold_start == ColdStart::kMean) return fitter;
  FitOptions options = fitter->options();
  options.cold_start = ColdStart::kMean;
  return std::shared_ptr<const Fitter>(new Fitter(fitter->With(std::move(options))));
}

}  // namespace

SequenceFitter::SequenceFitter(std::shared_ptr<const Fitter> fitter, SequenceOptions options)
    : fitter_(FromTheMean(std::move(fitter))),
      options_(std::move(options)),
      joints_(fitter_->body(), SmoothJoints(fitter_->body())),
      feet_(fitter_->body(), joints_),
      stature_(fitter_->body()) {
  options_.Check();
}

MotionModel SequenceFitter::Model(const Fitter& fitter) const {
  return {fitter, options_, joints_, feet_, stature_};
}

Fitter SequenceFitter::InMotion(double seconds_per_frame) const {
  FitOptions options = fitter_->options();
  if (seconds_per_frame < options_.pose_s) {
    options.pose_prior_weight *= std::sqrt(seconds_per_frame / options_.pose_s);
  }
  return fitter_->With(std::move(options));
}

double SequenceFitter::SquaredBends(std::span<const BodyParams> frames) const {
  double sum = 0;
  for (size_t i = 1; i + 1 < frames.size(); ++i) {
    sum += (joints_.Positions(frames[i - 1]) - 2 * joints_.Positions(frames[i]) +
            joints_.Positions(frames[i + 1]))
               .squaredNorm();
  }
  return sum;
}

double SequenceFitter::Cost(std::span<const FitProblem> frames, std::span<const BodyParams> motion,
                            double seconds_per_frame) const {
  GYRE_CHECK(frames.size() == motion.size());
  const Fitter in_motion = InMotion(seconds_per_frame);
  const double weight_px = options_.acceleration_weight / (seconds_per_frame * seconds_per_frame);
  const AccelerationTerm acceleration(weight_px, JointSteadiness(joints_.set()));
  const VecX weights = acceleration.RowWeights();
  double cost = 0;
  for (size_t i = 1; i + 1 < motion.size(); ++i) {
    const Points3 bend = joints_.Positions(motion[i - 1]) - 2 * joints_.Positions(motion[i]) +
                         joints_.Positions(motion[i + 1]);
    cost += weights.cwiseProduct(bend.reshaped<Eigen::RowMajor>()).squaredNorm();
  }
  for (size_t i = 0; i < frames.size(); ++i) {
    const ObjectiveTerms terms = in_motion.Evaluate(frames[i], motion[i]);
    cost += terms.BodyTotal() - terms.depth_anchor - terms.start_anchor;
  }
  return std::isfinite(cost) ? cost : std::numeric_limits<double>::infinity();
}

double SequenceFitter::Acceleration(std::span<const BodyParams> frames,
                                    double seconds_per_frame) const {
  const double inner = static_cast<double>(frames.size()) - 2;
  const double count = inner > 0 ? inner * joints_.size() : 0;
  return std::sqrt(SquaredBends(frames) / count) / (seconds_per_frame * seconds_per_frame);
}

std::vector<FitResult> SequenceFitter::FitAlone(std::span<const FitProblem> frames,
                                                int threads) const {
  std::vector<FitResult> alone = fitter_->FitAll(frames, threads);
  for (FitResult& fit : alone) fit = WhateverItsError(std::move(fit));
  return alone;
}

SequenceFitter::OneShape SequenceFitter::FitShape(std::span<const FitProblem> frames,
                                                  int threads) const {
  const std::vector<FitResult> alone = FitAlone(frames, threads);
  std::vector<BodyParams> start;
  std::vector<int> seen;
  for (const FitResult& fit : alone) {
    if (fit.summary.usable) seen.push_back(static_cast<int>(start.size()));
    start.push_back(fit.params);
  }
  OneShape found{VecX::Zero(fitter_->body().layout->num_shape()), {}};
  if (seen.empty()) return found;
  MotionSolver solver(Model(*fitter_), frames, alone, std::move(start));
  found.shape = solver.SolveShape(seen);
  for (const int i : seen) found.bodies.push_back(solver.motion()[i]);
  return found;
}

std::optional<Floor> SequenceFitter::FloorUnder(std::span<const BodyParams> bodies) const {
  std::vector<Points3> joints;
  for (const BodyParams& params : bodies) joints.push_back(joints_.Positions(params));
  return FindFloor(joints, feet_);
}

// Of each frame, those before included, its own fit, and those from its neighbours': tracked
// forwards from the first frame to the last, then backwards, always from the best of the neighbour
// so far. None where nothing was usable.
SequenceFitter::Candidates SequenceFitter::CandidatesOf(const Fitter& in_motion,
                                                        std::span<const FitProblem> frames,
                                                        std::span<const FitResult> alone,
                                                        std::span<const BodyParams> before) const {
  const int first = static_cast<int>(before.size()), n = first + static_cast<int>(frames.size());
  Candidates candidates{std::vector<std::vector<PathStep>>(n),
                        std::vector<std::vector<FitResult>>(n)};
  const auto add = [&](int i, const FitResult& fit, double cost) {
    const Points3 joints = joints_.Positions(fit.params);
    candidates.steps[i].push_back({cost, joints.rowwise() - joints.colwise().mean()});
    candidates.fits[i].push_back(fit);
  };
  const auto add_fit = [&](int i, const FitResult& fit) {
    if (!fit.summary.usable) return;
    const FitResult& own = alone[i - first];
    const BodyParams& anchor = own.summary.usable ? own.params : fit.params;
    Objective objective = in_motion.BodyObjective(AnchoredAt(frames[i - first], anchor, in_motion));
    add(i, fit, objective.Cost(fit.params));
  };
  const auto track = [&](int i, int from) {
    const std::vector<PathStep>& neighbour = candidates.steps[from];
    const auto best = std::ranges::min_element(neighbour, {}, &PathStep::cost);
    FitProblem tracked = frames[i - first];
    tracked.start = candidates.fits[from][best - neighbour.begin()].params;
    tracked.has_start = tracked.start_has_translation = true;
    add_fit(i, WhateverItsError(fitter_->Fit(tracked)));
  };
  int seen = -1;  // the nearest frame behind that has a candidate
  for (int i = 0; i < n; ++i) {
    if (i < first) {
      FitResult held;
      held.params = before[i];
      add(i, held, 0);
    } else {
      add_fit(i, alone[i - first]);
      if (seen >= 0) track(i, seen);
    }
    if (!candidates.fits[i].empty()) seen = i;
  }
  for (int i = seen - 1; i >= first; --i) {
    track(i, seen);
    if (!candidates.fits[i].empty()) seen = i;
  }
  return candidates;
}

SequenceResult SequenceFitter::Fit(std::span<const FitProblem> frames, double seconds_per_frame,
                                   int threads, const MotionBefore& before) const {
  GYRE_CHECK(std::isfinite(seconds_per_frame) && seconds_per_frame > 0);
  GYRE_CHECK(before.last.size() <= 2 && (before.last.empty() || before.shape));
  const auto began = std::chrono::steady_clock::now();
  const int first = static_cast<int>(before.last.size());
  const int n = first + static_cast<int>(frames.size());
  SequenceResult result;
  result.frames = FitAlone(frames, threads);
  for (const FitResult& fit : result.frames) {
    std::optional<BodyParams>& alone = result.alone.emplace_back();
    if (fit.summary.usable) alone = fit.params;
  }
  const Fitter in_motion = InMotion(seconds_per_frame);
  Candidates candidates = CandidatesOf(in_motion, frames, result.frames, before.last);
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
    if (seen[k] >= first) result.frames[seen[k] - first] = chosen;
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
  MotionSolver solver(Model(in_motion), frames, result.frames, std::move(motion));
  const bool one_window = !before.shape && n <= options_.window_frames;
  const VecX shape = before.shape ? *before.shape
                     : one_window ? solver.MeanShape(seen)
                                  : solver.SolveShape(seen);
  solver.Solve(shape, /*shape_free=*/one_window, seconds_per_frame);
  if (options_.ground) {
    std::vector<BodyParams> bodies;
    for (const int i : seen) bodies.push_back(solver.motion()[i]);
    std::optional<Floor> floor = FloorUnder(bodies);
    if (!floor) floor = before.floor;
    if (floor) {
      solver.StandOn(*floor, seconds_per_frame);
      solver.Solve(solver.motion()[seen[0]].shape(), one_window, seconds_per_frame);
    }
  }
  result.summary.windows = solver.windows();
  result.summary.iterations = solver.iterations();
  std::vector<BodyParams> solved(solver.motion().begin() + first, solver.motion().end());
  RestLimbsNeverSeen(frames, result.frames, solved);
  Finish(frames, solved, &result);
  result.summary.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return result;
}

// The joints of limbs that no frame with a fit tells of rest as in fits of the frames; where there
// is no fit they are as in the frame before, or after.
void SequenceFitter::RestLimbsNeverSeen(std::span<const FitProblem> frames,
                                        std::span<const FitResult> fits,
                                        std::span<BodyParams> motion) const {
  std::optional<std::vector<int>> never;
  for (size_t i = 0; i < frames.size(); ++i) {
    if (!fits[i].summary.usable) continue;
    const std::vector<int> unseen = fitter_->UnseenJoints(frames[i]);
    if (!never) never = unseen;
    std::erase_if(*never, [&](int joint) { return !std::ranges::binary_search(unseen, joint); });
    if (never->empty()) return;
  }
  if (!never) return;
  const auto copy = [&](size_t from, size_t begin, size_t end) {
    for (size_t k = begin; k < end; ++k) {
      for (const int joint : *never) motion[k].rotation(joint) = motion[from].rotation(joint);
    }
  };
  std::optional<size_t> known;
  for (size_t i = 0; i < frames.size(); ++i) {
    if (!fits[i].summary.usable) continue;
    motion[i] = fitter_->AtRest(frames[i], *never, motion[i]);
    copy(known.value_or(i), known ? *known + 1 : 0, i);
    known = i;
  }
  copy(*known, *known + 1, frames.size());
}

// Measures the motion against the frames.
void SequenceFitter::Finish(std::span<const FitProblem> frames, std::span<const BodyParams> motion,
                            SequenceResult* result) const {
  for (size_t i = 0; i < frames.size(); ++i) {
    FitResult& frame = result->frames[i];
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
  CheckErrors(frames, fitter_->options(), result);
}

}  // namespace gyre
