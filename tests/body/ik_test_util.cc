// SPDX-License-Identifier: Apache-2.0
#include "body/ik_test_util.h"

#include <algorithm>
#include <cmath>

#include "body/ik/swing.h"

namespace gyre {

RotationLoss::RotationLoss(int nodes, Rng& rng) {
  for (int k = 0; k < nodes; ++k) {
    for (double& w : weight[k].reshaped()) w = rng.Normal();
  }
}

double RotationLoss::Of(const IkSolution& solution, const IkPlan& plan) const {
  double sum = 0;
  for (size_t k = 0; k < plan.nodes.size(); ++k) {
    if (plan.nodes[k].moves) sum += weight[k].cwiseProduct(solution.rotations[k]).sum();
  }
  return sum;
}

IkVectors RotationLoss::Gradient(const IkSolution& solution, const IkPlan& plan) const {
  IkVectors g;
  g.fill(Vec3::Zero());
  for (size_t k = 0; k < plan.nodes.size(); ++k) {
    g[k] = Vee2(weight[k] * solution.rotations[k].transpose());
  }
  return g;
}

double GradientError(const IkProblem& problem, const IkGradient& gradient,
                     const std::function<double(const IkProblem&)>& loss, double step) {
  double largest = 0, error = 0;
  const auto compare = [&](double* number, IkProblem* moved, double analytic) {
    const double at = *number;
    *number = at + step;
    const double above = loss(*moved);
    *number = at - step;
    const double difference = (above - loss(*moved)) / (2 * step);
    *number = at;
    largest = std::max(largest, std::abs(difference));
    error = std::max(error, std::abs(difference - analytic));
  };
  IkProblem moved = problem;
  for (Eigen::Index i = 0; i < problem.rest.size(); ++i) {
    compare(moved.rest.data() + i, &moved, gradient.rest.data()[i]);
    compare(moved.target.data() + i, &moved, gradient.target.data()[i]);
  }
  for (Eigen::Index i = 0; i < problem.twist.size(); ++i) {
    compare(moved.twist.data() + i, &moved, gradient.twist[i]);
  }
  return error / largest;
}

}  // namespace gyre
