// SPDX-License-Identifier: Apache-2.0
// People of MakeHuman's: from traits to a figure in SMPL's T-pose.
#pragma once

#include <array>
#include <cstdint>

#include "body/makehuman_data.h"

namespace gyre {

// A person in MakeHuman's terms, each in [0, 1].
struct MakeHumanTraits {
  double male = 0.5;
  double old = 0.0;  // young to old
  double muscle = 0.5, weight = 0.5, height = 0.5, proportions = 0.5;
  std::array<double, 3> origin = {1.0 / 3, 1.0 / 3, 1.0 / 3};  // african, asian, caucasian
};

// An adult of either sex.
MakeHumanTraits DrawTraits(uint64_t sample);

// The base mesh of a person, as MakeHuman composes it: each target weighs as much as the product of
// the traits in its name.
Points3 ComposePerson(const MakeHumanData& data, const MakeHumanTraits& traits);

struct MakeHumanFigure {
  Points3 vertices;   // of the body
  Points3 joints;     // [J,3]
  Points3 left_tips;  // [5,3] inside the fingers' tips, the thumb's first; none without fingers
};

// The person in the T-pose, its pelvis 0.22 m below the origin: arms straight along x with the
// palms down, fingers straight, legs nearly upright, feet and trunk as they stand.
MakeHumanFigure MakeFigure(const MakeHumanData& data, const Points3& base_vertices);

}  // namespace gyre
