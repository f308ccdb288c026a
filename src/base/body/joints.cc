// SPDX-License-Identifier: Apache-2.0
#include "body/joints.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "body/joint_positions.h"
#include "body/whole_body_joints.h"
#include "core/error.h"

namespace gyre {
namespace {

constexpr JointSource kBone = JointSource::kKinematic;
constexpr JointSource kMark = JointSource::kLandmark;
constexpr JointSource kRow = JointSource::kExtraRegressor;

constexpr JointInfo kJoints[] = {
    // The kinematic joints, in SMPL's order.
    {"SMPL Pelvis", kBone, 0, "SMPL Pelvis"},
    {"SMPL L_Hip", kBone, 1, "SMPL R_Hip"},
    {"SMPL R_Hip", kBone, 2, "SMPL L_Hip"},
    {"SMPL Spine1", kBone, 3, "SMPL Spine1"},
    {"SMPL L_Knee", kBone, 4, "SMPL R_Knee"},
    {"SMPL R_Knee", kBone, 5, "SMPL L_Knee"},
    {"SMPL Spine2", kBone, 6, "SMPL Spine2"},
    {"SMPL L_Ankle", kBone, 7, "SMPL R_Ankle"},
    {"SMPL R_Ankle", kBone, 8, "SMPL L_Ankle"},
    {"SMPL Spine3", kBone, 9, "SMPL Spine3"},
    {"SMPL L_Foot", kBone, 10, "SMPL R_Foot"},
    {"SMPL R_Foot", kBone, 11, "SMPL L_Foot"},
    {"SMPL Neck", kBone, 12, "SMPL Neck"},
    {"SMPL L_Collar", kBone, 13, "SMPL R_Collar"},
    {"SMPL R_Collar", kBone, 14, "SMPL L_Collar"},
    {"SMPL Head", kBone, 15, "SMPL Head"},
    {"SMPL L_Shoulder", kBone, 16, "SMPL R_Shoulder"},
    {"SMPL R_Shoulder", kBone, 17, "SMPL L_Shoulder"},
    {"SMPL L_Elbow", kBone, 18, "SMPL R_Elbow"},
    {"SMPL R_Elbow", kBone, 19, "SMPL L_Elbow"},
    {"SMPL L_Wrist", kBone, 20, "SMPL R_Wrist"},
    {"SMPL R_Wrist", kBone, 21, "SMPL L_Wrist"},
    {"SMPL L_Hand", kBone, 22, "SMPL R_Hand"},
    {"SMPL R_Hand", kBone, 23, "SMPL L_Hand"},
    // SPIN's first 25: OpenPose's BODY_25.
    {"OP Nose", kMark, 0, "OP Nose"},
    {"OP Neck", kBone, 12, "OP Neck"},
    {"OP RShoulder", kBone, 17, "OP LShoulder"},
    {"OP RElbow", kBone, 19, "OP LElbow"},
    {"OP RWrist", kBone, 21, "OP LWrist"},
    {"OP LShoulder", kBone, 16, "OP RShoulder"},
    {"OP LElbow", kBone, 18, "OP RElbow"},
    {"OP LWrist", kBone, 20, "OP RWrist"},
    {"OP MidHip", kBone, 0, "OP MidHip"},
    {"OP RHip", kBone, 2, "OP LHip"},
    {"OP RKnee", kBone, 5, "OP LKnee"},
    {"OP RAnkle", kBone, 8, "OP LAnkle"},
    {"OP LHip", kBone, 1, "OP RHip"},
    {"OP LKnee", kBone, 4, "OP RKnee"},
    {"OP LAnkle", kBone, 7, "OP RAnkle"},
    {"OP REye", kMark, 1, "OP LEye"},
    {"OP LEye", kMark, 2, "OP REye"},
    {"OP REar", kMark, 3, "OP LEar"},
    {"OP LEar", kMark, 4, "OP REar"},
    {"OP LBigToe", kMark, 5, "OP RBigToe"},
    {"OP LSmallToe", kMark, 6, "OP RSmallToe"},
    {"OP LHeel", kMark, 7, "OP RHeel"},
    {"OP RBigToe", kMark, 8, "OP LBigToe"},
    {"OP RSmallToe", kMark, 9, "OP LSmallToe"},
    {"OP RHeel", kMark, 10, "OP LHeel"},
    // SPIN's other 24: the superset of what people annotated.
    {"Right Ankle", kBone, 8, "Left Ankle"},
    {"Right Knee", kBone, 5, "Left Knee"},
    {"Right Hip", kRow, 0, "Left Hip"},
    {"Left Hip", kRow, 1, "Right Hip"},
    {"Left Knee", kBone, 4, "Right Knee"},
    {"Left Ankle", kBone, 7, "Right Ankle"},
    {"Right Wrist", kBone, 21, "Left Wrist"},
    {"Right Elbow", kBone, 19, "Left Elbow"},
    {"Right Shoulder", kBone, 17, "Left Shoulder"},
    {"Left Shoulder", kBone, 16, "Right Shoulder"},
    {"Left Elbow", kBone, 18, "Right Elbow"},
    {"Left Wrist", kBone, 20, "Right Wrist"},
    {"Neck (LSP)", kRow, 2, "Neck (LSP)"},
    {"Top of Head (LSP)", kRow, 3, "Top of Head (LSP)"},
    {"Pelvis (MPII)", kRow, 4, "Pelvis (MPII)"},
    {"Thorax (MPII)", kRow, 5, "Thorax (MPII)"},
    {"Spine (H36M)", kRow, 6, "Spine (H36M)"},
    {"Jaw (H36M)", kRow, 7, "Jaw (H36M)"},
    {"Head (H36M)", kRow, 8, "Head (H36M)"},
    {"Nose", kMark, 0, "Nose"},
    {"Left Eye", kMark, 2, "Right Eye"},
    {"Right Eye", kMark, 1, "Left Eye"},
    {"Left Ear", kMark, 4, "Right Ear"},
    {"Right Ear", kMark, 3, "Left Ear"},
    // Fingertips, in no set yet.
    {"Left Thumb Tip", kMark, 11, "Right Thumb Tip"},
    {"Left Index Tip", kMark, 12, "Right Index Tip"},
    {"Left Middle Tip", kMark, 13, "Right Middle Tip"},
    {"Left Ring Tip", kMark, 14, "Right Ring Tip"},
    {"Left Pinky Tip", kMark, 15, "Right Pinky Tip"},
    {"Right Thumb Tip", kMark, 16, "Left Thumb Tip"},
    {"Right Index Tip", kMark, 17, "Left Index Tip"},
    {"Right Middle Tip", kMark, 18, "Left Middle Tip"},
    {"Right Ring Tip", kMark, 19, "Left Ring Tip"},
    {"Right Pinky Tip", kMark, 20, "Left Pinky Tip"},
};

std::vector<std::string> MakeBoneNames() {
  std::vector<std::string> names = SmplLayout().joints;
  for (const char* face : {"Jaw", "L_Eye", "R_Eye"}) names.push_back(face);
  for (const std::string side : {"L_", "R_"}) {
    for (const char* finger : {"Index", "Middle", "Pinky", "Ring", "Thumb"}) {
      for (const char* knuckle : {"1", "2", "3"}) names.push_back(side + finger + knuckle);
    }
  }
  return names;
}

const std::vector<JointInfo>& Registry() {
  static const std::vector<JointInfo> joints = [] {
    std::vector<JointInfo> all(std::begin(kJoints), std::end(kJoints));
    const auto more = HandAndFaceJoints();
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }();
  return joints;
}

const JointInfo* Lookup(std::string_view name) {
  const auto found = std::ranges::find(Registry(), name, &JointInfo::name);
  return found == Registry().end() ? nullptr : &*found;
}

const std::vector<KeypointSet>& Sets() {
  static const std::vector<KeypointSet> sets = [] {
    // Registered names [first, first + count).
    const auto range = [](std::string_view first, int count) {
      std::vector<std::string_view> names;
      for (const JointInfo* joint = Lookup(first); count > 0; ++joint, --count) {
        names.push_back(joint->name);
      }
      return names;
    };
    std::vector<KeypointSet> all = {
        {"spin49", range("OP Nose", 49)},
        {"coco17",
         {"Nose", "Left Eye", "Right Eye", "Left Ear", "Right Ear", "Left Shoulder",
          "Right Shoulder", "Left Elbow", "Right Elbow", "Left Wrist", "Right Wrist", "Left Hip",
          "Right Hip", "Left Knee", "Right Knee", "Left Ankle", "Right Ankle"}},
        {"body25", range("OP Nose", 25)},
        {"lsp14", range("Right Ankle", 14)},
        {"mpii16",
         {"Right Ankle", "Right Knee", "Right Hip", "Left Hip", "Left Knee", "Left Ankle",
          "Pelvis (MPII)", "Thorax (MPII)", "Neck (LSP)", "Top of Head (LSP)", "Right Wrist",
          "Right Elbow", "Right Shoulder", "Left Shoulder", "Left Elbow", "Left Wrist"}},
        {"h36m17",
         {"Pelvis (MPII)", "Right Hip", "Right Knee", "Right Ankle", "Left Hip", "Left Knee",
          "Left Ankle", "Spine (H36M)", "Neck (LSP)", "Jaw (H36M)", "Head (H36M)", "Left Shoulder",
          "Left Elbow", "Left Wrist", "Right Shoulder", "Right Elbow", "Right Wrist"}},
        {"smpl24", range("SMPL Pelvis", SmplLayout().num_joints())},
        {"superset24", range("Right Ankle", kNumSupersetJoints)},
        {"csv21",
         {"Right Ankle",   "Right Knee",  "Right Hip",   "Left Hip",          "Left Knee",
          "Left Ankle",    "Right Wrist", "Right Elbow", "Right Shoulder",    "Left Shoulder",
          "Left Elbow",    "Left Wrist",  "Neck (LSP)",  "Top of Head (LSP)", "Pelvis (MPII)",
          "Thorax (MPII)", "Nose",        "Left Eye",    "Right Eye",         "Left Ear",
          "Right Ear"}},
        {"halpe26",
         {"Nose",          "Left Eye",       "Right Eye",         "Left Ear",     "Right Ear",
          "Left Shoulder", "Right Shoulder", "Left Elbow",        "Right Elbow",  "Left Wrist",
          "Right Wrist",   "Left Hip",       "Right Hip",         "Left Knee",    "Right Knee",
          "Left Ankle",    "Right Ankle",    "Top of Head (LSP)", "OP Neck",      "OP MidHip",
          "OP LBigToe",    "OP RBigToe",     "OP LSmallToe",      "OP RSmallToe", "OP LHeel",
          "OP RHeel"}},
        // Corners of the eyes and the mouth, and knuckles, are those of whole_body_joints.h.
        {"blazepose33",
         {"Nose",          "Face 42",       "Left Eye",       "Face 45",       "Face 39",
          "Right Eye",     "Face 36",       "Left Ear",       "Right Ear",     "Face 54",
          "Face 48",       "Left Shoulder", "Right Shoulder", "Left Elbow",    "Right Elbow",
          "Left Wrist",    "Right Wrist",   "Left Pinky 1",   "Right Pinky 1", "Left Index 1",
          "Right Index 1", "Left Thumb 2",  "Right Thumb 2",  "Left Hip",      "Right Hip",
          "Left Knee",     "Right Knee",    "Left Ankle",     "Right Ankle",   "OP LHeel",
          "OP RHeel",      "OP LBigToe",    "OP RBigToe"}},
    };

    const auto joints = [&](std::string_view set) {
      return std::ranges::find(all, set, &KeypointSet::name)->joints;
    };
    all.push_back({"coco_wholebody133", CocoWholeBody133(joints("coco17"))});
    all.push_back({"openpose135", OpenPose135(joints("body25"))});
    all.push_back({"halpe136", Halpe136(joints("halpe26"))});
    return all;
  }();
  return sets;
}

}  // namespace

std::span<const std::string> BoneNames() {
  static const std::vector<std::string> names = MakeBoneNames();
  return names;
}

std::span<const JointInfo> AllJoints() { return Registry(); }

int KinematicJoint(const BodyLayout& layout, const JointInfo& joint) {
  return joint.source == JointSource::kKinematic ? layout.IndexOf(BoneNames()[joint.source_idx])
                                                 : -1;
}

const JointInfo& FindJoint(std::string_view name) {
  const JointInfo* joint = Lookup(name);
  GYRE_CHECK(joint != nullptr, "no joint is called \"{}\"", name);
  return *joint;
}

int KeypointSet::IndexOf(std::string_view joint) const {
  const auto found = std::ranges::find(joints, joint);
  return found == joints.end() ? -1 : static_cast<int>(found - joints.begin());
}

std::vector<int> KeypointSet::MirrorPermutation() const {
  std::vector<int> permutation;
  for (const std::string_view joint : joints) {
    const int partner = IndexOf(FindJoint(joint).mirror);
    GYRE_CHECK(partner >= 0, "set {} lacks the partner of \"{}\"", name, joint);
    permutation.push_back(partner);
  }
  return permutation;
}

const KeypointSet& FindKeypointSet(std::string_view name) {
  const auto found = std::ranges::find(Sets(), name, &KeypointSet::name);
  if (found == Sets().end()) {
    ThrowUserError("There is no keypoint set \"{}\": choose one of {}.", name,
                   fmt::join(KeypointSetNames(), ", "));
  }
  return *found;
}

std::vector<std::string_view> KeypointSetNames() {
  std::vector<std::string_view> names;
  for (const KeypointSet& set : Sets()) names.push_back(set.name);
  return names;
}

const KeypointSet& SpinJoints() {
  static const KeypointSet& set = FindKeypointSet("spin49");
  return set;
}

std::vector<int> SpinPositionsOf(const KeypointSet& source) {
  return PositionsIn(SpinJoints(), source);
}

std::vector<int> Lsp14InSpin() {
  std::vector<int> positions = SpinPositionsOf(FindKeypointSet("lsp14"));
  positions.back() = SpinJoints().IndexOf("Head (H36M)");
  return positions;
}

}  // namespace gyre
