// SPDX-License-Identifier: Apache-2.0
// What a face has on MakeHuman's mesh: ten expressions and iBUG's points.
//
// Expressions are sums of MakeHuman's expression units, each with an opposite, so that -2 is as
// plausible as 2: what opens the lips at 2 presses them at -2, for they are a little apart at rest.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "body/makehuman_data.h"

namespace gyre {

//                                                          at 2                     at -2
inline constexpr std::array<std::string_view, 10> kMakeHumanExpressions = {
    "mouth_open",   // lips 10 mm apart         pressed
    "smile",        // corners up               down
    "brows_up",     //
    "eyes_close",   // nearly closed            wide open
    "pucker",       // lips narrow, forward     wide, back
    "brow_furrow",  // inner brows down         up
    "sneer",        // nose up                  down
    "lips_out",     // lips everted             rolled in
    "mouth_skew",   // left corner up, right down, and the reverse
    "brow_skew",    // left brow up, right down, and the reverse
};

// Of the body's vertices by expression, metres at 1. [3V,10]
RowMatX ExpressionShapes(const MakeHumanData& data);
// What parts the lips at rest. [V,3]
Points3 LipsAtRest(const MakeHumanData& data);

// iBUG's points 17 to 67 in triangles of the body, as they lie on the base mesh. [51]
std::vector<SurfacePoint> FacePoints(const MakeHumanData& data);

}  // namespace gyre
