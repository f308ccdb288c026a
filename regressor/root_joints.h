// SPDX-License-Identifier: Apache-2.0
// The root of a keypoint set: the middle of its two hips, annotated ones if the set has them. A set
// without hips has its first joint for both.
#pragma once

#include <ATen/core/Tensor.h>

#include "body/joints.h"

namespace gyre {

struct RootJoints {
  int64_t right = 0, left = 0;
};

// As positions among `count` joints of the set that begin at its `first`.
RootJoints RootJointsOf(const KeypointSet& set, int64_t first, int64_t count);
// Of the whole set.
RootJoints RootJointsOf(const KeypointSet& set);

// The set's pelvis, where it has one, for both; else its hips. VideoPose3D's root of
// Human3.6M's 17.
RootJoints PelvisOf(const KeypointSet& set, int64_t first, int64_t count);

// The root [B,1,C] of joints [B,N,C].
at::Tensor RootOf(const at::Tensor& joints, const RootJoints& root);

}  // namespace gyre
