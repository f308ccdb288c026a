// SPDX-License-Identifier: Apache-2.0
// A body with fewer joints and shapes than another has: for figures of other programs, and to try
// code on bodies of any size.
#pragma once

#include <span>
#include <string>

#include "body/body_model.h"

namespace gyre {

// Keeps these joints, by their names in the layout and in its order (the root has to be among
// them), and the first `num_betas` shapes; no expression. What a joint that goes away has moved
// moves with the nearest joint above it that stays, and its pose correctives go. UserError for a
// name that the body does not have.
BodyModel ReduceBody(const BodyModel& model, std::span<const std::string> joints, int num_betas);

}  // namespace gyre
