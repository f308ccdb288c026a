// SPDX-License-Identifier: Apache-2.0
#include "regressor/root_joints.h"

#include <ATen/TensorOperators.h>

#include "body/anatomy.h"

namespace gyre {

RootJoints RootJointsOf(const KeypointSet& set, int64_t first, int64_t count) {
  const auto has = [&](int64_t idx) { return idx >= 0 && idx < count; };
  for (const auto& torso : {kAnnotatedTorso, kOpenPoseTorso}) {
    const RootJoints root{set.IndexOf(torso[0]) - first, set.IndexOf(torso[1]) - first};
    if (has(root.right) && has(root.left)) return root;
  }
  return {};
}

RootJoints RootJointsOf(const KeypointSet& set) { return RootJointsOf(set, 0, set.size()); }

RootJoints PelvisOf(const KeypointSet& set, int64_t first, int64_t count) {
  for (const std::string_view joint : kPelvisPoints) {
    const int64_t idx = set.IndexOf(joint) - first;
    if (set.IndexOf(joint) >= 0 && idx >= 0 && idx < count) return {idx, idx};
  }
  return RootJointsOf(set, first, count);
}

at::Tensor RootOf(const at::Tensor& joints, const RootJoints& root) {
  return (joints.narrow(1, root.right, 1) + joints.narrow(1, root.left, 1)) / 2;
}

}  // namespace gyre
