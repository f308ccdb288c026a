// SPDX-License-Identifier: Apache-2.0
// The left hand of the built-in whole body, by rule. Frame as in builtin_skin.h: the arm along +x,
// palm down, the thumb in front (+z).
#pragma once

#include <array>

#include "body/builtin_skin.h"

namespace gyre {

// Of each finger, the thumb first: its three joints and its tip.
using FingerJoints = std::array<std::array<Vec3, 4>, 5>;

// Straight fingers, spread a little. Lengths: anthropometry.h.
const FingerJoints& BuiltinFingers();

// Palm and five fingers.
const SkinPart& BuiltinFingeredHand();

}  // namespace gyre
