// SPDX-License-Identifier: Apache-2.0
#include "loop/evaluation/part_errors.h"

#include <algorithm>

#include "body/model_joints.h"
#include "body/whole_body_joints.h"
#include "core/align.h"

namespace gyre {
namespace {

KeypointSet PointsOfParts(const BodyModel& body) {
  const std::vector<JointBlock>& blocks = body.layout->blocks;
  const auto measured = [&](PersonPart part) {
    switch (part) {
      case PersonPart::kBody:
        return false;
      case PersonPart::kLeftHand:
        return std::ranges::count(blocks, JointBlock::kLeftHand) > 0;
      case PersonPart::kRightHand:
        return std::ranges::count(blocks, JointBlock::kRightHand) > 0;
      case PersonPart::kFace:
        break;
    }
    return !body.face_landmarks.empty();
  };
  KeypointSet set{"hands_and_face", {}};
  for (const std::string_view name : FindKeypointSet("openpose135").joints) {
    const JointInfo& joint = FindJoint(name);
    if (measured(PartOf(joint)) && HasJoint(body, joint)) set.joints.push_back(name);
  }
  return set;
}

double ErrorMm(const Points3& said, const Points3& truth, const std::vector<int>& rows) {
  const Points3 from = said(rows, Eigen::all), to = truth(rows, Eigen::all);
  return 1000 * (AlignSimilarity(from, to).Apply(from) - to).rowwise().norm().mean();
}

}  // namespace

PartErrors::PartErrors(const BodyModel& body) {
  const KeypointSet set = PointsOfParts(body);
  if (set.joints.empty()) return;
  joints_.emplace(body, set);
  for (int i = 0; i < set.size(); ++i) {
    const PersonPart part = PartOf(FindJoint(set.joints[i]));
    (part == PersonPart::kFace ? face_ : hands_[part == PersonPart::kRightHand]).push_back(i);
  }
}

void PartErrors::Add(const BodyParams& said, const BodyParams& truth) {
  if (!Any()) return;
  const Points3 is = joints_->Positions(said), was = joints_->Positions(truth);
  for (const std::vector<int>& hand : hands_) {
    if (!hand.empty()) hands_mm_.Add(ErrorMm(is, was, hand));
  }
  if (!face_.empty()) face_mm_.Add(ErrorMm(is, was, face_));
}

}  // namespace gyre
