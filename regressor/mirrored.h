// SPDX-License-Identifier: Apache-2.0
// What networks say of mirror images.
#pragma once

#include "regressor/network.h"

namespace gyre {

// The mean of what is said of keypoints (inputs kKeypoints and kClip, [B,...,N,3]) and of their
// mirror image, brought back: joints and path alone. VideoPose3D's test-time augmentation.
Output MeanOfMirrored(Network& network, const at::Tensor& keypoints);

}  // namespace gyre
