// SPDX-License-Identifier: Apache-2.0
// Pose correctives by which linear skinning of any layout comes near to that by dual quaternions.
//
// Over poses drawn from the joints' ranges of motion, the rest-pose offset d that makes up the
// difference at a vertex,
//   A (v + d) + b = q(v)                 (posed_skeleton.h)
// is fitted by ridge regression to SMPL's form d = P F, F = vec(R_1 - I, ...). Of F a vertex takes
// part in the joints that turn parts of its skin against each other: those that move it, and those
// between, below the nearest joint that is above all of them.
#pragma once

#include "body/body_model.h"
#include "core/rng.h"

namespace gyre {

// posedirs [3V,9(J-1)] for a rest pose with joints [J,3].
RowMatX FitSkinCorrectives(const Points3& vertices, const Points3& joints,
                           const SparseRows& weights, const BodyLayout& layout);

// A pose within the ranges of motion of trunk, limbs, jaw and fingers, as the fit draws them: every
// joint by itself and uniformly, all of them scaled by `scale`. Joint by joint, of each against its
// parent. The root does not turn.
std::vector<Mat3> DrawInRange(const BodyLayout& layout, double scale, Rng& rng);

// The rotations in space of what the joints carry, from those against their parents.
std::vector<Mat3> WorldRotations(const std::vector<Mat3>& rotations,
                                 const std::vector<int>& parents);

}  // namespace gyre
