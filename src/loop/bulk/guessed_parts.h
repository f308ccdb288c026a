// SPDX-License-Identifier: Apache-2.0
// Which parts of a fitted body are only guessed: drawn fainter.
#pragma once

#include "body/body_model.h"
#include "loop/bulk/fit_rows.h"

namespace gyre {

// How opaque each vertex of a usable row's body is, in [kGuessedOpacity, 1]. [V]; empty where the
// row has no covariances. `joints_m`: its kinematic joints, as posed. [J,3]
//
// A bone is as unsure as the joints at its far end, or its own where it ends the limb: by their
// standard deviation in the picture, root mean square over its axes, as a share of the side of the
// person's box. Up to 5 %, by which annotators differ, it is opaque, from 15 % on it is a guess.
// Vertices follow their skinning weights.
VecX OpacityOfVertices(const BodyModel& body, const Points3& joints_m, const FitRow& row);
inline constexpr double kGuessedOpacity = 0.3;

}  // namespace gyre
