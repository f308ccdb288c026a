// SPDX-License-Identifier: Apache-2.0
// Derivatives of inverse kinematics by differences.
#pragma once

#include <functional>

#include "body/ik/inverse_kinematics.h"
#include "core/rng.h"

namespace gyre {

// sum_k <C_k, R_k>, and its gradient by left increments.
struct RotationLoss {
  IkRotations weight;

  RotationLoss(int nodes, Rng& rng);
  double Of(const IkSolution& solution, const IkPlan& plan) const;
  IkVectors Gradient(const IkSolution& solution, const IkPlan& plan) const;
};

// The largest difference between `gradient` and central differences of `loss` over all numbers of
// the problem, over the largest of these differences.
double GradientError(const IkProblem& problem, const IkGradient& gradient,
                     const std::function<double(const IkProblem&)>& loss, double step);

}  // namespace gyre
