// SPDX-License-Identifier: Apache-2.0
// Exact Euclidean distances in a grid: those along the columns first, then
//   d(x, y)^2 = min over x' of (x - x')^2 + column(x', y)^2,
// the lower envelope of a row's parabolas. Time linear in the number of cells.
// Source: Felzenszwalb and Huttenlocher, "Distance transforms of sampled functions" (2012).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace gyre {

// Of every cell from the nearest one where `sites` [height, width], row by row, is not 0: in cells,
// between centres. Infinity everywhere where there is no site.
std::vector<float> DistanceTransform(std::span<const uint8_t> sites, int width, int height);

}  // namespace gyre
