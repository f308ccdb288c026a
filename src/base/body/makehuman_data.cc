// SPDX-License-Identifier: Apache-2.0
#include "body/makehuman_data.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "body/skin_weights.h"
#include "core/error.h"
#include "core/file.h"
#include "io/gzip.h"
#include "io/json.h"
#include "io/mesh.h"

namespace gyre {
namespace {

using Json = nlohmann::json;

constexpr double kMetresPerUnit = 0.1;  // MakeHuman's unit is a decimetre
constexpr uint64_t kMaxTextBytes = uint64_t{64} << 20;
constexpr int kMaxBaseVertices = 200'000;
constexpr int kDiffusions = 3;  // smooth the rig's steps across elbows and knees

// The rig's bone whose head is each of SMPL's joints (empty: see Joints()), and those besides it
// whose skin moves with that joint. "L" stands for "Left", the right side follows.
struct BoneRule {
  int joint;
  const char* head;
  std::vector<const char*> others;
};
const std::vector<BoneRule>& BoneRules() {
  static const std::vector<BoneRule> kRules = {
      {0, "Hips", {"LHipJoint", "RHipJoint"}},
      {1, "LeftUpLeg", {}},
      {2, "RightUpLeg", {}},
      {3, "LowerBack", {}},
      {4, "LeftLeg", {}},
      {5, "RightLeg", {}},
      {6, "Spine", {}},
      {7, "LeftFoot", {}},
      {8, "RightFoot", {}},
      {9, "Spine1", {}},
      {10, "LeftToeBase", {}},
      {11, "RightToeBase", {}},
      {12, "Neck", {"Neck1"}},
      {13, "LeftShoulder", {}},
      {14, "RightShoulder", {}},
      {15, "Head", {}},
      {16, "LeftArm", {}},
      {17, "RightArm", {}},
      {18, "LeftForeArm", {}},
      {19, "RightForeArm", {}},
      {20, "LeftHand", {"LThumb", "LeftFingerBase"}},
      {21, "RightHand", {"RThumb", "RightFingerBase"}},
      {22, "LeftHandFinger1", {}},
      {23, "RightHandFinger1", {}},
  };
  return kRules;
}

// The knuckles between which SMPL's hand joint lies; the rig's finger bone starts at the index's.
const char* const kKnuckles[2][2] = {{"joint-l-finger-3-1", "joint-l-finger-4-1"},
                                     {"joint-r-finger-3-1", "joint-r-finger-4-1"}};

Json ReadJson(const std::filesystem::path& path) {
  return ParseJson(ReadFile(path, kMaxTextBytes), path.string());
}

int VertexIndex(const Json& value, int64_t limit, const std::string& what) {
  if (!value.is_number_integer() || value.get<int64_t>() < 0 || value.get<int64_t>() >= limit) {
    ThrowUserError("{}: vertex {} was expected to be an integer from 0 to {}.", what, value.dump(),
                   limit - 1);
  }
  return value.get<int>();
}

// Inclusive ranges [[first, last], ...].
std::vector<int> ReadRanges(const Json& ranges, int64_t limit, const std::string& what) {
  std::vector<int> vertices;
  if (!ranges.is_array()) ThrowUserError("{}: a list of [first, last] was expected.", what);
  for (const Json& range : ranges) {
    if (!range.is_array() || range.size() != 2) {
      ThrowUserError("{}: [first, last] was expected and {} found.", what, range.dump());
    }
    const int first = VertexIndex(range[0], limit, what);
    const int last = VertexIndex(range[1], limit, what);
    if (last < first || static_cast<int64_t>(vertices.size()) + last - first >= limit) {
      ThrowUserError("{}: range {} is empty or overlaps another.", what, range.dump());
    }
    for (int v = first; v <= last; ++v) vertices.push_back(v);
  }
  if (vertices.empty()) ThrowUserError("{}: the group is empty.", what);
  std::sort(vertices.begin(), vertices.end());
  vertices.erase(std::unique(vertices.begin(), vertices.end()), vertices.end());
  return vertices;
}

Vec3 Mean(const Points3& vertices, const std::vector<int>& members) {
  Vec3 sum = Vec3::Zero();
  for (int v : members) sum += vertices.row(v).transpose();
  return sum / static_cast<double>(members.size());
}

// Takes the next number off a line.
template <typename T>
bool TakeNumber(std::string_view* line, T* value) {
  line->remove_prefix(std::min(line->find_first_not_of(" \t"), line->size()));
  const auto [end, error] = std::from_chars(line->data(), line->data() + line->size(), *value);
  if (error != std::errc()) return false;
  line->remove_prefix(end - line->data());
  return true;
}

}  // namespace

MakeHumanData::MakeHumanData(const std::filesystem::path& folder) : folder_(folder) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored)) {
    ThrowUserError(
        "{}: no such folder; MakeHuman's data folder (as in MPFB2: 3dobjs, mesh_metadata, rigs, "
        "targets) was expected.",
        folder.string());
  }
  ReadMesh();
  ReadRig();
  ReadWeights();
}

