// SPDX-License-Identifier: Apache-2.0
// The bodies that gyre makes by rule: MakeBuiltinBody() and MakeBuiltinWholeBody() in body_model.h.
// No file, no scan, no licence. First what both have:
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
// The whole body is of SMPL-X's layout and has other hands and another head:
//
//   hands       palm and five straight fingers of published lengths (builtin_hand.h); mean and
//               principal components of grasps (rule_hands.h)
//   face        brows, nose, lips, ears (builtin_head.h), refined there (half_mesh.h) and cut along
//               lips and lids with pockets behind the cuts, so that the skin stays closed; eyeballs
//               (builtin_whole_skin.h)
//   expressions ten smooth fields over the face, the lips' parting and the lids' closing
//               (builtin_face.h); iBUG's points and the face's outline (face_points.h)
//
// Metres, y up, facing +z, left is +x. y = 0 lies at the chest, 0.22 m above the pelvis joint.
// The same bytes come out of every call; making it takes a fraction of a
// second, and the whole body one.
#pragma once

#include <span>
#include <string_view>

#include "body/body_model.h"

namespace gyre {

// What each shape component changes when its coefficient grows.
std::span<const std::string_view> BuiltinShapeNames();

}  // namespace gyre
