// SPDX-License-Identifier: Apache-2.0
// How sure a fit is of joints and rotations, by its posterior (posterior.h): the second moments
// about what the fit says, within its Gaussians (linear near their means) and between them,
//   sum_k w_k (J_k C_k J_k^T + d_k d_k^T),   d_k = f(x_k) - f(x),
// f being a joint's position, or a rotation (d then the vector that turns one into the other). It
// knows nothing of other minima of what is observed: a limb bent towards the camera where it points
// away is an error of a kind that it cannot see.
#pragma once

#include "body/kinematics.h"
#include "fitting/fit_problem.h"
#include "fitting/posterior.h"

namespace gyre {

// About `params`; `skeleton` are the kinematic joints, in the layout's order.
FitUncertainty EstimateUncertainty(const Posterior& posterior, const FoldedJoints& skeleton,
                                   const BodyParams& params);

}  // namespace gyre
