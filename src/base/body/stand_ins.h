// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "body/body_model.h"

namespace gyre {

// What the user of a body should know whose nine joints that people annotate are stand-ins
// (model_joints.h), in one sentence; empty when it has a regressor for them, or no such joints.
std::string StandInsText(const BodyModel& body);

}  // namespace gyre
