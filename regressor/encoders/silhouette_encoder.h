// SPDX-License-Identifier: Apache-2.0
// Silhouettes [B,1,S,S] in [0,1] -> [B,512]: five 3x3 convolutions, each followed by max pooling,
// and a layer (ShapePrior of Pavlakos et al. 2018).
#pragma once

#include "regressor/encoders/encoder.h"

namespace gyre {

std::shared_ptr<Encoder> MakeSilhouetteEncoder(const NetworkOptions& options,
                                               const KeypointSet& set);

}  // namespace gyre
