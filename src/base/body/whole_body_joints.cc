// SPDX-License-Identifier: Apache-2.0
#include "body/whole_body_joints.h"

#include <algorithm>
#include <array>
#include <deque>
#include <string>

namespace gyre {
namespace {

constexpr int kNumFacePoints = 68, kNumOutlinePoints = 17;

// Names live as long as the program.
std::string_view Keep(std::string name) {
  static std::deque<std::string> names;
  return names.emplace_back(std::move(name));
}

int MirrorOfFacePoint(int point) {
  // First and last points of lists that run from the one side to the other.
  static constexpr std::array<int, 2> kRows[] = {{0, 16},  {17, 26}, {31, 35}, {48, 54},
                                                 {55, 59}, {60, 64}, {65, 67}};
  // The eyes: each from its outer or inner corner along the upper lid and back along the lower.
  static constexpr std::array<int, 12> kEyes = {45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40};
  if (point >= 36 && point < 48) return kEyes[point - 36];
  for (const auto& [first, last] : kRows) {
    if (point >= first && point <= last) return first + last - point;
  }
  return point;  // the bridge of the nose
}

int BoneOf(const std::string& name) {
  const auto names = BoneNames();
  return static_cast<int>(std::ranges::find(names, name) - names.begin());
}

constexpr std::array<const char*, 5> kFingers = {"Thumb", "Index", "Middle", "Ring", "Pinky"};

void AddHand(const std::string& side, const std::string& other, std::vector<JointInfo>* joints) {
  const std::string bone_side = {side[0], '_'};
  const auto add = [&](const std::string& point, const std::string& bone) {
    joints->push_back({Keep(side + " " + point), JointSource::kKinematic, BoneOf(bone_side + bone),
                       Keep(other + " " + point)});
  };
  add("Hand Root", "Wrist");
  for (const std::string finger : kFingers) {
    for (const std::string knuckle : {"1", "2", "3"}) add(finger + " " + knuckle, finger + knuckle);
  }
}

std::string FaceName(int point) { return "Face " + std::to_string(point); }

std::vector<JointInfo> MakeJoints() {
  std::vector<JointInfo> joints;
  AddHand("Left", "Right", &joints);
  AddHand("Right", "Left", &joints);
  for (int point = 0; point < kNumFacePoints; ++point) {
    joints.push_back({Keep(FaceName(point)), JointSource::kFace, point,
                      Keep(FaceName(MirrorOfFacePoint(point)))});
  }
  return joints;
}

// Registered names, one after the other.
class Names {
 public:
  explicit Names(std::span<const std::string_view> first) : names_(first.begin(), first.end()) {}
  Names& Joint(const std::string& name) {
    names_.push_back(FindJoint(name).name);
    return *this;
  }
  Names& Hand(const std::string& side) {
    Joint(side + " Hand Root");
    for (const std::string finger : kFingers) {
      for (const char* point : {" 1", " 2", " 3", " Tip"}) Joint(side + " " + finger + point);
    }
    return *this;
  }
  Names& Face(int first, int end) {
    for (int point = first; point < end; ++point) Joint(FaceName(point));
    return *this;
  }
  std::vector<std::string_view> Take() { return std::move(names_); }

 private:
  std::vector<std::string_view> names_;
};

}  // namespace

std::span<const JointInfo> HandAndFaceJoints() {
  static const std::vector<JointInfo> joints = MakeJoints();
  return joints;
}

PersonPart PartOf(const JointInfo& joint) {
  if (joint.source == JointSource::kFace) return PersonPart::kFace;
  const bool tip = joint.name.ends_with(" Tip");
  if (!tip && std::ranges::find(HandAndFaceJoints(), joint.name, &JointInfo::name) ==
                  HandAndFaceJoints().end()) {
    return PersonPart::kBody;
  }
  return joint.name.starts_with("Left") ? PersonPart::kLeftHand : PersonPart::kRightHand;
}

std::vector<std::string_view> CocoWholeBody133(std::span<const std::string_view> coco17) {
  Names names(coco17);
  for (const char* foot :
       {"OP LBigToe", "OP LSmallToe", "OP LHeel", "OP RBigToe", "OP RSmallToe", "OP RHeel"}) {
    names.Joint(foot);
  }
  return names.Face(0, kNumFacePoints).Hand("Left").Hand("Right").Take();
}

std::vector<std::string_view> Halpe136(std::span<const std::string_view> halpe26) {
  return Names(halpe26).Face(0, kNumFacePoints).Hand("Left").Hand("Right").Take();
}

std::vector<std::string_view> OpenPose135(std::span<const std::string_view> body25) {
  return Names(body25)
      .Hand("Left")
      .Hand("Right")
      .Face(kNumOutlinePoints, kNumFacePoints)
      .Face(0, kNumOutlinePoints)
      .Take();
}

}  // namespace gyre
