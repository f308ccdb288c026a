// SPDX-License-Identifier: Apache-2.0
// A body with hands and face, part by part.
//   1. The body by its own keypoints, a knuckle of each hand and the bones of the face, all other
//      joints of hands and face at rest: as one of SMPL's joints (smpl_twin.h), with everything
//      that fits such bodies. Where nose and eyes are seen from two starts, a network's of
//      keypoints and one that faces the camera; and with bones mirrored in depth (mirror_search.h).
//   2. Each hand that is seen: wrist and principal components, from where the body has the wrist
//      and from that turned about the forearm; and the face: head, jaw and expression. Meanwhile
//      the body may be moved in front of the camera, so that an error of the arm or the neck is
//      none of the hand or the face, and goes back afterwards.
//   3. All of it at once.
//   4. Where it runs into itself, and FitOptions::collision_weight asks for it, once more without.
// Other bodies of step 1 that are nearly as good go on, too, with the first one's hands and face:
// these may tell them apart. That from the other start has hands and face fitted anew.
// What is not seen is where the body's file has it at rest, hands at their mean.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "body/whole_body_joints.h"
#include "fitting/backends/fused_chart.h"
#include "fitting/disentangle.h"
#include "fitting/fit_search.h"
#include "fitting/fitter.h"
#include "fitting/param_chart.h"

namespace gyre {

// Immutable.
class WholeBody {
 public:
  // Of a FitModel's body, which owns this. UserError where the body has no hands with components.
  WholeBody(const FitModel& model, std::shared_ptr<const PosePrior> prior);

  // Step 1. Usable, or with the reason; then nothing else counts.
  struct Bodies {
    FitResult best;
    std::vector<FitAlternative> others;  // nearly as good
    std::optional<BodyParams> rival;     // from the other start, and nearly as good
  };
  Bodies Start(const FitProblem& problem, const Observations& observed) const;
  // Steps 2 to 4; without step 2 where another body has been through it, `with_parts`: hands and
  // face are then as they are there, turned in space as there.
  FitCandidate Finish(StagedProblem& staged, const BodyParams& start, FitSummary* summary,
                      const BodyParams* with_parts = nullptr) const;

 private:
  struct Part {
    PersonPart part;
    std::vector<int> direct;  // what moves besides the components
    std::optional<HandPca> hand;
    int pivot;  // the joint that carries it: wrist, head
    int pivot_param;
  };
  FitProblem TwinProblem(const FitProblem& problem, const Observations& observed) const;
  Bodies StartUninformed(const FitProblem& of_twin) const;
  bool ShowsFace(const FitProblem& of_twin) const;
  Objective PartObjective(const Part& part, const StagedProblem& staged,
                          const BodyParams& anchor) const;
  bool IsSeen(const Part& part, const Observations& observed) const;
  std::vector<BodyParams> PartStarts(const Part& part, Objective& objective,
                                     const BodyParams& start) const;
  SolverResult Solve(Objective& objective, const ParamChart& chart, const SolverOptions& options,
                     FusedChartWorkspace& workspace, VecX* x, BodyParams* params) const;
  void FitPart(const Part& part, const StagedProblem& staged, FusedChartWorkspace& workspace,
               BodyParams* params) const;
  ParamChart ChartOf(const Objective& objective) const;

  const FitModel& model_;
  // From all starts; from the likeliest; upright and facing the camera.
  std::unique_ptr<const Fitter> twin_, plain_twin_, upright_twin_;
  std::unique_ptr<const FitModel> twin_model_;  // of the same
  std::vector<int> of_twin_;                    // which keypoint each of the twin's is
  std::vector<PersonPart> part_of_;             // of the distinct joints
  std::vector<Part> parts_;
  std::unique_ptr<const Disentangler> disentangler_;  // null where it is not asked for
};

}  // namespace gyre
