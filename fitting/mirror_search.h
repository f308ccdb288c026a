// SPDX-License-Identifier: Apache-2.0
// One view does not tell whether a bone points to the camera or away from it. From a fit, bodies of
// which some bones are mirrored in depth (WithJointsMirrored) are fitted in turn, those that
// promise something, each for a few steps and, where that leads near the best so far, to its end;
// the best goes on, until none is better.
#pragma once

#include <vector>

#include "fitting/fit_model.h"

namespace gyre {

// How far two bodies' joints are apart, the pelvis of both at one place: the mean, metres.
// `skeleton`: FitModel's.
double DistanceOfBodies(const FoldedJoints& skeleton, const BodyParams& a, const BodyParams& b);

// `fit`: a usable fit of the problem, whose parameters, objective and iterations become those of
// the best body, anchored where the fit was. Other bodies, from 4 cm on, whose objective
// is nearly as low go to `others`, the best first. `model` is of SMPL's
// layout.
void SearchMirrored(const FitModel& model, const FitProblem& problem, FitResult* fit,
                    std::vector<FitAlternative>* others);

}  // namespace gyre
