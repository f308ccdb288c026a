// SPDX-License-Identifier: Apache-2.0
// The search over hypotheses: both stages from many starts, of which only the best go to the end.
#pragma once

#include <vector>

#include "fitting/fit_model.h"

namespace gyre {

struct FitCandidate {
  BodyParams params;
  double cost = 0;  // of the body stage
  Termination termination = Termination::kNotRun;
  bool always = false;  // goes to the end whatever its cost
};

class FitSearch {
 public:
  // Counts in `summary`.
  FitSearch(StagedProblem& problem, FusedWorkspace& workspace, FitSummary* summary)
      : problem_(problem),
        options_(problem.model.options),
        workspace_(workspace),
        summary_(*summary) {}

  // The torso stage for every start, unless `oriented` says that they need none; then, where there are many, only the best go on and, after a
  // few steps of the body stage, to its end. An informed start always does, so that hypotheses only
  // ever help. Best first; those that failed are left out.
  std::vector<FitCandidate> Run(const std::vector<BodyParams>& starts, bool oriented);
  // The body stage alone.
  FitCandidate FromStart(const BodyParams& start);

 private:
  SolverResult Solve(Objective& objective, int max_iterations, double tolerance,
                     BodyParams* params);
  SolverResult SolveTorso(BodyParams* params);
  SolverResult SolveBody(BodyParams* params);
  template <class Function>
  void SolveEach(const Function& solve);
  void KeepBest(size_t count);

  StagedProblem& problem_;
  const FitOptions& options_;
  FusedWorkspace& workspace_;
  FitSummary& summary_;
  std::vector<FitCandidate> candidates_;
};

}  // namespace gyre
