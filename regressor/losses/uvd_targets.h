// SPDX-License-Identifier: Apache-2.0
// Where joints should be seen, Targets::uvd, brought together from what is known of a person:
//   x, y   the keypoint where it was observed, weighted by its confidence; else where the body that
//          teaches shows the joint, with weight 1; else nothing, with weight 0
//   depth  behind the root, of the joints in space where they and their root are known, weighted by
//          their confidence; else of the body that teaches; else nothing
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "body/joints.h"
#include "regressor/losses/targets.h"

namespace gyre {

// Of one keypoint set from tensors of another: each joint is its namesake, or what is the same
// point of the body under another name, of these the first that is observed.
class PointGather {
 public:
  PointGather(const KeypointSet& target, const KeypointSet& source);

  // [B,N,C] whose last number is a confidence -> [B,M,C]; 0 where nothing is observed.
  at::Tensor operator()(const at::Tensor& points) const;

 private:
  std::vector<at::Tensor> from_;  // [M] each, in the order of preference; N: none
};

// Of the body that teaches, for joints of the uvd set; undefined where nothing speaks of bodies.
struct SeenBody {
  at::Tensor joints;     // [B,M,3] metres in camera axes
  at::Tensor keypoints;  // [B,M,2] in the crop, in [-1,1]
};

class UvdTargets {
 public:
  // `set`: of the targets' keypoints and joints.
  UvdTargets(const KeypointSet& uvd_set, const KeypointSet& set);

  // Fills uvd, uvd_weight and uvd_set. `body` counts where targets->valid says so.
  void AddTo(const SeenBody& body, Targets* targets) const;

 private:
  // Depth behind the root and its weight, [B,M] each, of joints in space.
  std::pair<at::Tensor, at::Tensor> KnownDepth(const Targets& targets) const;

  const KeypointSet& uvd_set_;
  const KeypointSet& set_;
  PointGather gather_;
};

}  // namespace gyre
