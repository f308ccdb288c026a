// SPDX-License-Identifier: Apache-2.0
// Holds the body's depth near the anchor's: r = weight (t_z - t_z0).
#pragma once

#include <memory>

#include "fitting/terms/spring.h"

namespace gyre {

struct TermSources;

SpringTerm DepthAnchor(double weight, const BodyLayout& layout);
std::unique_ptr<const Term> MakeDepthAnchorTerm(const TermSources& sources);

}  // namespace gyre
