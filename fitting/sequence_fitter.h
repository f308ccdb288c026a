// SPDX-License-Identifier: Apache-2.0
// Fits one person through a sequence of frames: a pose and a translation per frame, one shape, and
// motion that does not jerk.
//
//   sum over frames of the body stage's objective (fit_options.h) at (th_i, b, t_i), its pose
//     prior's weight^2 times min(1, dt / pose_s)
//     + acceleration_weight^2 sum over inner frames and joints j of |w_j a_ij|^2,
//   a_i = (X_{i-1} - 2 X_i + X_{i+1}) / dt^2,   w_j from joint_steadiness.h
//
// with X the kinematic joints and the landmarks of face and feet (which keep head and feet from
// twisting) in the camera's frame: the camera is taken to stand still. Joint positions rather than
// rotations, because their accelerations have a size that is known in metres, the translation is
// held by the same term, and no rotation has a seam.
//
// How: every frame is fitted by itself, then tracked forwards and backwards from its neighbours'
// fits; of these candidates the path that is smoothest and explains most is taken (dynamic
// programming over pairs of frames), so that a limb does not jump between near and far. From there
// all frames of a window are solved together by Levenberg-Marquardt over block-banded normal
// equations, and the window slides: time grows with the number of frames, the memory of the solver
// with the window. The shape is that of the first window, or for longer sequences of frames spread
// over all of it, for which the shape prior counts once.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "body/kinematics.h"
#include "fitting/fitter.h"
#include "fitting/ground.h"
#include "fitting/sequence_options.h"
#include "fitting/smoothest_path.h"
#include "fitting/terms/stature.h"

namespace gyre {

struct SequenceSummary {
  int windows = 0;
  int iterations = 0;
  int bridged_frames = 0;  // of no usable fit of their own
  int far_frames = 0;      // fitted, but farther from their keypoints than max_error_share
  double seconds = 0;
};

struct SequenceResult {
  // In the order of the frames. Where a frame by itself cannot be fitted, `usable` is false and
  // the reason stands, but the parameters are those of the motion through the gap, unless no frame
  // can be fitted. Frames whose body is far from its keypoints (FitOptions::max_error_share) are
  // usable all the same: the frames around them carry it. Only where they are more than half of
  // those that are fitted, they carry nothing, and each is not usable (kLargeError). `before` is of
  // the frame's own fit; no runner-up, no uncertainty.
  std::vector<FitResult> frames;
  // Each frame's own fit, whatever its error, where there is one.
  std::vector<std::optional<BodyParams>> alone;
  SequenceSummary summary;
};

struct MotionModel;

// What is known of the motion that the frames go on with.
struct MotionBefore {
  std::vector<BodyParams> last;  // of the frames right before, at most two: they stay as they are
  std::optional<VecX> shape;     // of all frames; known where there is a motion before
  std::optional<Floor> floor;    // with SequenceOptions::ground, where the frames are too few
};

// Immutable.
class SequenceFitter {
 public:
  SequenceFitter(std::shared_ptr<const Fitter> fitter, SequenceOptions options);

  // The same person, frame by frame, `seconds_per_frame` apart. Up to `threads` threads (0: all
  // cores) where frames are fitted one by one; the result does not depend on their number.
  // After `before`, the motion goes on without a seam: what is long can be fitted part by part,
  // each with some of the frames that follow it.
  SequenceResult Fit(std::span<const FitProblem> frames, double seconds_per_frame, int threads,
                     const MotionBefore& before = {}) const;

  // Frames in any order, as many as a window, fitted with one shape and without motion.
  struct OneShape {
    VecX shape;                      // zero where none can be fitted
    std::vector<BodyParams> bodies;  // of those that can
  };
  OneShape FitShape(std::span<const FitProblem> frames, int threads) const;
  // The floor under one person's bodies that mostly stand (ground.h); empty where they are too few.
  std::optional<Floor> FloorUnder(std::span<const BodyParams> bodies) const;

  // What Fit minimises without the ground, of any motion through the frames: the objectives of the
  // frames, without anchors, and that of the accelerations, reference pixels squared. Infinite
  // where a frame's has no value.
  double Cost(std::span<const FitProblem> frames, std::span<const BodyParams> motion,
              double seconds_per_frame) const;

  // Root mean square over inner frames and joints of |a_i|, m/s^2; NaN for less than three frames.
  double Acceleration(std::span<const BodyParams> frames, double seconds_per_frame) const;

 private:
  MotionModel Model(const Fitter& fitter) const;
  // The fitter of frames so far apart, which share the pose prior.
  Fitter InMotion(double seconds_per_frame) const;
  // Sum over inner frames and joints of |X_{i-1} - 2 X_i + X_{i+1}|^2.
  double SquaredBends(std::span<const BodyParams> frames) const;
  // The ways to see each frame, and the fits that they are.
  struct Candidates {
    std::vector<std::vector<PathStep>> steps;
    std::vector<std::vector<FitResult>> fits;
  };
  // Their costs are those of `in_motion`.
  Candidates CandidatesOf(const Fitter& in_motion, std::span<const FitProblem> frames,
                          std::span<const FitResult> alone,
                          std::span<const BodyParams> before) const;
  std::vector<FitResult> FitAlone(std::span<const FitProblem> frames, int threads) const;
  void RestLimbsNeverSeen(std::span<const FitProblem> frames, std::span<const FitResult> fits,
                          std::span<BodyParams> motion) const;
  void Finish(std::span<const FitProblem> frames, std::span<const BodyParams> motion,
              SequenceResult* result) const;

  std::shared_ptr<const Fitter> fitter_;
  SequenceOptions options_;
  FoldedJoints joints_;
  FootPoints feet_;
  Stature stature_;
};

}  // namespace gyre
