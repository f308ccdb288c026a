// SPDX-License-Identifier: Apache-2.0
// Smooth skin weights from rough ones, and the kinematic tree they belong to.
#pragma once

#include <array>

#include "body/body_model.h"

namespace gyre {

// SMPL's tree.
inline constexpr std::array<int, kNumBodyJoints> kSmplParents = {
    -1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21};

// Diffuses weights [V,24] over the skin (`rounds` times half-way to the mean of the neighbours:
// heat that follows the surface and does not jump between limbs), then keeps the four largest of
// each vertex and scales rows to sum 1.
SparseRows DiffuseWeights(RowMatX weights, const Faces& faces, int rounds);

}  // namespace gyre
