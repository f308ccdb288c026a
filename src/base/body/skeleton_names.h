// SPDX-License-Identifier: Apache-2.0
// Which node of a BVH skeleton moves which of SMPL's 24 joints, by the names that motion capture
// libraries use.
#pragma once

#include <vector>

#include "body/body_model.h"
#include "io/bvh.h"

namespace gyre {

struct SkeletonMap {
  // A position in BvhClip::nodes for each of SMPL's joints, -1 where the skeleton has none. Root,
  // hips, knees, ankles, shoulders, elbows and wrists are always there.
  std::vector<int> nodes;
  // In a T-pose, the angle about the arm from SMPL's elbow hinge (its y axis) to
  // this skeleton's; positive turns the upper arm's front up.
  double elbow_tilt_rad = 0;
  // Whether feet rest turned with spread legs (true) or flat on the floor.
  bool feet_rest_with_legs = false;

  int node(int joint) const { return nodes[static_cast<size_t>(joint)]; }
};

// UserError lists the skeleton's nodes when no known naming fits.
SkeletonMap MapSkeleton(const BvhClip& clip);

}  // namespace gyre
