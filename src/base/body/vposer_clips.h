// SPDX-License-Identifier: Apache-2.0
// Poses that a VPoser knows, to train a mixture on (pose_prior_training.h): what was learnt from
// motion capture that is not at hand, in the form that compiled solvers take.
#pragma once

#include <cstdint>
#include <vector>

#include "body/retarget.h"
#include "body/vposer.h"

namespace gyre {

// `clips` of 60 unrelated poses each, decoded from unit normal z; hands at rest.
std::vector<PoseClip> DrawVPoserClips(const VPoser& vposer, int clips, uint64_t seed);

}  // namespace gyre
