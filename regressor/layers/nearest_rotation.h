// SPDX-License-Identifier: Apache-2.0
// Matrices made rotations, with the derivative. With M = U S V^T, d = det(U V^T) = +-1, a rotation
// R = U Z V^T and p = Z S,
//   kNearest   Z = diag(1, 1, d)   the nearest in the Frobenius norm
//   kReleased  Z = d I             as GraphCMR's own code, which where d = -1 is another one
// R^T M is symmetric and stays so, from which follows, for the gradient g of R,
//   dM = R V [V^T (R^T g - g^T R) V / (p_i + p_j)] V^T             entry by entry
// It has none where p_i + p_j = 0: two rotations are equally near, or M has rank 1. Pairs below
// 1e-6 of the largest entry count as that.
#pragma once

#include <ATen/core/Tensor.h>

#include "regressor/graph_options.h"

namespace gyre {

// [...,3,3] -> [...,3,3], rotations. Computed on the CPU, wherever the tensors are. A matrix that
// is not finite gives NaN.
at::Tensor RotationFromMatrix(const at::Tensor& matrices,
                              RotationRule rule = RotationRule::kNearest);

}  // namespace gyre
