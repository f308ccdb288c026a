// SPDX-License-Identifier: Apache-2.0
// What gyre reads from MakeHuman's data folder (see makehuman.h). Vertices are the base mesh's,
// with its helper geometry; lengths in metres.
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "body/body_model.h"

namespace gyre {

class MakeHumanData {
 public:
  // Reads mesh, groups and rig. UserError names the file at fault.
  explicit MakeHumanData(const std::filesystem::path& folder);

  const Points3& base() const { return base_; }           // [V_base,3]
  const std::vector<int>& body() const { return body_; }  // base vertices of the body, ascending
  const Faces& faces() const { return faces_; }           // of the body, in its own numbering
  const SparseRows& weights() const { return weights_; }  // [V_body,24], the rig's bones merged

  // The centre of a joint cube, "joint-l-knee".
  Vec3 CubeCenter(const Points3& vertices, const std::string& cube) const;
  // SMPL's 24 joints of these base vertices (as the base mesh stands), after the rig's definitions.
  Points3 Joints(const Points3& vertices) const;

  // Adds `weight` times a target, named as below targets/macrodetails without ".target.gz".
  void AddTarget(const std::string& target, double weight, Points3* vertices) const;

 private:
  struct Target {
    std::vector<int> vertices;
    Points3 offsets;
  };
  void ReadGroups();
  void ReadMesh();
  void ReadRig();
  void ReadWeights();
  const Target& ReadTarget(const std::string& target) const;

  std::filesystem::path folder_;
  Points3 base_;
  std::vector<int> body_;
  Faces faces_;
  SparseRows weights_;
  std::map<std::string, std::vector<int>> groups_;               // "body" and the joint cubes
  // Per SMPL joint:
  std::vector<std::vector<int>> joint_vertices_{SmplLayout().joints.size()};  // whose mean each joint is
  mutable std::map<std::string, Target> targets_;
};

}  // namespace gyre
