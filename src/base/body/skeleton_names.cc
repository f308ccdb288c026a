// SPDX-License-Identifier: Apache-2.0
#include "body/skeleton_names.h"

#include <numbers>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"

namespace gyre {
namespace {

// Node names in SMPL's joint order; "" where a skeleton has no such joint.
struct Naming {
  const char* what;
  double elbow_tilt_rad;
  bool feet_rest_with_legs;
  std::array<const char*, 24> nodes;
};

// CMU's skeleton rests with its legs spread by 20 degrees, feet in the plane of their leg, and its
// elbows turn about an axis 30 degrees off the vertical: measured on 128 clips (the elbows' axis is
// constant, and ankles would otherwise be rolled by a constant 18 degrees in all of them).
constexpr double kCmuElbowTilt = 30 * (std::numbers::pi / 180);

// clang-format off
constexpr Naming kNamings[] = {
    // The CMU database as converted to BVH by B. Hahne (cgspeed), with MotionBuilder's names ...
    {"CMU with MotionBuilder's names", kCmuElbowTilt, true,
     {"Hips", "LeftUpLeg", "RightUpLeg", "LowerBack", "LeftLeg", "RightLeg", "Spine",
      "LeftFoot", "RightFoot", "Spine1", "LeftToeBase", "RightToeBase", "Neck1",
      "LeftShoulder", "RightShoulder", "Head", "LeftArm", "RightArm",
      "LeftForeArm", "RightForeArm", "LeftHand", "RightHand", "", ""}},
    // ... and with those of 3ds Max.
    {"CMU with 3ds Max's names", kCmuElbowTilt, true,
     {"Hips", "LeftHip", "RightHip", "lowerback", "LeftKnee", "RightKnee", "Chest",
      "LeftAnkle", "RightAnkle", "Chest2", "LeftToe", "RightToe", "Neck",
      "LeftCollar", "RightCollar", "Head", "LeftShoulder", "RightShoulder",
      "LeftElbow", "RightElbow", "LeftWrist", "RightWrist", "", ""}},
    {"MotionBuilder with three spine joints (Mixamo)", 0, false,
     {"Hips", "LeftUpLeg", "RightUpLeg", "Spine", "LeftLeg", "RightLeg", "Spine1",
      "LeftFoot", "RightFoot", "Spine2", "LeftToeBase", "RightToeBase", "Neck",
      "LeftShoulder", "RightShoulder", "Head", "LeftArm", "RightArm",
      "LeftForeArm", "RightForeArm", "LeftHand", "RightHand", "", ""}},
    {"MotionBuilder with two spine joints (MASS)", 0, false,
     {"Hips", "LeftUpLeg", "RightUpLeg", "Spine", "LeftLeg", "RightLeg", "",
      "LeftFoot", "RightFoot", "Spine1", "LeftToeBase", "RightToeBase", "Neck",
      "LeftShoulder", "RightShoulder", "Head", "LeftArm", "RightArm",
      "LeftForeArm", "RightForeArm", "LeftHand", "RightHand", "", ""}},
    // One link for neck and head, which turns at the neck.
    {"DeepMimic", 0, false,
     {"root", "left_hip", "right_hip", "", "left_knee", "right_knee", "",
      "left_ankle", "right_ankle", "chest", "", "", "",
      "", "", "neck", "left_shoulder", "right_shoulder",
      "left_elbow", "right_elbow", "left_wrist", "right_wrist", "", ""}},
};
// clang-format on

// Exporters put a character's name before every joint: "mixamorig:Hips", "Character1_Hips".
std::string Prefix(const BvhClip& clip) {
  for (const BvhNode& node : clip.nodes) {
    if (node.name.ends_with("Hips")) return node.name.substr(0, node.name.size() - 4);
  }
  return "";
}

std::optional<SkeletonMap> Match(const BvhClip& clip, const Naming& naming,
                                 const std::string& prefix) {
  SkeletonMap map;
  map.nodes.resize(std::size(naming.nodes));
  for (size_t k = 0; k < map.nodes.size(); ++k) {
    const std::string name = naming.nodes[k];
    map.nodes[k] = name.empty() ? -1 : clip.IndexOf(prefix + name);
    if (!name.empty() && map.nodes[k] < 0) return std::nullopt;
  }
  map.elbow_tilt_rad = naming.elbow_tilt_rad;
  map.feet_rest_with_legs = naming.feet_rest_with_legs;
  return map;
}

}  // namespace

SkeletonMap MapSkeleton(const BvhClip& clip) {
  const std::string prefix = Prefix(clip);
  std::vector<const char*> known;
  for (const Naming& naming : kNamings) {
    if (const auto map = Match(clip, naming, prefix)) return *map;
    known.push_back(naming.what);
  }
  std::vector<std::string> names;
  for (const BvhNode& node : clip.nodes) {
    if (!node.is_end_site && names.size() < 100) names.push_back(node.name);
  }
  ThrowUserError(
      "{}: the joints' names fit no skeleton that is known ({}); they are: {}. Rename them, or add "
      "a table to src/base/body/skeleton_names.cc",
      clip.name, fmt::join(known, ", "), fmt::join(names, ", "));
}

}  // namespace gyre
