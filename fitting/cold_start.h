// SPDX-License-Identifier: Apache-2.0
// Starts for people of whom only keypoints are known.
#pragma once

#include "body/layout_prior.h"
#include "fitting/fit_problem.h"

namespace gyre {

// In which direction the spine points in a camera's image: the angle, radians in (-pi, pi], by
// which an upright person has to be turned clockwise on the screen to lie as the keypoints do. 0
// when upright, pi when upside down; from hips to shoulders, neck or head, whichever are observed
// (weighted by confidence); 0 when nothing tells.
double InPlaneAngle(const PersonKeypoints& camera, const KeypointSet& set = SpinJoints());

// The prior's mean pose and the mean shape, facing the camera that sees most of the person, turned
// in its image plane as the torso is. Translation is left at zero for Fitter to place.
BodyParams MakeColdStart(const FitProblem& problem, const LayoutPrior& prior,
                         const BodyLayout& layout, const KeypointSet& set);

}  // namespace gyre
