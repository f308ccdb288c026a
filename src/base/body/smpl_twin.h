// SPDX-License-Identifier: Apache-2.0
// A body of more joints than SMPL's with its hands, jaw and eyes at rest: the same body as one of
// SMPL's 24 joints, for which faster code is compiled (fitting/backends).
#pragma once

#include <optional>

#include "body/body_model.h"

namespace gyre {

// Empty where the body lacks one of SMPL's first 22 joints or a middle finger, or has another
// number of betas. Its hands' joints, 22 and 23, stand where the middle fingers begin and move
// nothing. Of the landmarks it has those of head, face and feet.
std::optional<BodyModel> SmplTwinOf(const BodyModel& model);

// The joint of SMPL's layout behind which its own two of the hands stand.
inline constexpr int kNumSharedJoints = 22;

// Parameters of the twin, and back: of `like` it leaves hands and face as they are.
BodyParams TwinFromBody(const BodyParams& params);
BodyParams BodyFromTwin(const BodyParams& twin, BodyParams like);

}  // namespace gyre
