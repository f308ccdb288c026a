// SPDX-License-Identifier: Apache-2.0
#include "body/body_layout.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace gyre {
namespace {

struct Family {
  std::string_view family, title;
  std::vector<std::string> joints;
};

void Append(std::vector<std::string>* all, std::initializer_list<std::string_view> names) {
  all->insert(all->end(), names.begin(), names.end());
}

// Fifteen joints of a hand, in smplx's order of fingers.
void AppendFingers(std::vector<std::string>* all, const std::string& side) {
  for (const char* finger : {"Index", "Middle", "Pinky", "Ring", "Thumb"}) {
    for (const char* knuckle : {"1", "2", "3"}) all->push_back(side + finger + knuckle);
  }
}

const std::vector<Family>& Families() {
  static const std::vector<Family> families = [] {
    std::vector<std::string> trunk;  // what SMPL, SMPL+H and SMPL-X share
    Append(&trunk, {"Pelvis",   "L_Hip",    "R_Hip",  "Spine1",     "L_Knee",     "R_Knee",
                    "Spine2",   "L_Ankle",  "R_Ankle", "Spine3",    "L_Foot",     "R_Foot",
                    "Neck",     "L_Collar", "R_Collar", "Head",     "L_Shoulder", "R_Shoulder",
                    "L_Elbow",  "R_Elbow",  "L_Wrist", "R_Wrist"});
    std::vector<std::string> smpl = trunk, smplh = trunk, smplx = trunk, mano, flame;
    Append(&smpl, {"L_Hand", "R_Hand"});
    Append(&smplx, {"Jaw", "L_Eye", "R_Eye"});
    for (std::vector<std::string>* of : {&smplh, &smplx}) {
      AppendFingers(of, "L_");
      AppendFingers(of, "R_");
    }
    Append(&mano, {"Wrist"});
    AppendFingers(&mano, "");
    Append(&flame, {"Root", "Neck", "Jaw", "L_Eye", "R_Eye"});
    return std::vector<Family>{{"smpl", "SMPL", smpl},
                               {"smplh", "SMPL+H", smplh},
                               {"smplx", "SMPL-X", smplx},
                               {"mano", "MANO", mano},
                               {"flame", "FLAME", flame}};
  }();
  return families;
}

// "left_index1" -> "L_Index1", "left_eye_smplhf" -> "L_Eye"; other names stay.
std::string GyreName(std::string name) {
  if (name.ends_with("_smplhf")) name.resize(name.size() - std::string_view("_smplhf").size());
  const bool left = name.starts_with("left_"), right = name.starts_with("right_");
  if (left || right) name.erase(0, name.find('_') + 1);
  if (!name.empty()) name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
  return left ? "L_" + name : right ? "R_" + name : name;
}

std::string MirrorName(const std::string& joint) {
  if (joint.starts_with("L_")) return "R_" + joint.substr(2);
  if (joint.starts_with("R_")) return "L_" + joint.substr(2);
  return joint;
}

JointBlock BlockOf(const std::string& joint) {
  constexpr std::array<std::string_view, 5> kFingers = {"Index", "Middle", "Pinky", "Ring",
                                                        "Thumb"};
  if (joint == "Jaw") return JointBlock::kJaw;
  if (joint == "L_Eye" || joint == "R_Eye") return JointBlock::kEyes;
  const bool finger = std::ranges::any_of(
      kFingers, [&](std::string_view part) { return joint.find(part) != std::string::npos; });
  if (!finger) return JointBlock::kBody;
  return joint.starts_with("L_") ? JointBlock::kLeftHand : JointBlock::kRightHand;
}

const Family* FamilyOf(const std::vector<std::string>& joints) {
  const auto found = std::ranges::find(Families(), joints, &Family::joints);
  return found == Families().end() ? nullptr : &*found;
}

std::vector<std::string> NamesOf(size_t count, std::span<const std::string> names) {
  std::vector<std::string> joints;
  if (!names.empty()) {
    for (const std::string& name : names) joints.push_back(GyreName(name));
    return joints;
  }
  for (const Family& family : Families()) {
    if (family.joints.size() == count) return family.joints;
  }
  for (size_t k = 0; k < count; ++k) joints.push_back("Joint " + std::to_string(k));
  return joints;
}

}  // namespace

int BodyLayout::IndexOf(std::string_view joint) const {
  const auto found = std::ranges::find(joints, joint);
  return found == joints.end() ? -1 : static_cast<int>(found - joints.begin());
}

BodyLayout MakeLayout(std::vector<int> parents, std::span<const std::string> names, int num_betas,
                      int num_expression) {
  BodyLayout layout;
  layout.joints = NamesOf(parents.size(), names);
  layout.parents = std::move(parents);
  const Family* family = FamilyOf(layout.joints);
  layout.family = family != nullptr ? family->family : "other";
  for (int k = 0; k < layout.num_joints(); ++k) {
    const int partner = layout.IndexOf(MirrorName(layout.joints[k]));
    layout.mirror.push_back(partner >= 0 ? partner : k);
    layout.blocks.push_back(k == 0 ? JointBlock::kRoot : BlockOf(layout.joints[k]));
  }
  layout.num_betas = num_betas;
  layout.num_expression = num_expression;
  return layout;
}

std::shared_ptr<const BodyLayout> SharedSmplLayout() {
  static const auto layout = std::make_shared<const BodyLayout>(MakeLayout(
      {-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21}, {}, 10,
      0));
  return layout;
}

const BodyLayout& SmplLayout() {
  static const BodyLayout& layout = *SharedSmplLayout();
  return layout;
}

std::shared_ptr<const BodyLayout> SharedSmplxLayout() {
  static const auto layout = [] {
    constexpr int kBodyJoints = 22, kHead = 15, kLeftWrist = 20, kFingers = 5, kShapes = 10;
    std::vector<int> parents(SmplLayout().parents.begin(),
                             SmplLayout().parents.begin() + kBodyJoints);
    for (int face = 0; face < 3; ++face) parents.push_back(kHead);
    for (int right = 0; right < 2; ++right) {
      for (int finger = 0; finger < kFingers; ++finger) {
        const int knuckle = static_cast<int>(parents.size());
        parents.insert(parents.end(), {kLeftWrist + right, knuckle, knuckle + 1});
      }
    }
    return std::make_shared<const BodyLayout>(MakeLayout(std::move(parents), {}, kShapes, kShapes));
  }();
  return layout;
}

std::string FamilyTitle(const BodyLayout& layout) {
  const auto found = std::ranges::find(Families(), layout.family, &Family::family);
  if (found != Families().end()) return std::string(found->title);
  return "a body of " + std::to_string(layout.num_joints()) + " joints";
}

}  // namespace gyre
