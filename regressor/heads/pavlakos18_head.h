// SPDX-License-Identifier: Apache-2.0
// The whole of Pavlakos et al. 2018: Human2D (layers/human2d.h) says where joints are seen and
// which cells show the person; of the joints, each as sure as its heat map is high, PosePrior
// (encoders/keypoint_encoder.h and the iterative regression of heads/hmr_head.h) makes rotations
// and camera; of the mask ShapePrior (encoders/silhouette_encoder.h and one layer) makes the shape,
// which starts at the mean. An expression, where the body has one, is neutral.
//
// Gradients of the body's losses pass through both into Human2D. As published the parts are taught
// apart first: --init takes a run of preset human2d for the part that it is.
#pragma once

#include "regressor/heads/head.h"

namespace gyre {

// UserError without a body, or for another encoder than pictures' with backbone hourglass.
std::shared_ptr<Head> MakePavlakos18Head(const NetworkOptions& options,
                                         const NetworkSetting& setting, int64_t feature_size);

}  // namespace gyre
