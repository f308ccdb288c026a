// SPDX-License-Identifier: Apache-2.0
// The six parts that UP-3D labels pixels with (Lassner et al. 2017), in its order: the left arm is
// the person's. A face of a body belongs to the part of the bones that move it most; UP-3D painted
// its parts on SMPL's mesh by hand, so that borders differ by a few centimetres.
#pragma once

#include <cstdint>
#include <vector>

#include "body/body_model.h"

namespace gyre {

inline constexpr uint8_t kHeadPart = 1, kTorsoPart = 2, kRightArmPart = 3, kLeftArmPart = 4,
                         kRightLegPart = 5, kLeftLegPart = 6;
inline constexpr int kNumBodyParts = 6;
inline constexpr uint8_t kUnknownPart = 255;

std::vector<uint8_t> PartsOfFaces(const BodyModel& model);  // [F]

}  // namespace gyre
