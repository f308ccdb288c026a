// SPDX-License-Identifier: Apache-2.0
// IKOL as published (Zhang et al. 2023): one angle a_k for each node that bears one, about
//   n_k = rest bone x q_k / (|.| + 1e-8),   q_k = W_parent^T (X_child - X_k)
//   R_k = Rodrigues(n_k, a_k) Twist_k
// from a = 0 by `steps` times a <- a - (J^T J + damping I)^-1 J^T r, r = p - X of all nodes. The
// root is given by its children, held fixed: by their least-squares rotation in use, by
// Triad(targets) Triad(rest)^T in training, where the targets get no gradient through it. A branch
// follows its main child in training; in use it is aligned with all of its children, as X has them
// and whatever the angles below it are, so that its own angle does nothing.
//
// J is exact for every angle: a branch that is aligned with its targets stands still in the world
// while the nodes below it turn. (The authors' analytic Jacobian has it turn along with them, which
// is wrong by more than the largest true entry. Their guard of 1e-8 in the root's closed form makes
// it a matrix that is off a rotation by up to 0.3 %; here it is one.)
//
// Backward, GN-Diff: a step's change is da' = da - M (J da + r_x dx) with M = (J^T J + uI)^-1 J^T
// held. Implicit: the fixed point of that, da = -(J^T J)^-1 J^T r_x dx.
#pragma once

#include <vector>

#include "body/ik/tree_pose.h"

namespace gyre {

class SwingAngleIk : public IkSolver {
 public:
  // `tree`, of main branches, has to live as long.
  SwingAngleIk(const IkTree& tree, const IkOptions& options, bool training);

  // Every node has to be known.
  void Solve(const IkProblem& problem, const IkPlan& plan, IkSolution* solution) const override;
  // As in training, whichever way it was solved.
  IkGradient Pull(const IkProblem& problem, const IkPlan& plan, const IkSolution& solution,
                  const IkVectors& g) const override;

  // The nodes with an angle, in their order.
  const std::vector<int>& swinging() const { return swinging_; }
  Mat3 Root(const IkProblem& problem) const;
  // After each step; the first are all 0.
  std::vector<VecX> Angles(const IkProblem& problem, const Mat3& root) const;
  TreePose Pose(const IkProblem& problem, const Mat3& root, const VecX& angles) const;
  // d points / d angles [3N, angles], row 3 k + axis.
  RowMatX Jacobian(const IkProblem& problem, const TreePose& pose, const VecX& angles) const;

 private:
  struct Bones;
  bool Aligned(int node) const;
  Bones BonesOf(const IkProblem& problem, const TreePose& pose, int node) const;
  VecX Residuals(const IkProblem& problem, const TreePose& pose) const;
  // The gradient of by_points.p + sum g_k.w_k by the angles; by the problem it is added to `out`.
  VecX PullPose(const IkProblem& problem, const VecX& angles, const VecX& by_points,
                const IkVectors* g, IkGradient* out) const;

  const IkTree& tree_;
  IkOptions options_;
  bool training_;
  std::vector<int> swinging_, angle_of_;  // of a node; -1
};

}  // namespace gyre
