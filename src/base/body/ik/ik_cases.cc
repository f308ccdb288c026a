// SPDX-License-Identifier: Apache-2.0
#include "body/ik/ik_cases.h"

#include "body/ik/swing.h"
#include "body/ik/tree_pose.h"
#include "core/so3.h"

namespace gyre {
namespace {

Vec3 DrawVector(Rng& rng, double scale) {
  const double x = rng.Normal(), y = rng.Normal(), z = rng.Normal();
  return scale * Vec3(x, y, z);
}

VecX DrawShape(const IkTree& tree, Rng& rng) {
  VecX shape(tree.dirs.cols());
  for (double& b : shape) b = rng.Normal();
  return shape;
}

}  // namespace

IkCase MakeIkCase(const IkTree& tree, IkCaseKind kind, const IkCaseOptions& options, Rng& rng) {
  IkCase made;
  IkProblem& problem = made.problem;
  const VecX shape = DrawShape(tree, rng), other = DrawShape(tree, rng);
  problem.rest = tree.RestAt(shape);
  problem.twist = IkNumbers::Zero(tree.size());
  TreePose pose;
  for (int k = 0; k < tree.size(); ++k) {
    pose.local[k] = ExpSO3(DrawVector(rng, k == 0 ? 2.0 : options.bend_rad));
    const IkNode& node = tree.nodes[k];
    if (node.kind == IkNodeKind::kEnd) {
      pose.local[k].setIdentity();
    } else if (k > 0) {
      const Vec3 bone = problem.rest.row(node.main_child) - problem.rest.row(k);
      problem.twist[k] = TwistOf(pose.local[k], bone);
    }
  }
  IkProblem posed = problem;
  if (kind == IkCaseKind::kOtherShape) posed.rest = tree.RestAt(other);
  PoseTree(tree, posed, &pose);
  made.truth = pose.local;
  problem.target = pose.points;
  problem.target.rowwise() += DrawVector(rng, 1).transpose();
  if (kind != IkCaseKind::kNoise) return made;
  for (int k = 1; k < tree.size(); ++k) {
    problem.target.row(k) += DrawVector(rng, options.noise_m).transpose();
  }
  return made;
}

double RotationError(const IkPlan& plan, const IkSolution& solution, const IkRotations& truth) {
  double sum = 0;
  int count = 0;
  for (size_t k = 0; k < plan.nodes.size(); ++k) {
    if (!plan.nodes[k].moves) continue;
    sum += (solution.rotations[k] - truth[k]).norm();
    ++count;
  }
  return count > 0 ? sum / count : 0;
}

}  // namespace gyre
