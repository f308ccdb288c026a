// SPDX-License-Identifier: Apache-2.0
#include "body/makehuman_rig.h"

#include <algorithm>

#include "core/error.h"

namespace gyre {
namespace {

using Rule = MakeHumanRig::JointRule;

MakeHumanRig SmplRig() {
  MakeHumanRig rig;
  rig.layout = SharedSmplLayout();
  rig.body_groups = {"body"};
  rig.roll_from = "hand";
  rig.roll_to = "finger-1-1";
  const auto add = [&](const char* joint, const char* bone, std::vector<std::string> others) {
    others.push_back(bone);
    rig.rules.push_back({joint, bone, std::move(others), {}});
  };
  add("Pelvis", "Hips", {"LHipJoint", "RHipJoint"});
  add("L_Hip", "LeftUpLeg", {});
  add("R_Hip", "RightUpLeg", {});
  add("Spine1", "LowerBack", {});
  add("L_Knee", "LeftLeg", {});
  add("R_Knee", "RightLeg", {});
  add("Spine2", "Spine", {});
  add("L_Ankle", "LeftFoot", {});
  add("R_Ankle", "RightFoot", {});
  add("Spine3", "Spine1", {});
  add("L_Foot", "LeftToeBase", {});
  add("R_Foot", "RightToeBase", {});
  add("Neck", "Neck", {"Neck1"});
  add("L_Collar", "LeftShoulder", {});
  add("R_Collar", "RightShoulder", {});
  add("Head", "Head", {});
  add("L_Shoulder", "LeftArm", {});
  add("R_Shoulder", "RightArm", {});
  add("L_Elbow", "LeftForeArm", {});
  add("R_Elbow", "RightForeArm", {});
  add("L_Wrist", "LeftHand", {"LThumb", "LeftFingerBase"});
  add("R_Wrist", "RightHand", {"RThumb", "RightFingerBase"});
  // The rig's finger bone starts at the index's knuckle, SMPL's hand between the middle two.
  const auto add_hand = [&](const char* joint, const char* bone, const std::string& side) {
    const std::string finger = "joint-" + side + "-finger-";
    rig.rules.push_back({joint, "", {bone}, {finger + "3-1", finger + "4-1"}});
  };
  add_hand("L_Hand", "LeftHandFinger1", "l");
  add_hand("R_Hand", "RightHandFinger1", "r");
  return rig;
}

// The bones of one joint of MakeHuman's default skeleton: the first is where the joint is.
std::vector<std::string> DefaultBones(const std::string& joint) {
  struct Bones {
    const char* joint;
    std::vector<std::string> bones;
  };
  static const std::vector<Bones> kMiddle = {
      {"Pelvis", {"spine05", "root"}},
      {"Spine1", {"spine04"}},
      {"Spine2", {"spine02"}},
      {"Spine3", {"spine01"}},
      {"Neck", {"neck01"}},
      {"Head", {"head"}},
      {"Jaw", {"jaw"}},
  };
  static const std::vector<Bones> kSides = {
      {"Hip", {"upperleg01"}},   {"Knee", {"lowerleg01"}},
      {"Ankle", {"foot"}},       {"Foot", {"toe3-1", "toe1-1", "toe2-1", "toe4-1", "toe5-1"}},
      {"Collar", {"clavicle"}},  {"Shoulder", {"upperarm01"}},
      {"Elbow", {"lowerarm01"}}, {"Wrist", {"wrist"}},
      {"Eye", {"eye"}},
  };
  static const std::vector<std::string> kFingers = {"Thumb", "Index", "Middle", "Ring", "Pinky"};
  for (const auto& [name, bones] : kMiddle) {
    if (joint == name) return bones;
  }
  const std::string side = "." + joint.substr(0, 1), name = joint.substr(2);
  for (const auto& [known, bones] : kSides) {
    if (name != known) continue;
    std::vector<std::string> of_side = bones;
    for (std::string& bone : of_side) bone += side;
    return of_side;
  }
  const std::string finger = name.substr(0, name.size() - 1);
  const auto found = std::ranges::find(kFingers, finger);
  GYRE_CHECK(found != kFingers.end(), "no bone is known for {}", joint);
  return {fmt::format("finger{}-{}{}", found - kFingers.begin() + 1, name.back(), side)};
}

MakeHumanRig SmplxRig() {
  MakeHumanRig rig;
  rig.layout = SharedSmplxLayout();
  rig.is_default = true;
  rig.body_groups = {"body", "helper-l-eye", "helper-r-eye"};
  rig.roll_from = "finger-5-1";
  rig.roll_to = "finger-2-1";
  for (const std::string& joint : rig.layout->joints) {
    const std::vector<std::string> bones = DefaultBones(joint);
    rig.rules.push_back({joint, bones.front(), bones, {}});
  }
  return rig;
}

}  // namespace

const MakeHumanRig& MakeHumanRigOf(MakeHumanLayout layout) {
  static const MakeHumanRig smpl = SmplRig(), smplx = SmplxRig();
  return layout == MakeHumanLayout::kSmplx ? smplx : smpl;
}

}  // namespace gyre
