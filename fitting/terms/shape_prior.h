// SPDX-License-Identifier: Apache-2.0
// Holds the shape, betas and expression, near its mean: r = weight b.
#pragma once

#include <memory>

#include "fitting/terms/spring.h"

namespace gyre {

struct TermSources;

SpringTerm ShapePrior(double weight, const BodyLayout& layout);
std::unique_ptr<const Term> MakeShapePriorTerm(const TermSources& sources);

}  // namespace gyre
