// SPDX-License-Identifier: Apache-2.0
// Left and right of a pair of limbs, which detectors confuse.
#pragma once

#include <vector>

namespace gyre {

enum class Limbs { kNone, kArms, kLegs };

// Which of SPIN's 49 keypoints stands in each one's place when left and right of these limbs are
// exchanged: shoulders, elbows and wrists, or hips, knees, ankles and feet. [49]
const std::vector<int>& SpinKeypointsWithLimbsExchanged(Limbs limbs);

}  // namespace gyre
