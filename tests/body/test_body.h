// SPDX-License-Identifier: Apache-2.0
// Bodies and parameters for tests.
#pragma once

#include <filesystem>

#include "body/body_model.h"
#include "body/joints.h"
#include "core/rng.h"

namespace gyre {

// A valid model of random numbers: vertices around SMPL's skeleton, every key filled, skin
// weights of up to four bones, nothing symmetric. `extra_sum` is what the rows of
// J_regressor_extra sum to.
BodyModel MakeRandomBody(uint64_t seed, double extra_sum = 1.0, int num_vertices = 200,
                         std::shared_ptr<const BodyLayout> layout = SharedSmplLayout());
// The same of SMPL-X's 55 joints, 10 betas and 4 of expression, its hands' 15 components neither of
// unit length nor orthogonal.
BodyModel MakeRandomSmplx(uint64_t seed, int num_vertices = 200);

// Normal pose (radians), betas and translation, each scaled.
BodyParams RandomParams(Rng& rng, double pose_scale = 0.5, double betas_scale = 1.0,
                        double transl_scale = 1.0);

// Whether the body has every joint of the set.
bool HasAllOf(const BodyModel& model, const KeypointSet& set);

// The CC0 body, or null when the data folder is absent.
std::shared_ptr<const BodyModel> LoadCc0Body(const std::filesystem::path& extra_regressor = {});

inline const std::filesystem::path kSharedData = "../shared/data";

}  // namespace gyre
