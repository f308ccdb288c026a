// SPDX-License-Identifier: Apache-2.0
// A small human body, a prior and problems with known truth.
#pragma once

#include <memory>

#include "body/body_model.h"
#include "body/pose_prior.h"
#include "core/rng.h"
#include "fitting/fitter.h"

namespace gyre {

// SMPL's skeleton with four vertices around each joint, in metres; shape scales the body and its
// limbs. Small and fast, and every joint of SPIN's 49 exists.
std::shared_ptr<const BodyModel> MakeStickBody();

// Twelve of its joints and three of its shapes.
std::shared_ptr<const BodyModel> MakeTwelveJointBody();

// Two components: upright with hanging arms, and bent knees; loose (0.3 rad).
std::shared_ptr<const PosePrior> MakeStickPrior();

// A person 8 m in front of a camera of f = 1000 px, near the prior, whatever the fitter's body and
// keypoints; the keypoints are exact.
struct TrueProblem {
  FitProblem problem;  // starts at the truth
  BodyParams truth{SmplLayout()};
};
TrueProblem MakeTrueProblem(const Fitter& fitter, uint64_t seed);

// The start turned and bent by about `sigma_rad` per axis and moved by a few centimetres.
BodyParams Disturbed(const BodyParams& params, double sigma_rad, uint64_t seed);

}  // namespace gyre
