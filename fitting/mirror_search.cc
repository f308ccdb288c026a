// SPDX-License-Identifier: Apache-2.0
#include "fitting/mirror_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "fitting/backends/solve_objective.h"
#include "fitting/hypotheses.h"

namespace gyre {
namespace {

// Chosen on 100 made-up people, with noise as detectors have it. Of them and 300 others of three
// more kinds of poses it takes 4.1 mm off the PA error of mirroring whole limbs alone, 44.0 mm.
constexpr int kMirrorRounds = 3;
constexpr SolverOptions kMirrorProbe = {6, 1e-2}, kMirrorSolver = {8, 1e-3};
// Of the lowest objective: before any step, after a probe, at the end. With 4 for the first, 450
// made-up people ended as without it, and 19 of 93 pictures of a signer worse; with 12 none does.
constexpr double kMirrorPromising = 12, kMirrorHopeful = 1.8, kMirrorBetter = 1 - 1e-4;
constexpr double kMirrorAgain = 1.05;  // what ended above that is not tried again
constexpr double kNearlyAsGood = 1.1;
constexpr size_t kMostOthers = 3;
constexpr double kAnotherBody = 0.04;  // metres
constexpr double kLeastTurned = 0.05;  // metres that some joint moves by: bones in the image plane

// SMPL's arms and legs, their lower and their upper halves, the trunk, the pelvis, the spine.
const std::vector<int> kMirroredBones[] = {{16, 18, 20},
                                           {17, 19, 21},
                                           {1, 4, 7, 10},
                                           {2, 5, 8, 11},
                                           {18, 20},
                                           {19, 21},
                                           {16},
                                           {17},
                                           {4, 7, 10},
                                           {5, 8, 11},
                                           {1},
                                           {2},
                                           {0, 3, 6, 9, 13, 14},
                                           {0},
                                           {3, 6, 9, 13, 14}};

double MeanDistance(const Points3& a, const Points3& b) {
  return ((a.rowwise() - a.row(0)) - (b.rowwise() - b.row(0))).rowwise().norm().mean();
}

// Whether some joint moves by more than kLeastTurned.
bool MovesSome(const Points3& from, const Points3& to) {
  return ((to - from).rowwise().squaredNorm().array() > kLeastTurned * kLeastTurned).any();
}

// Those that differ from the best and from each other.
std::vector<FitAlternative> DifferentBodies(const FitModel& model, const FitAlternative& best,
                                            std::vector<FitAlternative> tried) {
  std::ranges::sort(tried, {}, &FitAlternative::objective);
  std::vector<Points3> kept = {model.skeleton.Positions(best.params)};
  std::vector<FitAlternative> others;
  for (FitAlternative& one : tried) {
    if (others.size() == kMostOthers || one.objective > kNearlyAsGood * best.objective) break;
    Points3 joints = model.skeleton.Positions(one.params);
    const auto is_same = [&](const Points3& as) { return MeanDistance(joints, as) < kAnotherBody; };
    if (std::ranges::any_of(kept, is_same)) continue;
    kept.push_back(std::move(joints));
    others.push_back(std::move(one));
  }
  return others;
}

}  // namespace

double DistanceOfBodies(const FoldedJoints& skeleton, const BodyParams& a, const BodyParams& b) {
  return MeanDistance(skeleton.Positions(a), skeleton.Positions(b));
}

void SearchMirrored(const FitModel& model, const FitProblem& problem, FitResult* fit,
                    std::vector<FitAlternative>* others) {
  const Observations observed = model.rules.Compile(problem);
  Objective objective = model.StageObjective(FitStage::kBody, observed, fit->params);
  FusedWorkspace workspace;
  const auto solve = [&](const SolverOptions& options, FitAlternative* body) {
    const SolverResult result = SolveObjective(objective, model.options.backend, model.fused.get(),
                                               options, workspace, &body->params);
    fit->summary.body_iterations += result.iterations;
    body->objective = result.termination == Termination::kFailed
                          ? std::numeric_limits<double>::infinity()
                          : result.cost;
  };
  FitAlternative best{fit->params, 0};
  solve(kMirrorSolver, &best);
  std::vector<FitAlternative> tried;
  if (fit->runner_up) solve(kMirrorSolver, &tried.emplace_back(*fit->runner_up));
  // Round after round, until all bones in a row have been no better.
  const int count = static_cast<int>(std::size(kMirroredBones));
  std::vector<bool> hopeless(count, false);
  Points3 joints = model.skeleton.Positions(best.params);
  for (int i = 0, idle = 0; i < kMirrorRounds * count && idle < count; ++i, ++idle) {
    const int bones = i % count;
    if (hopeless[bones]) continue;
    FitAlternative mirrored{WithJointsMirrored(best.params, model.layout(), kMirroredBones[bones]),
                            0};
    if (!MovesSome(joints, model.skeleton.Positions(mirrored.params))) continue;
    if (!(objective.Cost(mirrored.params) < kMirrorPromising * best.objective)) continue;
    solve(kMirrorProbe, &mirrored);
    if (mirrored.objective < kMirrorHopeful * best.objective) solve(kMirrorSolver, &mirrored);
    hopeless[bones] = !(mirrored.objective < kMirrorAgain * best.objective);
    if (mirrored.objective < kMirrorBetter * best.objective) {
      std::swap(mirrored, best);
      joints = model.skeleton.Positions(best.params);
      idle = -1;
    }
    tried.push_back(std::move(mirrored));
  }
  *others = DifferentBodies(model, best, std::move(tried));
  fit->params = best.params;
  fit->summary.after = objective.Costs(best.params);
  fit->runner_up.reset();
}

}  // namespace gyre
