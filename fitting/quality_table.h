// SPDX-License-Identifier: Apache-2.0
// Written by gyre bench quality --learn, which tools/learn_quality calls: of
// 5546 fits, 71.5 % below 100 mm.
#pragma once

#include "fitting/quality.h"

namespace gyre {

inline constexpr QualityTable kQualityTable = {
    {{6.4752, -2.3995, -0.9309, -0.4759, -1.4395}},
    {{12.0289, -2.5636, -1.1074, -1.2248, -0.2831, -0.3754}}};

}  // namespace gyre
