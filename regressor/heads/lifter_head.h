// SPDX-License-Identifier: Apache-2.0
// Joints in space of what a clip's encoder says (VideoPose3D's last layers): [B,N,3] of the
// options' keypoints, metres in camera axes, about the root; and where that is before the camera,
// [B,3], if options.lifter.path asks for it. Knows no body.
#pragma once

#include "regressor/heads/head.h"

namespace gyre {

std::shared_ptr<Head> MakeLifterHead(const NetworkOptions& options, const NetworkSetting& setting,
                                     int64_t feature_size);
// Those of the authors' checkpoints, behind what they call the two networks.
std::vector<NameRule> LifterHeadNames();

}  // namespace gyre
