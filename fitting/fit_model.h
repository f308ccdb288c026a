// SPDX-License-Identifier: Apache-2.0
// What a Fitter is made of, shared by its parts: the body, what it is fitted to and how.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "body/body_model.h"
#include "body/kinematics.h"
#include "body/layout_prior.h"
#include "fitting/backends/fused_backend.h"
#include "fitting/fit_options.h"
#include "fitting/fit_problem.h"
#include "fitting/free_params.h"
#include "fitting/objective.h"
#include "fitting/observations.h"
#include "fitting/smplifyx.h"
#include "fitting/start_input.h"
#include "fitting/terms/term_list.h"
#include "fitting/unseen_limbs.h"

namespace gyre {

class WholeBody;

// Where a search begins, the first one first.
struct FitStarts {
  std::vector<BodyParams> starts;
  bool by_network = false;  // FitOptions::cold_start: the first, and its orientation that of all
};

// Immutable.
struct FitModel {
  FitModel(std::shared_ptr<const BodyModel> body, std::shared_ptr<const PosePrior> prior,
           FitOptions options, const KeypointSet& set);
  ~FitModel();

  const BodyLayout& layout() const { return *body->layout; }
  // A stage's objective over what was compiled from a problem.
  Objective StageObjective(FitStage stage, const Observations& observed, const BodyParams& anchor,
                           std::unique_ptr<const Term> more = nullptr) const;
  // What a problem anchors its parameters to: its start, of which a cold problem need not have one.
  BodyParams AnchorOf(const FitProblem& problem) const;
  // The hypotheses in order, the given one, the network's or the upright one first; empty when that
  // cannot be placed.
  FitStarts Starts(const FitProblem& problem, const Observations& observed) const;
  // The given or upright one and what Hypotheses add to it, as if there were no network.
  std::vector<BodyParams> StartsWithoutNetwork(const FitProblem& problem,
                                               const Observations& observed) const;

  std::shared_ptr<const BodyModel> body;
  std::shared_ptr<const LayoutPrior> prior;
  FitOptions options;
  KeypointRules rules;
  std::shared_ptr<const FoldedJoints> joints;  // rules.distinct_joints()
  FreeParams free_params;
  std::unique_ptr<const FusedModel> fused;  // null where none is compiled for the body
  FoldedJoints skeleton;                    // the kinematic joints
  UnseenLimbs unseen_limbs;
  std::unique_ptr<const KeypointStart> keypoint_start;  // null where no network has a say
  // Keypoints, by Limbs: WithLimbsExchanged; and those of the body, without hands, that change.
  std::array<std::vector<int>, 3> exchanged, of_limbs;
  // By FitOptions::stages; null otherwise.
  std::unique_ptr<const WholeBody> whole_body;
  std::unique_ptr<const Smplifyx> smplifyx;

 private:
  // What the network says of whom nothing else is known, placed.
  std::optional<BodyParams> NetworkStart(const FitProblem& problem,
                                         const Observations& observed) const;
  // Those that can be placed; none where the first cannot.
  std::vector<BodyParams> Placed(const FitProblem& problem, const Observations& observed,
                                 std::vector<BodyParams> starts) const;
};

// A problem with the objectives of its two stages, anchored alike.
struct StagedProblem {
  StagedProblem(const FitModel& model, const FitProblem& problem, const Observations& observed,
                const BodyParams& anchor);

  // The objective term by term, each stage's as it is minimised last.
  ObjectiveTerms Terms(const BodyParams& params);
  // Whatever was minimised; the joints' errors as KeypointRules::Errors.
  FitScore Score(const BodyParams& params, VecX* joint_errors_px);

  const FitModel& model;
  const FitProblem& problem;
  const Observations& observed;
  BodyParams anchor;
  Objective torso, body;

 private:
  // The body stage's, as it is minimised last. What was asked for last is kept: an end is scored
  // right after its objective was evaluated.
  const ObjectiveTerms& BodyTerms(const BodyParams& params);

  BodyParams terms_at_;
  ObjectiveTerms terms_;
};

}  // namespace gyre
