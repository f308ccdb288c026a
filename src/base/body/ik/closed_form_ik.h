// SPDX-License-Identifier: Apache-2.0
// Rotations bone by bone down the tree, root first. A node's aims a (ik_tree.h) are the nodes that
// it should point to. In the axes of its parent, from its own place o,
//   swinging node   R = Swing(mean_a rest_a - rest_k  ->  W_parent^T (mean_a X_a - o), twist)
//   aligned node    R = Align(rest_a - rest_k  ->  W_parent^T (X_a - o)  over the aims)
// o is where the node has come to (adaptive: an error of the bones above is made good), or its own
// target (naive). A swinging node whose bone, so long as it is at rest, would end farther than
// `gap` from where its targets alone would put it takes those (HybrIK: 15 mm). The naive root is
// Triad(targets) Triad(rest)^T of its main child and the middle of the others, as in HybrIK's
// training. The derivative is exact but at gaps.
#pragma once

#include "body/ik/tree_pose.h"

namespace gyre {

struct ClosedFormOptions {
  bool adaptive = true;
  double gap = 0.015;  // metres; infinite: never
};

class ClosedFormIk : public IkSolver {
 public:
  // `tree` has to live as long.
  ClosedFormIk(const IkTree& tree, const ClosedFormOptions& options)
      : tree_(tree), options_(options) {}

  void Solve(const IkProblem& problem, const IkPlan& plan, IkSolution* solution) const override;
  IkGradient Pull(const IkProblem& problem, const IkPlan& plan, const IkSolution& solution,
                  const IkVectors& g) const override;

  // The same with all of the pose.
  void SolvePose(const IkProblem& problem, const IkPlan& plan, TreePose* pose) const;
  // The gradient of sum_k g_k.w_k is added to `out`.
  void PullPose(const IkProblem& problem, const IkPlan& plan, const TreePose& pose,
                const IkVectors& g, IkGradient* out) const;

 private:
  struct Aim;
  Aim AimOf(const IkProblem& problem, const IkPlan& plan, const TreePose& pose, int node) const;
  Mat3 LocalRotation(const IkProblem& problem, const IkPlan& plan, const TreePose& pose,
                     int node) const;
  void PullSwinging(const IkProblem& problem, const IkPlan& plan, const TreePose& pose, int node,
                    const Vec3& g, TreeCotangents* cotangents, IkGradient* out) const;
  void PullAligned(const IkProblem& problem, const IkPlan& plan, const TreePose& pose, int node,
                   const Vec3& g, TreeCotangents* cotangents, IkGradient* out) const;

  const IkTree& tree_;
  ClosedFormOptions options_;
};

}  // namespace gyre
