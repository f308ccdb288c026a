// SPDX-License-Identifier: Apache-2.0
// All rotations of a tree together, so that the nodes come as near their targets X as bones of
// their length can:
//   F = 1/2 sum_i |p_i - X_i|^2 + u/4 sum_k |R_k - R0_k|_F^2
// over known nodes i and moving nodes k. R0 is the closed form (closed_form_ik.h, adaptive), where
// the search begins; u, the damping, in m^2/rad^2, keeps a body whose bones have other lengths than
// the targets' from being bent to make up for that (for small turns the second term is u/2
// angle^2). Swinging nodes have two unknowns s, aligned ones three:
//   R_k = Exp(E_k s_k) T_k,  E_k two directions across the bone, T_k its twist;   R_k <- Exp(d) R_k
//
// Derivatives. A left increment w_k of R_k moves the nodes below k, p_i += (W_parent w_k) x (p_i -
// p_k). With e_i = p_i - X_i and d_i = p_i - p_k the gradient is W_parent^T sum_i d_i x e_i, and
// for j above k, in world axes,
//   H_kj = sum_{i below k} -Hat(d_i) Hat(p_i - p_j) + Hat(d_i) Hat(e_i)
// whose first part is Gauss-Newton's J^T J. Both are sums over subtrees of e_i, p_i, p_i p_i^T and
// e_i p_i^T, so the whole exact Hessian costs little more than the pairs (k, j) themselves. A step
// is Newton's where that Hessian is positive definite, else Gauss-Newton's, with
// Levenberg-Marquardt's control of its length (solve/levenberg_marquardt.h).
//
// Backward, at a solution s(x), dF/ds (s, x) = 0 gives ds/dx = -H^-1 d2F/ds dx, with the exact H:
// the derivative of the converged map, at any residual (Gauss-Newton's J^T J misses it by a quarter
// at 20 mm). Unrolled, the steps s' = s - M dF/ds are followed back with M held constant, as IKOL's
// GN-Diff does.
#pragma once

#include "body/ik/closed_form_ik.h"

namespace gyre {

class LeastSquaresIk : public IkSolver {
 public:
  // `tree` has to live as long. A step that promises less than the share `tolerance` of the
  // objective is the last one; being Newton's, it squares what error is left.
  LeastSquaresIk(const IkTree& tree, const IkOptions& options, double tolerance = 1e-4)
      : tree_(tree), options_(options), tolerance_(tolerance), start_(tree, ClosedFormOptions()) {}

  void Solve(const IkProblem& problem, const IkPlan& plan, IkSolution* solution) const override;
  IkGradient Pull(const IkProblem& problem, const IkPlan& plan, const IkSolution& solution,
                  const IkVectors& g) const override;

 private:
  const IkTree& tree_;
  IkOptions options_;
  double tolerance_;
  ClosedFormIk start_;
};

}  // namespace gyre
