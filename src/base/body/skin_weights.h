// SPDX-License-Identifier: Apache-2.0
// Smooth skin weights from rough ones.
#pragma once

#include "body/body_model.h"

namespace gyre {

// Diffuses weights [V,24] over the skin (`rounds` times half-way to the mean of the neighbours:
// heat that follows the surface and does not jump between limbs), then keeps the four largest of
// each vertex and scales rows to sum 1.
SparseRows DiffuseWeights(RowMatX weights, const Faces& faces, int rounds);

}  // namespace gyre
