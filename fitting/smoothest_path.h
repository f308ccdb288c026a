// SPDX-License-Identifier: Apache-2.0
// Which of several ways to see each frame of a motion: those that are together the smoothest and
// explain most.
#pragma once

#include <span>
#include <vector>

#include "core/types.h"

namespace gyre {

// One way to see a frame: its objective, and its joints about their centre (seen by one camera,
// depth jumps with every shape).
struct PathStep {
  double cost = 0;
  Points3 joints;
};

// Of each frame, the step on the path of least cost and acceleration: the sum of the costs and of
// acceleration_weight^2 |a|^2 over the joints. `frames`: their numbers, which may leave some out,
// up to three steps each. Dynamic programming over the steps of two neighbours.
std::vector<int> SmoothestPath(std::span<const std::vector<PathStep>> steps,
                               std::span<const int> frames, double seconds_per_frame,
                               double acceleration_weight);

}  // namespace gyre
