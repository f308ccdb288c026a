// SPDX-License-Identifier: Apache-2.0
// Smooth skin weights, and other numbers of vertices, from rough ones.
#pragma once

#include "body/body_model.h"

namespace gyre {

// Numbers [V,n] of the skin's vertices, `rounds` times half-way to the mean of the neighbours'.
RowMatX DiffuseOverSkin(RowMatX field, const Faces& faces, int rounds);

// Diffuses weights [V,J] so (heat that follows the surface and does not jump between limbs), then
// keeps the four largest of each vertex and scales rows to sum 1.
SparseRows DiffuseWeights(RowMatX weights, const Faces& faces, int rounds);

}  // namespace gyre
