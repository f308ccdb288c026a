// SPDX-License-Identifier: Apache-2.0
#include "body/anatomy.h"

#include <algorithm>
#include <initializer_list>

namespace gyre {

std::span<const LimbJoint> LimbJoints() {
  static const LimbJoint joints[] = {
      {{"OP RAnkle", "Right Ankle"}, {"OP RBigToe", "OP RSmallToe", "OP RHeel"}},
      {{"OP LAnkle", "Left Ankle"}, {"OP LBigToe", "OP LSmallToe", "OP LHeel"}},
      {{"OP RKnee", "Right Knee"}, {}},
      {{"OP LKnee", "Left Knee"}, {}},
      {{"OP RWrist", "Right Wrist"},
       {"Right Thumb", "Right Index", "Right Middle", "Right Ring", "Right Pinky"}},
      {{"OP LWrist", "Left Wrist"},
       {"Left Thumb", "Left Index", "Left Middle", "Left Ring", "Left Pinky"}},
      {{"OP RElbow", "Right Elbow"}, {}},
      {{"OP LElbow", "Left Elbow"}, {}}};
  return joints;
}

std::vector<int> WithLimbsExchanged(const KeypointSet& set, Limbs limbs) {
  const auto parts = [&]() -> std::vector<std::string_view> {
    switch (limbs) {
      case Limbs::kNone:
        return {};
      case Limbs::kArms:
        return {"Shoulder", "Elbow", "Wrist", "Hand", "Thumb", "Index", "Middle", "Ring", "Pinky"};
      case Limbs::kLegs:
        return {"Hip", "Knee", "Ankle", "Foot", "Toe", "Heel"};
    }
    return {};
  }();
  const std::vector<int> mirror = set.MirrorPermutation();
  std::vector<int> permutation(set.size());
  for (int i = 0; i < set.size(); ++i) {
    const bool in_limb = std::ranges::any_of(parts, [&](std::string_view part) {
      return set.joints[i].find(part) != std::string_view::npos;
    });
    permutation[i] = in_limb ? mirror[i] : i;
  }
  return permutation;
}

}  // namespace gyre
