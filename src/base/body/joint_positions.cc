// SPDX-License-Identifier: Apache-2.0
#include "body/joint_positions.h"

namespace gyre {

bool IsSamePoint(const JointInfo& a, const JointInfo& b) {
  return a.source == b.source && a.source_idx == b.source_idx;
}

std::vector<int> PositionsIn(const KeypointSet& target, const KeypointSet& source) {
  std::vector<const JointInfo*> points;
  for (const std::string_view name : target.joints) points.push_back(&FindJoint(name));
  const auto position = [&](const JointInfo& joint) {
    const int namesake = target.IndexOf(joint.name);
    if (namesake >= 0) return namesake;
    for (int i = target.size() - 1; i >= 0; --i) {
      if (IsSamePoint(*points[i], joint)) return i;
    }
    return -1;
  };
  std::vector<int> positions;
  for (const std::string_view name : source.joints) positions.push_back(position(FindJoint(name)));
  return positions;
}

}  // namespace gyre
