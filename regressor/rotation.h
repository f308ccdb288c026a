// SPDX-License-Identifier: Apache-2.0
// Rotations as tensors, over any leading dimensions. The last dimensions hold one rotation.
// core/so3.h has the mathematics; these are the differentiable, batched forms.
#pragma once

#include <ATen/core/Tensor.h>

#include "core/so3.h"

namespace gyre {

// [...,6] -> [...,3,3] by Gram-Schmidt. Differentiable; finite for every input (parallel or zero
// columns give a matrix that is no rotation, and no NaN).
at::Tensor RotationFromSixD(const at::Tensor& x, SixDLayout layout = SixDLayout::kSpin);

// [...,3] radians -> [...,3,3] (Rodrigues). Differentiable everywhere, at zero too.
at::Tensor RotationFromAxisAngle(const at::Tensor& w);

// [...,3,3] -> [...,3] with |w| <= pi; exact at zero, finite at pi. Computed in double, without
// gradient.
at::Tensor AxisAngleFromRotation(const at::Tensor& R);

// Angle between rotations [...,3,3], radians in [0, pi], shape [...]. Its gradient is finite at
// zero and at pi, where it is 0.
at::Tensor GeodesicAngle(const at::Tensor& a, const at::Tensor& b);

}  // namespace gyre
