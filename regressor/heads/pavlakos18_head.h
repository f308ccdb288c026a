// SPDX-License-Identifier: Apache-2.0
// The whole of Pavlakos et al. 2018: Human2D (layers/human2d.h) says where joints are seen and
// which cells show the person; of the joints, each as sure as its heat map is high, PosePrior makes
// rotations and camera; of the mask ShapePrior makes the shape. Both are networks of preset prior18
// and say a whole body, of which the rest is not used.
//
// Gradients of the body's losses pass through both into Human2D. As published the parts are taught
// apart first: --init takes runs of presets human2d and prior18 for the parts that they are.
#pragma once

#include "regressor/heads/head.h"

namespace gyre {

// UserError without a body, or for another encoder than pictures' with backbone hourglass.
std::shared_ptr<Head> MakePavlakos18Head(const NetworkOptions& options,
                                         const NetworkSetting& setting, int64_t feature_size);
std::vector<std::vector<NameRule>> Pavlakos18Parts();

}  // namespace gyre
