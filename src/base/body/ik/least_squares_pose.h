// SPDX-License-Identifier: Apache-2.0
// A point of the search of least_squares_ik.h: unknowns, the pose that they make, its objective and
// derivatives.
#pragma once

#include "body/ik/closed_form_ik.h"
#include "body/ik/tree_matrix.h"

namespace gyre {

// What stays the same in a search.
struct LeastSquaresFrame {
  LeastSquaresFrame(const IkTree& tree, const IkProblem& problem, const IkPlan& plan,
                    double damping);

  const IkTree& tree;
  const IkProblem& problem;
  const IkPlan& plan;
  double damping;
  IkVectors bones;  // unit vectors, of swinging nodes
  std::array<Eigen::Matrix<double, 3, 2>, kMaxIkNodes> across;
  IkRotations twists;
  TreePose start;  // the closed form's
};

class LeastSquaresPose {
 public:
  // Nowhere yet; or where rotations are.
  explicit LeastSquaresPose(const LeastSquaresFrame& frame) : frame_(&frame) {}
  LeastSquaresPose(const LeastSquaresFrame& frame, const IkRotations& local);

  const TreePose& pose() const { return pose_; }
  // 2 F.
  double Objective() const;
  // This one, moved by a step [unknowns].
  void StepFrom(const LeastSquaresPose& other, const VecX& step);
  // dF/ds, its exact derivative, and Gauss-Newton's part of that. Null: not needed.
  void Linearise(VecX* gradient, TreeMatrix* hessian, TreeMatrix* gauss_newton);

  // After Linearise.
  // The gradients of v.dF/ds with respect to what the problem says are added to `out`, times
  // `scale`; and that with respect to increments of the start's rotations to `start`.
  void PullGradient(const VecX& v, double scale, IkGradient* out, IkVectors* start) const;
  // The gradient of sum_k g_k.w_k by the unknowns; and that by what the problem says for given
  // unknowns is added to `out`.
  VecX PullRotations(const IkVectors& g, double scale, IkGradient* out) const;
  // The g_k of which PullRotations makes `of`.
  IkVectors Spread(const VecX& of) const;

 private:
  struct Sums;
  Vec3 Error(int node) const;
  void SetTurnings();
  void AddAim(int node, const Vec3& bone, double twist, double scale, IkGradient* out) const;
  void LineariseNode(int node, const Sums& sums, VecX* gradient, TreeMatrix* hessian,
                     TreeMatrix* gauss_newton) const;

  const LeastSquaresFrame* frame_;
  TreePose pose_;
  IkVectors swings_;     // E s, of swinging nodes
  IkRotations turning_;  // left Jacobian times E; the identity
  IkRotations levers_;   // W_parent turning, and Hat(p) times that
  IkRotations moments_;
};

}  // namespace gyre
