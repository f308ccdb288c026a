// SPDX-License-Identifier: Apache-2.0
// Human2D alone (layers/human2d.h): where joints of the uvd set are seen, and the person's mask. It
// says no body, with or without one. At width 64 with the 25 joints of body25 network and head have
// 26,366,518 parameters.
#pragma once

#include "regressor/heads/head.h"

namespace gyre {

std::shared_ptr<Head> MakeHuman2dHead(const NetworkOptions& options, const NetworkSetting& setting,
                                      int64_t feature_size);

}  // namespace gyre
