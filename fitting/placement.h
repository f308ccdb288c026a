// SPDX-License-Identifier: Apache-2.0
// Where a body of given pose stands, by what is observed of it.
#pragma once

#include <optional>

#include "body/kinematics.h"
#include "fitting/fit_problem.h"
#include "fitting/observations.h"

namespace gyre {

// The rotation that with the best translation takes the body onto the 3D joints, those of the torso
// if there are enough of them. Empty when fewer than three are known.
std::optional<Mat3> TurnOntoPoints(const Observations& observed, const FoldedJoints& joints,
                                   const BodyParams& params);

// Over the 3D joints where three are known: centre on centre. Otherwise over the keypoints of the
// camera that sees most: the least-squares translation (EstimateTranslation), unless it is nearer
// than half the depth at which the joints' spread about their centre agrees with the keypoints':
//   z = f |X_xy - mean| / |u - mean|
// The least squares sees less depth the less pose and keypoints agree (by their correlation). Then
// the depth by spread is taken, with the centres on each other. Empty when the observed joints
// coincide or the body would not be in front of the camera. `params.transl()` is ignored.
std::optional<Vec3> PlaceBody(const FitProblem& problem, const Observations& observed,
                              const FoldedJoints& joints, BodyParams params);

}  // namespace gyre
