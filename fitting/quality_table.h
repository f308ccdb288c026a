// SPDX-License-Identifier: Apache-2.0
// Written by gyre bench quality --learn, which tools/learn_quality calls: of
// 5546 fits, 64.4 % below 100 mm.
#pragma once

#include "fitting/quality.h"

namespace gyre {

inline constexpr QualityTable kQualityTable = {
    {{8.5364, -2.3434, -1.1189, -1.6276, -1.1335}},
    {{12.8448, -2.5049, -1.2612, -2.0939, -0.1472, -0.3285}}};

}  // namespace gyre
