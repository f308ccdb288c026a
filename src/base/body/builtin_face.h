// SPDX-License-Identifier: Apache-2.0
// What the face of the built-in whole body does and where its points are, by rule. Frame as in
// builtin_skin.h.
#pragma once

#include "body/builtin_whole_skin.h"
#include "body/face_points.h"

namespace gyre {

// What parts the lips at rest, a little; the opposite closes them. [V,3], metres
Points3 PartedLips(const WholeSkin& skin);

// Ten expressions in the order of kMakeHumanExpressions and like them, metres at 1. [3V,10]. Smooth
// fields over the skin at the places it has with closed lips, the same for both of them but for
// what opens the mouth: nothing makes the lips cross, and mouth_open closes them at -2.
RowMatX WholeExpressions(const WholeSkin& skin);

// iBUG's points 17 to 67, to be looked up on skin whose lips touch.
const FacePlaces& BuiltinFacePlaces();

}  // namespace gyre
