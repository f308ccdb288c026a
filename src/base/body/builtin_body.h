// SPDX-License-Identifier: Apache-2.0
// The body that gyre makes by rule: MakeBuiltinBody() in body_model.h. No file, no scan, no
// licence.
//
//   skeleton    lengths and heights from published anthropometry (anthropometry.h)
//   skin        zero set of a smooth union of lofts and ellipsoids along the bones
//               (builtin_skin.h), polygonised as a closed surface, mirror-symmetric in x
//   weights     smooth steps across the joints along each limb, diffused over the skin
//   regressor   convex weights of a ring of skin around each joint, exact on the template
//   shapes      ten rule-made variations of unit variance, in the order of BuiltinShapeNames()
//   posedirs    linear fit, over each joint's range of motion, of the difference between
//               rotation-blending (volume-keeping) and linear skinning; hips, knees, shoulders,
//               elbows
//
// Metres, y up, facing +z, left is +x. y = 0 lies at the chest, 0.22 m above the pelvis joint.
// The same bytes come out of every call; making it takes a fraction of a second.
#pragma once

#include <span>
#include <string_view>

#include "body/body_model.h"

namespace gyre {

// What each shape component changes when its coefficient grows.
std::span<const std::string_view> BuiltinShapeNames();

}  // namespace gyre
