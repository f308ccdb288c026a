// SPDX-License-Identifier: Apache-2.0
// Keypoints kept back to measure with: see also HoldOutLimbJoints (person.h).
#pragma once

#include "person/person.h"

namespace gyre {

enum class HiddenLegs {
  kBelowHips,  // knees, ankles and feet: a picture that ends at the thighs
  kWithHips,   // and the hips
};

// Keeps back the knees and ankles that are observed, under each of their names in the person's set.
// What would tell of them goes too: feet, the hips where asked for, and the box, which shrinks as
// the joints' bounds do. Hips that go are not held out to measure with.
void HoldOutLegs(HiddenLegs hidden, Person* person);

}  // namespace gyre
