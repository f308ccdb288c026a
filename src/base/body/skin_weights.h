// SPDX-License-Identifier: Apache-2.0
// Smooth skin weights, and other numbers of vertices, from rough ones.
#pragma once

#include "body/body_model.h"

namespace gyre {

// Numbers [V,n] of the skin's vertices, `rounds` times half-way to the mean of the neighbours'.
RowMatX DiffuseOverSkin(RowMatX field, const Faces& faces, int rounds);

// Keeps the four largest weights of each vertex, without what is next to nothing, and scales rows
// to sum 1. Of equal ones that are a fifth in number none stays. [V,J]
SparseRows KeepFewBones(const RowMatX& weights);

// Diffuses weights [V,J] so (heat that follows the surface and does not jump between limbs), then
// keeps few bones.
SparseRows DiffuseWeights(RowMatX weights, const Faces& faces, int rounds);

}  // namespace gyre
