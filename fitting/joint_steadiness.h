// SPDX-License-Identifier: Apache-2.0
// How steadily joints move. In motion capture of walking and of games a foot's acceleration is six
// times a pelvis's, so that one weight for all smooths steps away, or lets the trunk shake.
#pragma once

#include "body/joints.h"
#include "core/types.h"

namespace gyre {

// What the weight of each joint's acceleration deserves to be multiplied by: the more, the less the
// joint usually speeds up; 1 for joints of which nothing is known. [N]
VecX JointSteadiness(const KeypointSet& set);

}  // namespace gyre
