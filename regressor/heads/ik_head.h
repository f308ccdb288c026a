// SPDX-License-Identifier: Apache-2.0
// Joints first, rotations from them by inverse kinematics (HybrIK, Li et al. 2021; IKOL, Zhang et
// al. 2023). Behind the last feature map three transposed convolutions and one more make a volume
// for each joint of the uvd set; their soft-argmax is where the joints are. From the pooled feature
// come shape, the twist of each bone and the rotations of the ends (head, hands, feet), which no
// joint tells. layers/ik_layer.h makes rotations of all that. At the published size, of the 24
// kinematic joints of SMPL with volumes of 64 cells on ResNet-34, the network has the published
// 27,528,076 parameters, under their names.
//
// Metres. The published layer is told the camera and the root's depth. Here the scale is found by
// the lengths of limbs (layers/limb_lift.h), which takes no parameter and has no gradient, and the
// weak-perspective camera is the one that shows the pelvis where it is seen.
//
// Without a map (an encoder of keypoints) one layer says where joints are.
#pragma once

#include "regressor/heads/head.h"

namespace gyre {

// UserError without a body, and where the uvd set lacks the body's root or more than one volume is
// asked for.
std::shared_ptr<Head> MakeIkHead(const NetworkOptions& options, const NetworkSetting& setting,
                                 int64_t feature_size);

}  // namespace gyre
