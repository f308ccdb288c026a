// SPDX-License-Identifier: Apache-2.0
// Which of the joints that Python's smplx gives out the joints of a set are. Its list has the
// kinematic joints in the body's order, the 21 landmark vertices (JointRegistry's order), and, of a
// body with a face, iBUG's points 17 to 67 and, if asked for, 0 to 16.
#pragma once

#include <vector>

#include "body/joints.h"

namespace gyre {

// -1 of what smplx does not give out: joints that the layout lacks, and SPIN's regressed ones.
// `feet`: whether the landmarks of the feet are among the others; SMPLify-X leaves them out of
// bodies for keypoints of OpenPose's older models ("coco19").
std::vector<int> SmplxNumbers(const BodyLayout& layout, const KeypointSet& set, bool feet = true);

}  // namespace gyre