void MakeHumanData::ReadMesh() {
  const std::filesystem::path path = folder_ / "3dobjs" / "base.obj";
  const ObjMesh mesh = ReadObj(path);
  if (mesh.vertices.rows() == 0 || mesh.vertices.rows() > kMaxBaseVertices) {
    ThrowUserError("{}: has {} vertices where 1 to {} were expected.", path.string(),
                   mesh.vertices.rows(), kMaxBaseVertices);
  }
  base_ = kMetresPerUnit * mesh.vertices;
  ReadGroups();

  std::vector<int> body_index(base_.rows(), -1);
  for (size_t i = 0; i < body_.size(); ++i) body_index[body_[i]] = static_cast<int>(i);
  const Faces triangles = mesh.Triangles();
  std::vector<int> kept;
  for (int f = 0; f < triangles.rows(); ++f) {
    const bool inside = std::all_of(triangles.row(f).begin(), triangles.row(f).end(),
                                    [&](int v) { return body_index[v] >= 0; });
    if (inside) kept.push_back(f);
  }
  if (kept.empty()) ThrowUserError("{}: no face lies on the group 'body'.", path.string());
  faces_.resize(kept.size(), 3);
  for (size_t f = 0; f < kept.size(); ++f) {
    for (int i = 0; i < 3; ++i) faces_(f, i) = body_index[triangles(kept[f], i)];
  }
}

void MakeHumanData::ReadGroups() {
  const std::filesystem::path path = folder_ / "mesh_metadata" / "basemesh_vertex_groups.json";
  const Json groups = ReadJson(path);
  if (!groups.is_object()) ThrowUserError("{}: an object of groups was expected.", path.string());
  for (const auto& [name, ranges] : groups.items()) {
    if (name != "body" && !name.starts_with("joint-")) continue;
    groups_[name] = ReadRanges(ranges, base_.rows(), path.string() + ", " + name);
  }
  const auto body = groups_.find("body");
  if (body == groups_.end()) ThrowUserError("{}: has no group 'body'.", path.string());
  body_ = body->second;
}

void MakeHumanData::ReadRig() {
  const std::filesystem::path path = folder_ / "rigs" / "standard" / "rig.cmu_mb.json";
  const Json rig = ReadJson(path);
  for (const BoneRule& rule : BoneRules()) {
    std::vector<int>& members = joint_vertices_[rule.joint];
    if (rule.joint >= 22) {
      for (const char* cube : kKnuckles[rule.joint - 22]) {
        const auto group = groups_.find(cube);
        if (group == groups_.end()) ThrowUserError("{}: has no group '{}'.", path.string(), cube);
        members.insert(members.end(), group->second.begin(), group->second.end());
      }
      continue;
    }
    const std::string what = path.string() + ", bone " + rule.head;
    const Json& head = JsonField(JsonField(rig, rule.head, what), "head", what);
    const std::string& strategy = JsonString(head, "strategy", what);
    if (strategy == "CUBE") {
      const std::string& cube = JsonString(head, "cube_name", what);
      const auto group = groups_.find(cube);
      if (group == groups_.end()) ThrowUserError("{}: there is no group '{}'.", what, cube);
      members = group->second;
    } else if (strategy == "MEAN") {
      for (const Json& v : JsonArray(head, "vertex_indices", what)) {
        members.push_back(VertexIndex(v, base_.rows(), what));
      }
      if (members.empty()) ThrowUserError("{}: vertex_indices is empty.", what);
    } else {
      ThrowUserError("{}: strategy '{}' is not known; CUBE or MEAN was expected.", what, strategy);
    }
  }
}

