// SPDX-License-Identifier: Apache-2.0
// The Hungarian method (Kuhn 1955) by shortest augmenting paths (Jonker and Volgenant 1987).
#pragma once

#include <vector>

#include "core/types.h"

namespace gyre {

// costs [R,C], infinite where a pair must not be. For each row its column, -1 where it stays alone,
// so that the sum of the pairs' costs and of `alone` for each row without one is least.
// O(R^2 (R + C)).
std::vector<int> CheapestAssignment(const RowMatX& costs, double alone);

}  // namespace gyre
