// SPDX-License-Identifier: Apache-2.0
// How far lifted clips are from the truth. Of each frame, with P what is said and X the truth, p_r
// and X_r their roots:
//   mpjpe_mm         root            mean |(P - p_r) - (X - X_r)|
//   mpjpe_raw_mm     none            mean |P - (X - X_r)|: VideoPose3D's protocol 1, which takes
//                                    what is said as it is
//   pa_mpjpe_mm      Procrustes      its protocol 2
//   n_mpjpe_mm       root and scale  mean |a (P - p_r) - (X - X_r)|
//   n_mpjpe_raw_mm   scale           mean |a P - (X - X_r)|: its protocol 3
// and of each two frames that follow each other in a clip, per frame:
//   mpjve_mm         root            mean |d(P - p_r) - d(X - X_r)|
//   mpjve_raw_mm     none            mean |dP - d(X - X_r)|
// Means over frames (VideoPose3D: over the means of actions).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/types.h"
#include "metrics/evaluation.h"

namespace gyre {

struct ClipFrame {
  int64_t clip = 0, frame = 0;
  Points3 said, truth;   // [N,3] metres
  VecX visibility;       // [N] of the truth
  Vec3 said_root, root;  // what the two are about; frames without one don't count
};

// mpjve_mm of a frame and the next one of its clip.
double VelocityErrorMm(const ClipFrame& frame, const ClipFrame& next);

// In any order; a clip has each frame once.
std::vector<MetricResult> ClipErrors(std::vector<ClipFrame> frames);

}  // namespace gyre
