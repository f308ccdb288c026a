// SPDX-License-Identifier: Apache-2.0
// Holds the first joints' rotations near the anchor's: r = weight (th - th0). The torso stage has
// the root alone, the body stage all joints.
#pragma once

#include <memory>

#include "fitting/terms/spring.h"

namespace gyre {

struct TermSources;

SpringTerm StartAnchor(double weight, int num_joints);
std::unique_ptr<const Term> MakeStartAnchorTerm(const TermSources& sources);

}  // namespace gyre
