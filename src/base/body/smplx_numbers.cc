// SPDX-License-Identifier: Apache-2.0
#include "body/smplx_numbers.h"

#include <algorithm>

namespace gyre {

std::vector<int> SmplxNumbers(const BodyLayout& layout, const KeypointSet& set, bool feet) {
  constexpr int kFirstOfFeet = 5, kEndOfFeet = 11;
  const int left_out = feet ? 0 : kEndOfFeet - kFirstOfFeet;
  const bool has_face = std::ranges::find(layout.blocks, JointBlock::kJaw) != layout.blocks.end();
  const int landmarks = layout.num_joints(), face = landmarks + kNumLandmarks - left_out;
  std::vector<int> numbers;
  for (const std::string_view name : set.joints) {
    const JointInfo& joint = FindJoint(name);
    int number = -1;
    switch (joint.source) {
      case JointSource::kKinematic:
        number = KinematicJoint(layout, joint);
        break;
      case JointSource::kLandmark:
        if (!feet && joint.source_idx >= kFirstOfFeet && joint.source_idx < kEndOfFeet) break;
        number = landmarks + joint.source_idx;
        if (joint.source_idx >= kEndOfFeet) number -= left_out;
        break;
      case JointSource::kFace:
        if (!has_face) break;
        number = joint.source_idx < kNumContourPoints ? face + kNumFaceLandmarks + joint.source_idx
                                                      : face + joint.source_idx - kNumContourPoints;
        break;
      case JointSource::kExtraRegressor:
        break;
    }
    numbers.push_back(number);
  }
  return numbers;
}

}  // namespace gyre
