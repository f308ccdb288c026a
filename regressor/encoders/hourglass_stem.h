// SPDX-License-Identifier: Apache-2.0
// What comes before a stack of hourglasses: images [B,3,S,S], S a multiple of 64, to maps of a
// quarter of the size, first 2 `width` channels, then 4 `width` (Newell et al. 2016). At width 64
// 406,656 parameters; 256 px become maps of 64 cells.
#pragma once

#include "regressor/encoders/encoder.h"

namespace gyre {

std::shared_ptr<Encoder> MakeHourglassStem(const NetworkOptions& options, const KeypointSet& set);

}  // namespace gyre
