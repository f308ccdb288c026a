// SPDX-License-Identifier: Apache-2.0
// What a network should have said of a batch. Tensors that nothing is known of stay undefined, and
// the losses that need them are left out. Masks are floating or bool; any may be all zero.
#pragma once

#include <ATen/core/Tensor.h>

#include "body/joints.h"

namespace gyre {

struct Targets {
  const KeypointSet* set = nullptr;  // what keypoints and joints are
  at::Tensor keypoints;              // [B,N,3]: x, y in [-1,1] of the crop, confidence
  // Joints in space in camera axes, metres, confidence: [B,M,4] of the set's joints_first and the
  // M - 1 that follow.
  at::Tensor joints;
  int64_t joints_first = 0;
  at::Tensor has_joints;   // [B]
  at::Tensor placed;       // [B] whether they stand where they are before the crop's camera
  at::Tensor rotations;    // [B,J,3,3]
  at::Tensor betas;        // [B,S]
  at::Tensor expression;   // [B,E]
  at::Tensor vertices;     // [B,V,3]
  at::Tensor translation;  // [B,3] of that body in the crop's camera, metres
  at::Tensor body_joints;  // [B,N,3] of `set` of that body, without translation
  at::Tensor twist;        // [B,J,2] of its joints as in Output; zeros where there is none
  at::Tensor valid;        // [B] whether what is said of that body teaches
  // Of the crop's pixels: the share of each that shows the person, and whether that is known;
  // the part that it shows (bytes of body_parts.h, 0: none of the person). [B,S,S] each.
  at::Tensor mask, mask_known, parts;
  at::Tensor joint_weight;  // [B,J] of the rotations, >= 0; undefined: all 1
  // As Output::uvd of `uvd_set`, and how much each of these numbers counts, [B,M,3] each; see
  // uvd_targets.h.
  const KeypointSet* uvd_set = nullptr;
  at::Tensor uvd, uvd_weight;
};

}  // namespace gyre
