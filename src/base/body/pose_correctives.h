// SPDX-License-Identifier: Apache-2.0
// Pose-dependent correctives that keep the volume of bent hips, knees, shoulders and elbows.
//
// Linear blend skinning moves a vertex v that follows joint J's rotation R by a share s as
//   B v + const,  B = (1 - s) I + s R,
// and shrinks it towards the joint, for B is no rotation. Blending the rotation itself does not:
//   v' = J + Exp(s Log R) (v - J).
// The corrective is the rest-pose offset that makes up the difference,
//   B d = (Exp(s Log R) - B) (v - J),
// fitted by ridge regression to SMPL's form, d = P vec(R - I), over the joint's range of motion.
#pragma once

#include "body/body_model.h"

namespace gyre {

// posedirs [3V,207] for a rest pose with joints [24,3].
RowMatX VolumeKeepingPosedirs(const Points3& vertices, const Points3& joints,
                              const SparseRows& weights,
                              const std::vector<int>& parents);

}  // namespace gyre
