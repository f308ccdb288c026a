// SPDX-License-Identifier: Apache-2.0
// SMPL's sizes as constants, for code that is compiled for them.
#pragma once

#include <array>

namespace gyre {

inline constexpr int kNumBodyJoints = 24;                  // kinematic joints, root included
inline constexpr int kNumPoseParams = 3 * kNumBodyJoints;  // axis-angle
inline constexpr int kNumShapeParams = 10;                 // used of those a model has
inline constexpr int kNumPoseFeatures = 9 * (kNumBodyJoints - 1);

}  // namespace gyre
