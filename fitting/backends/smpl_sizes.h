// SPDX-License-Identifier: Apache-2.0
// The sizes that the fast paths are compiled for. A further body's are a struct like this one, and
// a line where each of the templates is instantiated.
#pragma once

namespace gyre {

struct SmplSizes {
  static constexpr int kJoints = 24, kShape = 10;
  static constexpr int kPose = 3 * kJoints, kParams = kPose + kShape + 3;
  // The fused solver's order of joints, by which a limb's columns are neighbours: legs, arms, head,
  // trunk, root.
  static constexpr int kOrder[kJoints] = {1,  4,  7,  10, 2,  5,  8,  11, 13, 16, 18, 20,
                                          22, 14, 17, 19, 21, 23, 12, 15, 3,  6,  9,  0};
};

// Coordinates of a chart (fused_chart.h): of a hand or a face, and of a body of SMPL-X's layout
// with 12 components a hand.
inline constexpr int kSmallChart = 24, kLargeChart = 124;

}  // namespace gyre
