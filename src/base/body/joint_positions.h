// SPDX-License-Identifier: Apache-2.0
// Where the joints of one set stand in another: the one place that says so.
#pragma once

#include <vector>

#include "body/joints.h"

namespace gyre {

// Whether two joints are one point of the body under two names.
bool IsSamePoint(const JointInfo& a, const JointInfo& b);

// See person/keypoints.h.
std::vector<int> PositionsIn(const KeypointSet& target, const KeypointSet& source);

}  // namespace gyre
