// SPDX-License-Identifier: Apache-2.0
#include "fitting/fit_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "fitting/backends/solve_objective.h"
#include "fitting/hypotheses.h"

namespace gyre {

SolverResult FitSearch::Solve(Objective& objective, int max_iterations, double tolerance,
                              BodyParams* params) {
  return SolveObjective(objective, options_.backend, problem_.model.fused.get(),
                        {max_iterations, tolerance}, workspace_, params);
}

// Anchored where it starts; with squared errors, and from there with robust ones.
SolverResult FitSearch::SolveTorso(BodyParams* params) {
  Objective& torso = problem_.torso;
  torso.set_anchor(*params);
  torso.set_sigma_px(0);
  const SolverResult squared =
      Solve(torso, options_.torso_max_iterations, options_.function_tolerance, params);
  if (options_.torso_sigma_px == 0) return squared;
  torso.set_sigma_px(options_.torso_sigma_px);
  SolverResult robust =
      Solve(torso, options_.torso_max_iterations, options_.function_tolerance, params);
  robust.iterations += squared.iterations;
  return robust;
}

// From first_sigma_px down to sigma_px, which the objective has in the end.
SolverResult FitSearch::SolveBody(BodyParams* params) {
  constexpr double kRoughTolerance = 1e-3;
  Objective& body = problem_.body;
  int iterations = 0;
  for (double sigma = options_.first_sigma_px; sigma > options_.sigma_px;
       sigma = std::max(sigma / 10, options_.sigma_px)) {
    body.set_sigma_px(sigma);
    iterations += Solve(body, options_.body_max_iterations, kRoughTolerance, params).iterations;
  }
  body.set_sigma_px(options_.sigma_px);
  SolverResult result =
      Solve(body, options_.body_max_iterations, options_.function_tolerance, params);
  result.iterations += iterations;
  return result;
}

template <class Function>
void FitSearch::SolveEach(const Function& solve) {
  for (FitCandidate& candidate : candidates_) {
    const SolverResult result = solve(&candidate.params);
    summary_.body_iterations += result.iterations;
    candidate.termination = result.termination;
    candidate.cost = result.termination == Termination::kFailed
                         ? std::numeric_limits<double>::infinity()
                         : result.cost;
  }
}

void FitSearch::KeepBest(size_t count) {
  std::erase_if(candidates_, [](const FitCandidate& c) { return !std::isfinite(c.cost); });
  std::stable_sort(candidates_.begin(), candidates_.end(),
                   [](const FitCandidate& a, const FitCandidate& b) { return a.cost < b.cost; });
  for (size_t i = candidates_.size(); i-- > count;) {
    if (!candidates_[i].always) candidates_.erase(candidates_.begin() + i);
  }
}

std::vector<FitCandidate> FitSearch::Run(const std::vector<BodyParams>& starts, bool oriented) {
  constexpr size_t kToProbe = 6, kToFinish = 2;
  constexpr int kProbeIterations = 4;
  Objective& body = problem_.body;
  candidates_.clear();
  for (const BodyParams& start : starts) {
    FitCandidate& candidate = candidates_.emplace_back(FitCandidate{start});
    if (!options_.torso_stage || oriented) continue;
    summary_.torso_iterations += SolveTorso(&candidate.params).iterations;
  }
  candidates_.front().always = !IsUninformed(starts.front(), *problem_.model.prior);
  summary_.hypotheses_tried += static_cast<int>(candidates_.size());
  body.set_sigma_px(options_.first_sigma_px);
  if (candidates_.size() > kToProbe) {
    for (FitCandidate& candidate : candidates_) candidate.cost = body.Cost(candidate.params);
    KeepBest(kToProbe);
  }
  if (candidates_.size() > kToFinish) {
    SolveEach([&](BodyParams* params) {
      return Solve(body, kProbeIterations, options_.function_tolerance, params);
    });
    KeepBest(kToFinish);
  }
  SolveEach([&](BodyParams* params) { return SolveBody(params); });
  KeepBest(candidates_.size());
  return std::move(candidates_);
}

FitCandidate FitSearch::FromStart(const BodyParams& start) {
  FitCandidate candidate{start};
  problem_.body.set_sigma_px(options_.sigma_px);
  const SolverResult solved = Solve(problem_.body, options_.body_max_iterations,
                                    options_.function_tolerance, &candidate.params);
  summary_.body_iterations += solved.iterations;
  candidate.cost = solved.cost;
  candidate.termination = solved.termination;
  return candidate;
}

}  // namespace gyre
