// SPDX-License-Identifier: Apache-2.0
#include "body/body_parts.h"

#include "body/joints.h"

namespace gyre {
namespace {

// By bone; neck, shoulder blades and hips' upper side are the torso's.
std::vector<uint8_t> PartsOfBones() {
  std::vector<uint8_t> parts(kNumBodyJoints, kTorsoPart);
  const auto set = [&](uint8_t part, std::initializer_list<std::string_view> joints) {
    for (const std::string_view joint : joints) parts[FindJoint(joint).source_idx] = part;
  };
  set(kHeadPart, {"SMPL Head"});
  set(kRightArmPart, {"SMPL R_Shoulder", "SMPL R_Elbow", "SMPL R_Wrist", "SMPL R_Hand"});
  set(kLeftArmPart, {"SMPL L_Shoulder", "SMPL L_Elbow", "SMPL L_Wrist", "SMPL L_Hand"});
  set(kRightLegPart, {"SMPL R_Hip", "SMPL R_Knee", "SMPL R_Ankle", "SMPL R_Foot"});
  set(kLeftLegPart, {"SMPL L_Hip", "SMPL L_Knee", "SMPL L_Ankle", "SMPL L_Foot"});
  return parts;
}

}  // namespace

std::vector<uint8_t> PartsOfFaces(const BodyModel& model) {
  const std::vector<uint8_t> part_of_bone = PartsOfBones();
  std::vector<uint8_t> parts;
  for (int face = 0; face < model.faces.rows(); ++face) {
    Eigen::Matrix<double, kNumBodyParts + 1, 1> weight;
    weight.setZero();
    for (const int vertex : model.faces.row(face)) {
      for (SparseRows::InnerIterator it(model.weights, vertex); it; ++it) {
        weight[part_of_bone[it.col()]] += it.value();
      }
    }
    Eigen::Index part;
    weight.maxCoeff(&part);
    parts.push_back(static_cast<uint8_t>(part));
  }
  return parts;
}

}  // namespace gyre
