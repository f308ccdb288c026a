// SPDX-License-Identifier: Apache-2.0
// Joints in space, straight from the pooled feature by one layer: [B,N,3] of the options'
// keypoints, metres in camera axes, about their own origin. On keypoints it is the network of
// Martinez et al. 2017. Knows no body.
#pragma once

#include "regressor/heads/head.h"

namespace gyre {

std::shared_ptr<Head> MakeJointHead(const NetworkOptions& options, const NetworkSetting& setting,
                                    int64_t feature_size);

}  // namespace gyre
