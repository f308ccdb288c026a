// SPDX-License-Identifier: Apache-2.0
// The keypoints of a frame and of those around it, [B,R,N,3] (x, y in [-1,1] of the crop of the
// frame, confidence; where that is 0 the place counts as the crop's middle), through VideoPose3D's
// temporal convolutions (layers/temporal_lifter.h) without their last: options.lifter.channels
// features, and as many again of a second such network for where the root is if options.lifter.path
// asks for it. R is the receptive field.
#pragma once

#include "regressor/encoders/encoder.h"

namespace gyre {

std::shared_ptr<Encoder> MakeClipEncoder(const NetworkOptions& options, const KeypointSet& set);

}  // namespace gyre
