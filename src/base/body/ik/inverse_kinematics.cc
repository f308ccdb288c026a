// SPDX-License-Identifier: Apache-2.0
#include "body/ik/inverse_kinematics.h"

#include <cmath>

#include "body/ik/closed_form_ik.h"
#include "body/ik/least_squares_ik.h"
#include "body/ik/swing.h"
#include "body/ik/swing_angle_ik.h"
#include "core/error.h"

namespace gyre {
namespace {

IkBranches BranchesOf(const IkOptions& options) {
  return options.method == IkMethod::kIkol ? IkBranches::kMain : options.branches;
}

std::unique_ptr<const IkSolver> MakeSolver(const IkTree& tree, const IkOptions& options,
                                           bool training) {
  switch (options.method) {
    case IkMethod::kLeastSquares:
      return std::make_unique<LeastSquaresIk>(tree, options);
    case IkMethod::kAdaptive:
      return std::make_unique<ClosedFormIk>(tree, ClosedFormOptions());
    case IkMethod::kNaive:
      return std::make_unique<ClosedFormIk>(tree, ClosedFormOptions{.adaptive = false});
    case IkMethod::kIkol:
      return std::make_unique<SwingAngleIk>(tree, options, training);
  }
  GYRE_CHECK(false, "no such method");
  return nullptr;
}

}  // namespace

void IkOptions::Check() const {
  if (!(damping >= 0) || !std::isfinite(damping)) {
    ThrowUserError("ik.damping: {} is not 0 or more", damping);
  }
  if (steps < 0 || steps > 1000) ThrowUserError("ik.steps: {} is not in 0..1000", steps);
  if (method == IkMethod::kIkol && damping == 0) {
    ThrowUserError("ik.damping: method ikol takes more than 0, published is 0.1");
  }
}

IkOptions IkOptions::Ikol() {
  return {.method = IkMethod::kIkol, .backward = IkBackward::kUnrolled, .damping = 0.1, .steps = 5};
}

InverseKinematics::InverseKinematics(const BodyModel& model, const IkOptions& options,
                                     std::span<const IkEnd> ends)
    : options_((options.Check(), options)),
      tree_(model, BranchesOf(options), ends),
      plan_(tree_),
      in_training_(MakeSolver(tree_, options, /*training=*/true)),
      in_use_(MakeSolver(tree_, options, /*training=*/false)) {}

void InverseKinematics::Solve(const IkProblem& problem, const IkPlan& plan, bool training,
                              IkSolution* solution) const {
  const int count = tree_.size();
  GYRE_CHECK(problem.rest.rows() == count && problem.target.rows() == count);
  GYRE_CHECK(problem.twist.size() == count && static_cast<int>(plan.nodes.size()) == count);
  (training ? in_training_ : in_use_)->Solve(problem, plan, solution);
}

IkGradient InverseKinematics::Pull(const IkProblem& problem, const IkPlan& plan,
                                   const IkSolution& solution, const IkVectors& g,
                                   bool training) const {
  const int count = tree_.size();
  IkGradient out{IkPoints::Zero(count, 3), IkPoints::Zero(count, 3), IkNumbers::Zero(count)};
  if (options_.backward == IkBackward::kDetached) {
    for (int k = 0; k < count; ++k) {
      if (!plan.nodes[k].moves || plan.nodes[k].aligned) continue;
      Vec3 bone = Vec3::Zero();
      for (const int a : plan.nodes[k].aims) {
        bone += (problem.rest.row(a) - problem.rest.row(k)).transpose();
      }
      out.twist[k] = g[k].dot(solution.rotations[k] * bone.normalized());
    }
    return out;
  }
  out = (training ? in_training_ : in_use_)->Pull(problem, plan, solution, g);
  out.target.row(0).setZero();
  out.target.row(0) = -out.target.colwise().sum().eval();
  return out;
}

}  // namespace gyre
