// SPDX-License-Identifier: Apache-2.0
// Coarse to fine (Pavlakos et al. 2017): joints from volumes behind stacked hourglasses
// (layers/volume_stack.h), read at the best cell or around it. With volume_depths "1-2-4-64" and
// the 17 joints of h36m17 network and head have the published 53,585,847 parameters; "64" is one
// volume, and without depths the places come by regression from the mean of the features.
//
// With a body it says one too, without a parameter more: the one of mean shape that has its joints
// there (layers/uvd_body.h).
#pragma once

#include "regressor/heads/head.h"

namespace gyre {

// UserError for another encoder than pictures' with backbone hourglass.
std::shared_ptr<Head> MakeC2fHead(const NetworkOptions& options, const NetworkSetting& setting,
                                  int64_t feature_size);

}  // namespace gyre
