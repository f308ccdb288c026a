// SPDX-License-Identifier: Apache-2.0
#include "body/model_joints.h"

#include <map>
#include <optional>
#include <utility>

#include "core/error.h"

namespace gyre {
namespace {

int HighestVertex(const BodyModel& model) {
  Eigen::Index vertex;
  model.v_template.col(1).maxCoeff(&vertex);
  return static_cast<int>(vertex);
}

using BoneTerms = std::initializer_list<std::pair<std::string_view, double>>;

// The table in the header; empty when the body lacks what the joint is made of.
std::optional<JointCombination> StandIn(const BodyModel& model, std::string_view joint) {
  const auto Bones = [&](const BoneTerms& terms) -> std::optional<JointCombination> {
    JointCombination combination;
    for (const auto& [name, weight] : terms) {
      const int bone = KinematicJoint(*model.layout, FindJoint(name));
      if (bone < 0) return std::nullopt;
      combination.joints.push_back({bone, weight});
    }
    return combination;
  };
  if (joint == "Right Hip") return Bones({{"SMPL R_Hip", 1.1}, {"SMPL L_Hip", -0.1}});
  if (joint == "Left Hip") return Bones({{"SMPL L_Hip", 1.1}, {"SMPL R_Hip", -0.1}});
  if (joint == "Neck (LSP)") {
    return Bones({{"SMPL Neck", 0.5}, {"SMPL L_Collar", 0.25}, {"SMPL R_Collar", 0.25}});
  }
  if (joint == "Pelvis (MPII)") return Bones({{"SMPL L_Hip", 0.5}, {"SMPL R_Hip", 0.5}});
  if (joint == "Thorax (MPII)") {
    return Bones({{"SMPL Neck", 0.4}, {"SMPL L_Collar", 0.3}, {"SMPL R_Collar", 0.3}});
  }
  if (joint == "Spine (H36M)") return Bones({{"SMPL Spine1", 0.5}, {"SMPL Spine2", 0.5}});
  if (joint == "Jaw (H36M)") {
    const int nose = model.landmark_vertices[FindJoint("Nose").source_idx];
    if (nose < 0) return Bones({{"SMPL Neck", 0.45}, {"SMPL Head", 0.55}});
    auto jaw = Bones({{"SMPL Neck", 0.45}, {"SMPL Head", 0.1}});
    if (jaw) jaw->vertices.push_back({nose, 0.45});
    return jaw;
  }
  if (joint == "Top of Head (LSP)") {
    return JointCombination{.vertices = {{HighestVertex(model), 1.0}}, .joints = {}};
  }
  GYRE_CHECK(joint == "Head (H36M)", "no stand-in for \"{}\"", joint);
  auto head = Bones({{"SMPL Head", 0.5}});
  if (head) head->vertices.push_back({HighestVertex(model), 0.5});
  return head;
}

// Empty when the body has no such joint.
std::optional<JointCombination> Find(const BodyModel& model, const JointInfo& joint) {
  JointCombination combination;
  switch (joint.source) {
    case JointSource::kKinematic: {
      const int bone = KinematicJoint(*model.layout, joint);
      if (bone < 0) return std::nullopt;
      combination.joints.push_back({bone, 1.0});
      break;
    }
    case JointSource::kLandmark: {
      const int vertex = model.landmark_vertices[joint.source_idx];
      if (vertex < 0) return std::nullopt;
      combination.vertices.push_back({vertex, 1.0});
      break;
    }
    case JointSource::kExtraRegressor:
      if (model.J_regressor_extra.rows() == 0) return StandIn(model, joint.name);
      for (SparseRows::InnerIterator it(model.J_regressor_extra, joint.source_idx); it; ++it) {
        combination.vertices.push_back({static_cast<int>(it.col()), it.value()});
      }
      break;
    case JointSource::kFace: {
      const int point = joint.source_idx - kNumContourPoints;
      if (point < 0 || point >= static_cast<int>(model.face_landmarks.size())) return std::nullopt;
      const SurfacePoint& place = model.face_landmarks[point];
      for (int i = 0; i < 3; ++i) {
        combination.vertices.push_back({place.vertices[i], place.weights[i]});
      }
      break;
    }
  }
  return combination;
}

}  // namespace

double JointCombination::WeightSum() const {
  double sum = 0;
  for (const Term& term : vertices) sum += term.weight;
  for (const Term& term : joints) sum += term.weight;
  return sum;
}

bool HasJoint(const BodyModel& model, const JointInfo& joint) {
  return Find(model, joint).has_value();
}

JointCombination CombinationOf(const BodyModel& model, const JointInfo& joint) {
  auto combination = Find(model, joint);
  if (combination) return *std::move(combination);
  if (joint.source == JointSource::kLandmark) {
    ThrowUserError(
        "{}: \"{}\" needs the landmark {}, and the body has none: add it to the "
        "file's landmark_names and landmark_vertices.",
        model.name, joint.name, kLandmarkNames[joint.source_idx]);
  }
  ThrowUserError("{}: the body has no joint \"{}\"; choose another --body.", model.name,
                 joint.name);
}

JointCombinations JointCombinations::Of(const BodyModel& model, const KeypointSet& set) {
  JointCombinations combinations;
  std::map<std::pair<JointSource, int>, size_t> known;
  for (int i = 0; i < set.size(); ++i) {
    const JointInfo& info = FindJoint(set.joints[i]);
    const auto [it, is_new] =
        known.try_emplace({info.source, info.source_idx}, combinations.distinct.size());
    if (is_new) {
      combinations.distinct.push_back(CombinationOf(model, info));
      combinations.users.emplace_back();
    }
    combinations.users[it->second].push_back(i);
  }
  return combinations;
}

JointCombinations JointCombinations::OfSkeleton(const BodyModel& model) {
  JointCombinations combinations;
  for (int k = 0; k < model.num_joints(); ++k) {
    combinations.distinct.push_back({.vertices = {}, .joints = {{k, 1.0}}});
    combinations.users.push_back({k});
  }
  return combinations;
}

Points3 RegressJoints(const BodyModel& model, const KeypointSet& set, const PosedBody& posed) {
  GYRE_CHECK(posed.vertices.rows() == model.num_vertices() &&
             posed.joints.rows() == model.num_joints());
  Points3 positions = Points3::Zero(set.size(), 3);
  for (int i = 0; i < set.size(); ++i) {
    const JointCombination combination = CombinationOf(model, FindJoint(set.joints[i]));
    for (const auto& [vertex, weight] : combination.vertices) {
      positions.row(i) += weight * posed.vertices.row(vertex);
    }
    for (const auto& [joint, weight] : combination.joints) {
      positions.row(i) += weight * posed.joints.row(joint);
    }
  }
  return positions;
}

Points3 ModelJoints(const BodyModel& model, const BodyParams& params, const KeypointSet& set) {
  return RegressJoints(model, set, PoseBody(model, params));
}

}  // namespace gyre
