// SPDX-License-Identifier: Apache-2.0
// Fits a body to the keypoints of one person: SMPLify (Bogo et al. 2016) in two stages (see
// fit_options.h), whose objectives are lists of terms (objective.h, terms/). Ceres solves any of
// them; for SMPL's sizes and terms a faster solver runs that lands in the same place
// (backends/solve_objective.h).
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "body/body_model.h"
#include "body/layout_prior.h"
#include "body/pose_prior.h"
#include "fitting/fit_options.h"
#include "fitting/fit_problem.h"

namespace gyre {

class Objective;
class StartNetwork;
struct FitModel;

// Immutable; one Fitter serves any number of threads.
class Fitter {
 public:
  // `set`: what the rows of a problem's keypoints are.
  Fitter(std::shared_ptr<const BodyModel> body, std::shared_ptr<const PosePrior> prior,
         FitOptions options, const KeypointSet& set = SpinJoints());
  ~Fitter();
  // The same with other options.
  Fitter With(FitOptions options) const;

  // Bad data never throws: the summary says why a fit is not usable. The result's body objective is
  // never above that of a start that says something of the pose.
  FitResult Fit(const FitProblem& problem) const;
  // Over up to `threads` threads (0: all cores); the results don't depend on their number.
  std::vector<FitResult> FitAll(std::span<const FitProblem> problems, int threads) const;

  // Any body against the problem's keypoints; `problem.start` only sets the depth anchors.
  FitScore Score(const FitProblem& problem, const BodyParams& params) const;
  ObjectiveTerms Evaluate(const FitProblem& problem, const BodyParams& params) const;

  // How sure a body is that explains the problem as well as a fit of it (the frame of a motion, say),
  // as FitResult::uncertainty of one that came out of Fit.
  FitUncertainty Uncertainty(const FitProblem& problem, const BodyParams& params) const;

  // The kinematic joints of limbs that no keypoint of the problem tells of, see unseen_limbs.h; none
  // where they are not to rest (FitOptions::rest_unseen_limbs).
  std::vector<int> UnseenJoints(const FitProblem& problem) const;
  // The body with those joints where the prior has them in the mean, given all that the problem
  // tells of the others; as Fit leaves them.
  BodyParams AtRest(const FitProblem& problem, const std::vector<int>& unseen,
                    const BodyParams& params) const;

  // The body stage's objective, anchored at `problem.start`, for a solver of one's own.
  Objective BodyObjective(const FitProblem& problem) const;

  // Distance in pixels of the camera for each of the keypoints; NaN where not observed.
  VecX JointErrors(const FitProblem& problem, const BodyParams& params) const;
  // The keypoints' joints in camera axes, metres; NaN where the body has no such joint. [K,3]
  Points3 Joints(const BodyParams& params) const;

  const FitOptions& options() const;
  const BodyModel& body() const;
  const PosePrior& prior() const;           // as it was given
  const LayoutPrior& layout_prior() const;  // on the body
  const KeypointSet& keypoints() const;
  // Where fits begin of which nothing is known but keypoints; null: by the options not from a network,
  // or the body shares too few joints with it.
  std::shared_ptr<const StartNetwork> start_network() const;

 private:
  std::unique_ptr<const FitModel> model_;
};

}  // namespace gyre
