// SPDX-License-Identifier: Apache-2.0
#include "body/body_parts.h"

#include "body/joints.h"

namespace gyre {
namespace {

// By bone; neck, shoulder blades and hips' upper side are the torso's. What hangs on a bone, as
// fingers on a wrist, belongs to its part.
std::vector<uint8_t> PartsOfBones(const BodyLayout& layout) {
  constexpr std::pair<std::string_view, uint8_t> kFirstBones[] = {
      {"Head", kHeadPart},          {"R_Shoulder", kRightArmPart}, {"L_Shoulder", kLeftArmPart},
      {"R_Hip", kRightLegPart},     {"L_Hip", kLeftLegPart}};
  std::vector<uint8_t> parts(layout.num_joints(), kTorsoPart);
  for (int k = 1; k < layout.num_joints(); ++k) {
    parts[k] = parts[layout.parents[k]];
    for (const auto& [bone, part] : kFirstBones) {
      if (layout.joints[k] == bone) parts[k] = part;
    }
  }
  return parts;
}

}  // namespace

std::vector<uint8_t> PartsOfFaces(const BodyModel& model) {
  const std::vector<uint8_t> part_of_bone = PartsOfBones(*model.layout);
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