void MakeHumanData::ReadWeights() {
  const std::filesystem::path path = folder_ / "rigs" / "standard" / "weights.cmu_mb.json";
  const Json file = ReadJson(path);
  const Json& bones = JsonField(file, "weights", path.string());
  std::vector<int> body_index(base_.rows(), -1);
  for (size_t i = 0; i < body_.size(); ++i) body_index[body_[i]] = static_cast<int>(i);
  RowMatX dense = RowMatX::Zero(body_.size(), joint_vertices_.size());
  for (const BoneRule& rule : BoneRules()) {
    std::vector<const char*> names = rule.others;
    names.push_back(rule.head);
    for (const char* name : names) {
      const std::string what = path.string() + ", " + name;
      for (const Json& entry : JsonArray(bones, name, path.string())) {
        if (!entry.is_array() || entry.size() != 2 || !entry[1].is_number()) {
          ThrowUserError("{}: [vertex, weight] was expected and {} found.", what, entry.dump());
        }
        const int v = VertexIndex(entry[0], base_.rows(), what);
        const double weight = entry[1].get<double>();
        if (!(weight >= 0 && weight <= 1)) {
          ThrowUserError("{}: vertex {} has weight {}; 0 to 1 was expected.", what, v, weight);
        }
        if (body_index[v] >= 0) dense(body_index[v], rule.joint) += weight;
      }
    }
  }
  for (int i = 0; i < dense.rows(); ++i) {
    const double sum = dense.row(i).sum();
    if (sum <= 0) ThrowUserError("{}: no bone moves vertex {}.", path.string(), body_[i]);
    dense.row(i) /= sum;
  }
  weights_ = DiffuseWeights(std::move(dense), faces_, kDiffusions);
}

Vec3 MakeHumanData::CubeCenter(const Points3& vertices, const std::string& cube) const {
  const auto group = groups_.find(cube);
  if (group == groups_.end()) {
    ThrowUserError("{}: has no group '{}'.",
                   (folder_ / "mesh_metadata" / "basemesh_vertex_groups.json").string(), cube);
  }
  return Mean(vertices, group->second);
}

Points3 MakeHumanData::Joints(const Points3& vertices) const {
  Points3 joints(joint_vertices_.size(), 3);
  for (size_t k = 0; k < joint_vertices_.size(); ++k) joints.row(k) = Mean(vertices, joint_vertices_[k]);
  return joints;
}

void MakeHumanData::AddTarget(const std::string& target, double weight, Points3* vertices) const {
  if (weight == 0) return;
  const Target& read = ReadTarget(target);
  for (size_t i = 0; i < read.vertices.size(); ++i) {
    vertices->row(read.vertices[i]) += weight * read.offsets.row(i);
  }
}

const MakeHumanData::Target& MakeHumanData::ReadTarget(const std::string& name) const {
  const auto known = targets_.find(name);
  if (known != targets_.end()) return known->second;

  const std::filesystem::path path = folder_ / "targets" / "macrodetails" / (name + ".target.gz");
  const std::string text = ReadGzip(path, kMaxTextBytes);
  Target target;
  std::vector<double> offsets;
  std::string_view rest = text;
  for (int number = 1; !rest.empty(); ++number) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos || line.front() == '#') continue;
    int vertex = 0;
    double xyz[3];
    const bool read = TakeNumber(&line, &vertex) && TakeNumber(&line, &xyz[0]) &&
                      TakeNumber(&line, &xyz[1]) && TakeNumber(&line, &xyz[2]);
    if (!read || vertex < 0 || vertex >= base_.rows() || !std::isfinite(xyz[0] + xyz[1] + xyz[2])) {
      ThrowUserError("{}: line {} is not 'vertex dx dy dz' with a vertex below {}.", path.string(),
                     number, base_.rows());
    }
    target.vertices.push_back(vertex);
    offsets.insert(offsets.end(), xyz, xyz + 3);
  }
  target.offsets =
      kMetresPerUnit *
      Eigen::Map<const Points3>(offsets.data(), static_cast<int>(target.vertices.size()), 3);
  return targets_.emplace(name, std::move(target)).first->second;
}

}  // namespace gyre
