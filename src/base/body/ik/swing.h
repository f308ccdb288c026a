// SPDX-License-Identifier: Apache-2.0
// Rotations that directions tell, and their derivatives. A rotation R that depends on a vector x
// changes by a left increment w, R -> Exp(w) R; with g = dL/dw the functions named Pull give dL/dx.
#pragma once

#include <span>

#include "core/types.h"

namespace gyre {

// A - A^T = Hat(Vee2(A)). For R -> Exp(w) R and G = dL/dR it is dL/dw = Vee2(G R^T).
Vec3 Vee2(const Mat3& a);

// The smallest rotation S that takes direction a to direction q, after a turn T by `twist` about a:
// R = S T. Where they are opposite S turns about any direction across; where one has no length S is
// the identity. Source: HybrIK (Li et al. 2021), eq. 8 to 10. With unit vectors a, q, c = a.q,
//   w = z - q (a.z)/(1 + c) + q (q.h)/(1 + c) - R h + q dtwist,   z = q x dq, h = a x da
struct Swing {
  Mat3 rotation;
  Vec3 from, to;  // unit vectors
  double from_length, to_length;
  double cosine;
};
Swing MakeSwing(const Vec3& a, const Vec3& q, double twist);
struct SwingGradient {
  Vec3 a, q;
  double twist;
};
SwingGradient PullSwing(const Swing& swing, const Vec3& g);

// The angle by which a rotation turns about direction a after the smallest rotation that does to a
// what it does: its twist, in (-pi, pi].
double TwistOf(const Mat3& rotation, const Vec3& a);

// The rotation R with the least sum_i w_i |R b_i - q_i|^2: the nearest to M = sum_i w_i q_i b_i^T.
//   w = (tr(P) I - P)^-1 sum_i w_i ((R b_i) x dq_i + (R db_i) x q_i),   P = M R^T
// Where the points leave it open, it is one of those; the derivative in open directions is zero.
struct PointPair {
  Vec3 from, to;  // b, q
  double weight = 1;
};
Mat3 AlignDirections(std::span<const PointPair> pairs);
// dL/db_i and dL/dq_i go to `from` and `to` of `gradients`.
void PullAlignment(const Mat3& R, std::span<const PointPair> pairs, const Vec3& g,
                   std::span<PointPair> gradients);

// A frame with its first axis along s and its second one in the half plane of h:
//   (s, m, s x m), m = h - (h.s) s, normalised
// HybrIK's closed form of the root is Triad(targets) Triad(rest)^T of the spine and the hips.
Mat3 Triad(const Vec3& s, const Vec3& h);
struct TriadGradient {
  Vec3 s, h;
};
TriadGradient PullTriad(const Vec3& s, const Vec3& h, const Vec3& g);

}  // namespace gyre
