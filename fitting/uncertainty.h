// SPDX-License-Identifier: Apache-2.0
// How sure a fit is: the covariance of its parameters at the optimum.
//
// The objective is -2 s^2 log of a posterior density, up to a constant, where s is the keypoint
// noise that its weights imply: pose_prior_weight^2 E = |e|^2 for 1/2 d^T P d = |e|^2 / (2 s^2)
// gives s = pose_prior_weight / sqrt 2 (3.4 px of the reference crop for SPIN's 4.78). Where the
// objective is nearly quadratic the parameters have the covariance s^2 (J^T J)^-1 (Laplace's
// approximation). It knows nothing of other minima: a limb bent towards the camera where it points
// away is an error of a kind that it cannot see.
#pragma once

#include "body/kinematics.h"
#include "fitting/fit_problem.h"

namespace gyre {

// J^T J over some of the parameters, by their positions in BodyParams::values(), ascending.
struct NormalMatrix {
  std::vector<int> params;
  RowMatX values;
};

// `normal` is the objective's at `params`, a minimum; `skeleton` are the kinematic joints, in the
// layout's order.
FitUncertainty EstimateUncertainty(NormalMatrix normal, const FoldedJoints& skeleton,
                                   double noise_px, const BodyParams& params);

}  // namespace gyre
