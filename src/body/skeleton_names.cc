// SPDX-License-Identifier: Apache-2.0
#include "body/skeleton_names.h"

#include <optional>
#include <string>
#include <vector>

#include "core/error.h"

namespace gyre {
namespace {

// Node names in SMPL's joint order; "" where a skeleton has no such joint.
struct Naming {
  const char* what;
  std::array<const char*, kNumBodyJoints> nodes;
};

constexpr Naming kNamings[] = {
    // The CMU database as converted to BVH by B. Hahne (cgspeed), for MotionBuilder ...
    {"CMU (MotionBuilder names)",
     {"Hips",
      "LeftUpLeg",
      "RightUpLeg",
      "LowerBack",
      "LeftLeg",
      "RightLeg",
      "Spine",
      "LeftFoot",
      "RightFoot",
      "Spine1",
      "LeftToeBase",
      "RightToeBase",
      "Neck1",
      "LeftShoulder",
      "RightShoulder",
      "Head",
      "LeftArm",
      "RightArm",
      "LeftForeArm",
      "RightForeArm",
      "LeftHand",
      "RightHand",
      "",
      ""}},
    // ... and for 3ds Max and its kin.
    {"CMU (3ds Max names)",
     {"Hips",
      "LeftHip",
      "RightHip",
      "lowerback",
      "LeftKnee",
      "RightKnee",
      "Chest",
      "LeftAnkle",
      "RightAnkle",
      "Chest2",
      "LeftToe",
      "RightToe",
      "Neck",
      "LeftCollar",
      "RightCollar",
      "Head",
      "LeftShoulder",
      "RightShoulder",
      "LeftElbow",
      "RightElbow",
      "LeftWrist",
      "RightWrist",
      "",
      ""}},
    {"MotionBuilder, three spine joints (Mixamo)",
     {"Hips",
      "LeftUpLeg",
      "RightUpLeg",
      "Spine",
      "LeftLeg",
      "RightLeg",
      "Spine1",
      "LeftFoot",
      "RightFoot",
      "Spine2",
      "LeftToeBase",
      "RightToeBase",
      "Neck",
      "LeftShoulder",
      "RightShoulder",
      "Head",
      "LeftArm",
      "RightArm",
      "LeftForeArm",
      "RightForeArm",
      "LeftHand",
      "RightHand",
      "",
      ""}},
    {"MotionBuilder, two spine joints (MASS)",
     {"Hips",
      "LeftUpLeg",
      "RightUpLeg",
      "Spine",
      "LeftLeg",
      "RightLeg",
      "",
      "LeftFoot",
      "RightFoot",
      "Spine1",
      "LeftToeBase",
      "RightToeBase",
      "Neck",
      "LeftShoulder",
      "RightShoulder",
      "Head",
      "LeftArm",
      "RightArm",
      "LeftForeArm",
      "RightForeArm",
      "LeftHand",
      "RightHand",
      "",
      ""}},
    // One link for neck and head, which turns at the neck.
    {"DeepMimic",
     {"root",
      "left_hip",
      "right_hip",
      "",
      "left_knee",
      "right_knee",
      "",
      "left_ankle",
      "right_ankle",
      "chest",
      "",
      "",
      "",
      "",
      "",
      "neck",
      "left_shoulder",
      "right_shoulder",
      "left_elbow",
      "right_elbow",
      "left_wrist",
      "right_wrist",
      "",
      ""}},
};

// Exporters put a character's name before every joint: "mixamorig:Hips", "Character1_Hips".
std::string Prefix(const BvhClip& clip) {
  for (const BvhNode& node : clip.nodes) {
    if (node.name.ends_with("Hips")) return node.name.substr(0, node.name.size() - 4);
  }
  return "";
}

std::optional<JointNodes> Match(const BvhClip& clip, const Naming& naming,
                                const std::string& prefix) {
  JointNodes nodes;
  for (size_t k = 0; k < nodes.size(); ++k) {
    const std::string name = naming.nodes[k];
    nodes[k] = name.empty() ? -1 : clip.IndexOf(prefix + name);
    if (!name.empty() && nodes[k] < 0) return std::nullopt;
  }
  return nodes;
}

}  // namespace

JointNodes FindJointNodes(const BvhClip& clip) {
  const std::string prefix = Prefix(clip);
  std::vector<const char*> known;
  for (const Naming& naming : kNamings) {
    if (const auto nodes = Match(clip, naming, prefix)) return *nodes;
    known.push_back(naming.what);
  }
  std::vector<std::string> names;
  for (const BvhNode& node : clip.nodes) {
    if (!node.is_end_site && names.size() < 100) names.push_back(node.name);
  }
  ThrowUserError(
      "{}: the joints' names fit no skeleton that is known ({}); they are: {}. Rename them, or add "
      "a table to src/body/skeleton_names.cc",
      clip.name, fmt::join(known, ", "), fmt::join(names, ", "));
}

}  // namespace gyre
