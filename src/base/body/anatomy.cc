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

std::vector<std::pair<int, int>> BonesOf(const KeypointSet& set) {
  static constexpr std::pair<std::string_view, std::string_view> kBones[] = {
      {"Pelvis (MPII)", "Right Hip"},    {"Right Hip", "Right Knee"},
      {"Right Knee", "Right Ankle"},     {"Pelvis (MPII)", "Left Hip"},
      {"Left Hip", "Left Knee"},         {"Left Knee", "Left Ankle"},
      {"Pelvis (MPII)", "Spine (H36M)"}, {"Spine (H36M)", "Neck (LSP)"},
      {"Neck (LSP)", "Jaw (H36M)"},      {"Jaw (H36M)", "Head (H36M)"},
      {"Neck (LSP)", "Left Shoulder"},   {"Left Shoulder", "Left Elbow"},
      {"Left Elbow", "Left Wrist"},      {"Neck (LSP)", "Right Shoulder"},
      {"Right Shoulder", "Right Elbow"}, {"Right Elbow", "Right Wrist"},
      {"OP MidHip", "OP RHip"},          {"OP RHip", "OP RKnee"},
      {"OP RKnee", "OP RAnkle"},         {"OP MidHip", "OP LHip"},
      {"OP LHip", "OP LKnee"},           {"OP LKnee", "OP LAnkle"},
      {"OP MidHip", "OP Neck"},          {"OP Neck", "OP Nose"},
      {"OP Neck", "OP LShoulder"},       {"OP LShoulder", "OP LElbow"},
      {"OP LElbow", "OP LWrist"},        {"OP Neck", "OP RShoulder"},
      {"OP RShoulder", "OP RElbow"},     {"OP RElbow", "OP RWrist"},
  };
  std::vector<std::pair<int, int>> bones;
  for (const auto& [near, far] : kBones) {
    const int from = set.IndexOf(near), to = set.IndexOf(far);
    if (from >= 0 && to >= 0) bones.emplace_back(from, to);
  }
  return bones;
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
