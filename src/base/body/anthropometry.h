// SPDX-License-Identifier: Apache-2.0
// Human proportions as fractions of stature H.
//
// Joint-to-joint lengths: means of the female and male subjects (H = 1.735 m and 1.741 m) of
//   P. de Leva, "Adjustments to Zatsiorsky-Seluyanov's segment inertia parameters", J. Biomechanics
//   29(9), 1996, table 4.
// Heights above the ground:
//   R. Drillis & R. Contini, "Body segment parameters", 1966, as printed in D. Winter,
//   "Biomechanics and motor control of human movement", 4th ed. 2009, figure 4.1.
// Fingers as fractions of the third one's length (92.3 mm: phalanges and what is soft at the tip):
//   A. Buryanov & V. Kotiuk, "Proportions of hand segments", Int. J. Morphology 28(3), 2010, tables
//   of means.
#pragma once

#include <array>

namespace gyre::anthropometry {

inline constexpr double kStature = 1.70;  // metres: between the world's mean woman and man

// de Leva 1996, 1/2 (female / 1.735 + male / 1.741).
inline constexpr double kUpperArm = 0.1602;  // shoulder to elbow
inline constexpr double kForearm = 0.1534;   // elbow to wrist
inline constexpr double kPalm = 0.0472;      // wrist to third knuckle
inline constexpr double kHand = 0.1035;      // wrist to third fingertip
inline constexpr double kThigh = 0.2275;     // hip to knee
inline constexpr double kShank = 0.2492;     // knee to ankle

// Drillis & Contini 1966.
inline constexpr double kAnkleHeight = 0.039;
inline constexpr double kShoulderHeight = 0.818;

// Buryanov & Kotiuk 2010: proximal, middle and end phalanx with the soft tip; of the thumb
// metacarpal, proximal and end phalanx with the tip. Thumb first.
inline constexpr double kThirdFinger = kHand - kPalm;
inline constexpr std::array<std::array<double, 3>, 5> kPhalanges = {{
    {0.5007, 0.3420, 0.2962},
    {0.4309, 0.2424, 0.2130},
    {0.4835, 0.2852, 0.2313},
    {0.4482, 0.2779, 0.2302},
    {0.3547, 0.1962, 0.2133},
}};

}  // namespace gyre::anthropometry
