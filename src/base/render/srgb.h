// SPDX-License-Identifier: Apache-2.0
// The sRGB transfer function (IEC 61966-2-1): 8-bit and unit values to linear light and back.
#pragma once

#include <cstdint>

#include "core/types.h"

namespace gyre {

float LinearFromSrgb8(uint8_t value);   // table
uint8_t Srgb8FromLinear(float linear);  // nearest; values outside [0, 1] are clamped
Vec3 LinearFromSrgb(const Vec3& rgb);   // each in [0, 1]

}  // namespace gyre
