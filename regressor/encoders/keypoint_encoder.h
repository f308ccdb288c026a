// SPDX-License-Identifier: Apache-2.0
// Keypoints of a set [B,N,3] (x, y in [-1,1] of the crop, confidence; where that is 0 the place
// counts for nothing) -> [B, 16 width]: a layer and two residual blocks of two layers, each with
// batch norm, ReLU and dropout (Martinez et al. 2017; PosePrior of Pavlakos et al. 2018). Hands and
// face are seen close up as well (layers/part_view.h) where the set and `body` have them.
#pragma once

#include "body/body_model.h"
#include "regressor/encoders/encoder.h"

namespace gyre {

std::shared_ptr<Encoder> MakeKeypointEncoder(const NetworkOptions& options, const KeypointSet& set,
                                             const BodyModel* body = nullptr);

}  // namespace gyre
