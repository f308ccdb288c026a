// SPDX-License-Identifier: Apache-2.0
// What gyre reads from MakeHuman's data folders (see makehuman.h). Vertices are the base mesh's,
// with its helper geometry; lengths in metres.
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "body/body_model.h"
#include "body/makehuman_rig.h"

namespace gyre {

class MakeHumanData {
 public:
  // Reads mesh, groups and rig. What `folder` lacks is looked for in `extra`; empty: in the folder
  // beside it whose name has "_extra" at its end. UserError names the file at fault.
  explicit MakeHumanData(const std::filesystem::path& folder,
                         const MakeHumanRig& rig = MakeHumanRigOf(MakeHumanLayout::kSmpl),
                         const std::filesystem::path& extra = {});

  const MakeHumanRig& rig() const { return rig_; }
  const Points3& base() const { return base_; }           // [V_base,3]
  const std::vector<int>& body() const { return body_; }  // base vertices of the body, ascending
  const Faces& faces() const { return faces_; }           // of the body, in its own numbering
  const SparseRows& weights() const { return weights_; }  // [V_body,J], the rig's bones merged

  // The body's vertices among those of the base mesh. [V_body,3]
  Points3 BodyOf(const Points3& vertices) const;
  // The centre of a joint cube, "joint-l-knee".
  Vec3 CubeCenter(const Points3& vertices, const std::string& cube) const;
  // The layout's joints of these base vertices (as the base mesh stands), after the rig's
  // definitions. [J,3]
  Points3 Joints(const Points3& vertices) const;

  // Adds `weight` times a target, named as below targets/macrodetails without ".target.gz".
  void AddTarget(const std::string& target, double weight, Points3* vertices) const;
  // The same of an expression unit ("mouth-open"): the mean of those of MakeHuman's three faces.
  void AddUnit(const std::string& unit, double weight, Points3* vertices) const;

 private:
  struct Target {
    std::vector<int> vertices;
    Points3 offsets;
  };
  std::filesystem::path Find(const std::filesystem::path& file) const;
  void CheckExtra() const;
  void ReadGroups();
  void ReadMesh();
  void ReadRig();
  void ReadCmuRig();
  void ReadSkeleton();
  const std::vector<int>& Group(const std::string& name, const std::string& what) const;
  void ReadWeights();
  void GiveEyes(RowMatX* weights) const;
  void Add(const std::string& target, double weight, Points3* vertices) const;
  const Target& ReadTarget(const std::string& target) const;

  std::filesystem::path folder_, extra_;
  const MakeHumanRig& rig_;
  Points3 base_;
  std::vector<int> body_;
  Faces faces_;
  SparseRows weights_;
  std::map<std::string, std::vector<int>> groups_;  // of the skin, and the joint cubes
  std::vector<std::vector<int>> joint_vertices_;    // of each joint: whose mean it is
  std::vector<std::pair<std::string, int>> bones_;  // and the joint that each moves with
  mutable std::map<std::string, Target> targets_;
};

}  // namespace gyre
