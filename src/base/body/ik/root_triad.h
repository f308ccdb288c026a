// SPDX-License-Identifier: Apache-2.0
// The root's rotation as HybrIK has it in training: the bone to its main child (the spine) goes
// where its target is, and the turn about that brings the middle of the others (the hips) nearest.
//   R = Triad(targets) Triad(rest)^T
#pragma once

#include "body/ik/tree_pose.h"

namespace gyre {

// Whether the root has the children for it.
bool HasRootTriad(const IkTree& tree);
Mat3 RootTriad(const IkTree& tree, const IkProblem& problem);
// The gradient of g.w of the rotation, by the rest pose and, if asked for, the targets, is added to
// `out`.
void PullRootTriad(const IkTree& tree, const IkProblem& problem, const Vec3& g, bool to_targets,
                   IkGradient* out);

}  // namespace gyre
