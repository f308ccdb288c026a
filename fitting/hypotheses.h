// SPDX-License-Identifier: Apache-2.0
// Which starts a fit tries. One view confuses front with back and near with far, and a descent ends
// in the valley where it starts.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "body/layout_prior.h"
#include "fitting/fit_options.h"
#include "fitting/fit_problem.h"

namespace gyre {

// Whether a start says nothing of the person's pose: it is the prior's mean, which SMPLify starts
// from and an untrained network predicts.
bool IsUninformed(const BodyParams& start, const LayoutPrior& prior);

// The same body turned by pi about its own vertical axis.
BodyParams TurnedAround(const BodyParams& params);
// The body whose joints are mirrored in depth about the pelvis, up to the thickness of the rest
// pose (which is flat: its joints lie near z = 0): what bends away from the camera bends towards
// it.
BodyParams MirroredInDepth(const BodyParams& params);

// SMPL's arms and legs, each from the joint that carries it.
inline constexpr std::array<std::array<int, 3>, 4> kMirroredLimbs = {
    {{16, 18, 20}, {17, 19, 21}, {1, 4, 7}, {2, 5, 8}}};
// The body with one limb alone mirrored in depth, about where it begins: a limb that points to the
// camera looks nearly as one that points away. `limb`: a chain of joints, the first one first.
BodyParams WithLimbMirrored(const BodyParams& params, const BodyLayout& layout,
                            std::span<const int> limb);

// The body with the world rotations of some joints alone mirrored in depth, those of all others
// kept: a bone between others that is bent the other way. `joints` ascending.
BodyParams WithJointsMirrored(const BodyParams& params, const BodyLayout& layout,
                              std::span<const int> joints);

// `body` with the hands and the face of `other`, another guess of the same person: what hangs on
// the joints `pivots` as it is there, those turned in space as there, and its expression.
BodyParams WithPartsOf(const BodyParams& other, const BodyLayout& layout,
                       std::span<const int> pivots, BodyParams body);

// The starts to try, `start` first; their translations are those of `start`.
std::vector<BodyParams> MakeHypotheses(const BodyParams& start, Hypotheses hypotheses,
                                       const LayoutPrior& prior);

}  // namespace gyre
