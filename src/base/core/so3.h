// SPDX-License-Identifier: Apache-2.0
// Rotations. Axis-angle vectors w (radians) and rotation matrices R = Exp(w).
//
//   Exp(w)  = I + sin(a)/a [w]x + (1 - cos(a))/a^2 [w]x^2,  a = |w|       (Rodrigues)
//   Exp(w + dw) = Exp(LeftJacobian(w) dw) Exp(w) = Exp(w) Exp(RightJacobian(w) dw)  to first order
//
// A left increment is an angular velocity in the frame that R maps to, a right increment one in the
// frame that R maps from.
#pragma once

#include "core/types.h"

namespace gyre {

Mat3 Hat(const Vec3& w);  // Hat(w) x = w cross x

Mat3 ExpSO3(const Vec3& w);
// The inverse of ExpSO3 with |w| <= pi; exact at zero and finite at pi (where the sign of the axis
// is arbitrary). R must be a rotation to about 1e-6.
Vec3 LogSO3(const Mat3& R);

Mat3 LeftJacobianSO3(const Vec3& w);
inline Mat3 RightJacobianSO3(const Vec3& w) { return LeftJacobianSO3(-w); }

// The angle between two rotations, radians in [0, pi].
double RotationAngle(const Mat3& a, const Mat3& b);

// The nearest rotation in the Frobenius norm: U diag(1, 1, det(U V^T)) V^T.
Mat3 NearestRotation(const Mat3& m);

// How six numbers hold the first two columns a1, a2 of a matrix that Gram-Schmidt makes a rotation.
//   kSpin: a 3x2 row-major block, a1 = x[0,2,4], a2 = x[1,3,5] (SPIN, HMR2, VPoser)
//   kRows: a1 = x[0..2], a2 = x[3..5] and the result transposed (Zhou et al. 2019, PyTorch3D)
enum class SixDLayout { kSpin, kRows };
Mat3 RotationFromSixD(const Eigen::Matrix<double, 6, 1>& x, SixDLayout layout = SixDLayout::kSpin);
Eigen::Matrix<double, 6, 1> SixDFromRotation(const Mat3& R, SixDLayout layout = SixDLayout::kSpin);

}  // namespace gyre
