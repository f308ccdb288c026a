// SPDX-License-Identifier: Apache-2.0
// Where a body of given pose stands, seen from its keypoints.
#pragma once

#include <optional>

#include "body/kinematics.h"
#include "fitting/fit_problem.h"
#include "fitting/observations.h"

namespace gyre {

// The least-squares translation of the observed joints (EstimateTranslation), unless it is nearer
// than half the depth at which the joints' spread about their centre agrees with the keypoints':
//   z = f |X_xy - mean| / |u - mean|
// The least squares sees less depth the less pose and keypoints agree (by their correlation). Then
// the depth by spread is taken, with the centres on each other. Empty when the observed joints
// coincide or the body would not be in front of the camera. `params.transl` is ignored.
std::optional<Vec3> PlaceOverKeypoints(const FitProblem& problem, const KeypointRules& rules,
                                       const FoldedJoints& joints, BodyParams params);

}  // namespace gyre
