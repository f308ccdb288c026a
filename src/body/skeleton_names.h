// SPDX-License-Identifier: Apache-2.0
// Which node of a BVH skeleton moves which of SMPL's 24 joints, by the names that motion capture
// libraries use.
#pragma once

#include <array>

#include "body/body_model.h"
#include "io/bvh.h"

namespace gyre {

// A position in BvhClip::nodes for each of SMPL's joints, -1 where the skeleton has none. Root,
// hips, knees, ankles, shoulders, elbows and wrists are always there.
using JointNodes = std::array<int, kNumBodyJoints>;

// UserError lists the skeleton's nodes when no known naming fits.
JointNodes FindJointNodes(const BvhClip& clip);

}  // namespace gyre
