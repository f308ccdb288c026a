// SPDX-License-Identifier: Apache-2.0
// Skeleton, skin weights and shapes of the built-in whole body, by rule, in SMPL-X's layout. Frame
// as in builtin_skin.h.
#pragma once

#include "body/builtin_rig.h"
#include "body/builtin_whole_skin.h"

namespace gyre {

Points3 WholeSkeleton();  // [55,3]

// [V,55], at most four bones a vertex, rows sum to 1. Limbs and trunk as the built-in body's. The
// jaw has what lies below the lips, fading out over the cheeks and under the chin; fingers have
// what is nearest to them beyond their knuckles; eyeballs have one bone each.
SparseRows WholeWeights(const WholeSkin& skin);

// [3V,10]: BuiltinShapedirs of this skin. Pockets and eyeballs move with the rims in front of them.
RowMatX WholeShapedirs(const WholeSkin& skin, const SparseRows& weights);

}  // namespace gyre
