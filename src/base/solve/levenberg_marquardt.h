// SPDX-License-Identifier: Apache-2.0
// Levenberg-Marquardt with the damping rule of Nielsen (1999), as Ceres has it: each parameter is
// damped by its own curvature over the radius of trust, which grows with the quality of a step.
#pragma once

#include <algorithm>
#include <cmath>

#include "solve/solver.h"

namespace gyre {

// Problem has a current point and a candidate:
//   bool Step(double damping, double* predicted)  candidate = current - (N + damping diag N)^-1 g,
//                                                 and the decrease that the linear model predicts;
//                                                 false when the matrix is not positive definite
//   double EvaluateCandidate()                    its objective; not finite when it has none
//   void Accept()                                 current = candidate
//   void Linearise()                              N and g at the current point
// `cost` is the objective at the current point, where the problem is not linearised yet.
template <class Problem>
SolverResult MinimiseByLevenbergMarquardt(Problem& problem, double cost,
                                          const SolverOptions& options) {
  constexpr double kStartRadius = 1e4, kMaxRadius = 1e16;
  constexpr double kMinQuality = 1e-3;  // of a step: actual over predicted decrease
  constexpr int kMaxRejected = 8;       // in a row
  SolverResult result{Termination::kMaxIterations, 0, cost};
  if (!std::isfinite(cost)) {
    result.termination = Termination::kFailed;
    return result;
  }
  problem.Linearise();
  double radius = kStartRadius, shrink = 2;
  int rejected = 0;
  while (result.iterations < options.max_iterations) {
    ++result.iterations;
    double predicted = 0;
    const bool solved = problem.Step(1 / radius, &predicted);
    if (solved && predicted <= options.function_tolerance * result.cost) {
      result.termination = Termination::kConverged;  // not worth the step
      return result;
    }
    const double candidate = solved ? problem.EvaluateCandidate() : std::nan("");
    const double decrease = result.cost - candidate;
    if (decrease > kMinQuality * predicted && decrease >= 0) {
      problem.Accept();
      result.cost = candidate;
      if (decrease <= options.function_tolerance * result.cost) {
        result.termination = Termination::kConverged;
        return result;
      }
      problem.Linearise();
      const double quality = 2 * decrease / predicted - 1;
      radius = std::min(kMaxRadius, radius / std::max(1.0 / 3, 1 - quality * quality * quality));
      shrink = 2;
      rejected = 0;
      continue;
    }
    if (++rejected == kMaxRejected) {
      result.termination = Termination::kConverged;
      return result;
    }
    radius /= shrink;
    shrink *= 2;
  }
  return result;
}

}  // namespace gyre
