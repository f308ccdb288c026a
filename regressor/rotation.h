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

// [...,3,3] -> [...,3], of length at most pi. Differentiable, at no turn and next to half a turn
// too; there the axis' sign, which is free, follows R's rounding.
at::Tensor AxisAngleFromRotation(const at::Tensor& rotations);

// Quaternions [...,4] (w, x, y, z) of any length but 0 -> [...,3,3]. Differentiable.
at::Tensor RotationFromQuaternion(const at::Tensor& wxyz);

}  // namespace gyre
