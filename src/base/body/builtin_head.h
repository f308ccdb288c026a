// SPDX-License-Identifier: Apache-2.0
// The head of the built-in whole body, by rule: skull, brows, nose, lips, chin, ears and closed
// lids. Mouth and eyes are lines along which the skin is cut (builtin_whole_skin.h). Frame as in
// builtin_skin.h; places are those on the left.
#pragma once

#include "body/builtin_skin.h"
#include "body/half_mesh.h"

namespace gyre {

inline const Vec3 kEyeCenter(0.0315, 1.5900, 0.0755);
inline constexpr double kEyeRadius = 0.0120;
inline constexpr double kLidRadius = 0.0134;  // of the lids over the eyeball
inline const Vec3 kJawJoint(0, 1.5560, 0.0080);

const SkinPart& BuiltinFacedHead();

// Where the lips meet, from the middle to the left corner; and where the closed lids of the left
// eye do, from the inner to the outer corner.
const FrontLine& LipLine();
const FrontLine& LidLine();

// Outwards from a head without a face, of unit length; of the neck and below the normal that is
// given. Lids and lips that moved along their own normals would run into what is behind them.
Vec3 HeadOutward(const Vec3& place, const Vec3& normal);

// The length of the skin's edges: short at eyes and mouth, infinite but for the head.
double HeadEdgeLength(const Vec3& point);

}  // namespace gyre
