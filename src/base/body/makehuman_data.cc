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
constexpr const char* kSkeletonFile = "rigs/default.mhskel";
constexpr const char* kSkeletonWeightsFile = "rigs/default_weights.mhw";

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

std::vector<int> ReadVertices(const Json& list, int64_t limit, const std::string& what) {
  std::vector<int> vertices;
  for (const Json& v : list) vertices.push_back(VertexIndex(v, limit, what));
  if (vertices.empty()) ThrowUserError("{}: names no vertex.", what);
  return vertices;
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

MakeHumanData::MakeHumanData(const std::filesystem::path& folder, const MakeHumanRig& rig,
                             const std::filesystem::path& extra)
    : folder_(folder), extra_(extra), rig_(rig), joint_vertices_(rig.layout->num_joints()) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored)) {
    ThrowUserError(
        "{}: no such folder; MakeHuman's data folder (as in MPFB2: 3dobjs, mesh_metadata, rigs, "
        "targets) was expected.",
        folder.string());
  }
  if (extra_.empty()) {
    const std::filesystem::path plain = (folder / "").lexically_normal().parent_path();
    extra_ = plain.string() + "_extra";
  }
  CheckExtra();
  ReadMesh();
  ReadRig();
  ReadWeights();
}

std::filesystem::path MakeHumanData::Find(const std::filesystem::path& file) const {
  std::error_code ignored;
  const bool only_extra = !std::filesystem::exists(folder_ / file, ignored) &&
                          std::filesystem::exists(extra_ / file, ignored);
  return (only_extra ? extra_ : folder_) / file;
}

void MakeHumanData::CheckExtra() const {
  if (!rig_.is_default) return;
  for (const std::filesystem::path file :
       {kSkeletonFile, kSkeletonWeightsFile, "targets/expression/units"}) {
    std::error_code ignored;
    if (std::filesystem::exists(Find(file), ignored)) continue;
    ThrowUserError(
        "{}: is not there, nor {}; give the data folder of MakeHuman itself, which has the "
        "skeleton "
        "with fingers and the expressions, with --extra.",
        (folder_ / file).string(), (extra_ / file).string());
  }
}

void MakeHumanData::ReadMesh() {
  const std::filesystem::path path = Find("3dobjs/base.obj");
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
  const std::filesystem::path path = Find("mesh_metadata/basemesh_vertex_groups.json");
  const Json groups = ReadJson(path);
  if (!groups.is_object()) ThrowUserError("{}: an object of groups was expected.", path.string());
  const std::vector<std::string>& skin = rig_.body_groups;
  for (const auto& [name, ranges] : groups.items()) {
    if (std::ranges::find(skin, name) == skin.end() && !name.starts_with("joint-")) continue;
    groups_[name] = ReadRanges(ranges, base_.rows(), path.string() + ", " + name);
  }
  for (const std::string& name : skin) {
    const std::vector<int>& members = Group(name, path.string());
    body_.insert(body_.end(), members.begin(), members.end());
  }
  std::sort(body_.begin(), body_.end());
  body_.erase(std::unique(body_.begin(), body_.end()), body_.end());
}

const std::vector<int>& MakeHumanData::Group(const std::string& name,
                                             const std::string& what) const {
  const auto group = groups_.find(name);
  if (group == groups_.end()) ThrowUserError("{}: has no group '{}'.", what, name);
  return group->second;
}

void MakeHumanData::ReadRig() {
  for (size_t k = 0; k < rig_.rules.size(); ++k) {
    for (const std::string& cube : rig_.rules[k].cubes) {
      const std::vector<int>& members =
          Group(cube, Find("mesh_metadata/basemesh_vertex_groups.json").string());
      joint_vertices_[k].insert(joint_vertices_[k].end(), members.begin(), members.end());
    }
    for (const std::string& bone : rig_.rules[k].bones) {
      bones_.emplace_back(bone, static_cast<int>(k));
    }
  }
  rig_.is_default ? ReadSkeleton() : ReadCmuRig();
}

// MPFB2's form: where a bone starts is a joint cube, or the mean of vertices.
void MakeHumanData::ReadCmuRig() {
  const std::filesystem::path path = Find("rigs/standard/rig.cmu_mb.json");
  const Json rig = ReadJson(path);
  for (size_t k = 0; k < rig_.rules.size(); ++k) {
    const std::string& bone = rig_.rules[k].head;
    if (bone.empty()) continue;
    std::vector<int>& members = joint_vertices_[k];
    const std::string what = path.string() + ", bone " + bone;
    const Json& head = JsonField(JsonField(rig, bone, what), "head", what);
    const std::string& strategy = JsonString(head, "strategy", what);
    if (strategy == "CUBE") {
      members = Group(JsonString(head, "cube_name", what), what);
    } else if (strategy == "MEAN") {
      members = ReadVertices(JsonArray(head, "vertex_indices", what), base_.rows(), what);
    } else {
      ThrowUserError("{}: strategy '{}' is not known; CUBE or MEAN was expected.", what, strategy);
    }
  }
}

// MakeHuman's own form: bones name the joints where they start, joints are means of vertices. A
// bone that no rule names moves with the nearest one above it that a rule names.
void MakeHumanData::ReadSkeleton() {
  const std::filesystem::path path = Find(kSkeletonFile);
  const Json skeleton = ReadJson(path);
  const Json& bones = JsonField(skeleton, "bones", path.string());
  const Json& joints = JsonField(skeleton, "joints", path.string());
  for (size_t k = 0; k < rig_.rules.size(); ++k) {
    const std::string what = path.string() + ", bone " + rig_.rules[k].head;
    const std::string& head = JsonString(JsonField(bones, rig_.rules[k].head, what), "head", what);
    joint_vertices_[k] = ReadVertices(JsonArray(joints, head, path.string()), base_.rows(),
                                      path.string() + ", " + head);
  }
  const std::map<std::string, int> named(bones_.begin(), bones_.end());
  for (const auto& [name, bone] : bones.items()) {
    if (named.contains(name)) continue;
    const std::string what = path.string() + ", bone " + name;
    std::string above = name;
    for (size_t depth = 0; !named.contains(above); ++depth) {
      const Json& parent = JsonField(JsonField(bones, above, what), "parent", what);
      if (!parent.is_string() || depth > bones.size()) {
        ThrowUserError("{}: hangs on no bone of the body.", what);
      }
      above = parent.get<std::string>();
    }
    bones_.emplace_back(name, named.at(above));
  }
}

void MakeHumanData::ReadWeights() {
  const std::filesystem::path path =
      Find(rig_.is_default ? kSkeletonWeightsFile : "rigs/standard/weights.cmu_mb.json");
  const Json file = ReadJson(path);
  const Json& bones = JsonField(file, "weights", path.string());
  std::vector<int> body_index(base_.rows(), -1);
  for (size_t i = 0; i < body_.size(); ++i) body_index[body_[i]] = static_cast<int>(i);
  RowMatX dense = RowMatX::Zero(body_.size(), joint_vertices_.size());
  for (const auto& [name, joint] : bones_) {
    // Of the default skeleton's bones some move no skin.
    if (rig_.is_default && bones.is_object() && !bones.contains(name)) continue;
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
      if (body_index[v] >= 0) dense(body_index[v], joint) += weight;
    }
  }
  GiveEyes(&dense);
  for (int i = 0; i < dense.rows(); ++i) {
    const double sum = dense.row(i).sum();
    if (sum <= 0) ThrowUserError("{}: no bone moves vertex {}.", path.string(), body_[i]);
    dense.row(i) /= sum;
  }
  weights_ = DiffuseWeights(std::move(dense), faces_, kDiffusions);
}

// Eyeballs turn with the eyes alone, and lids with the head.
void MakeHumanData::GiveEyes(RowMatX* weights) const {
  const int head = rig_.layout->IndexOf("Head");
  for (const auto& [joint, group] :
       {std::pair{"L_Eye", "helper-l-eye"}, {"R_Eye", "helper-r-eye"}}) {
    const int eye = rig_.layout->IndexOf(joint);
    if (eye < 0) continue;
    const std::vector<int>& ball = groups_.at(group);
    for (size_t i = 0; i < body_.size(); ++i) {
      auto row = weights->row(static_cast<Eigen::Index>(i));
      if (std::binary_search(ball.begin(), ball.end(), body_[i])) {
        row.setZero();
        row[eye] = 1;
      } else {
        row[head] += row[eye];
        row[eye] = 0;
      }
    }
  }
}

Points3 MakeHumanData::BodyOf(const Points3& vertices) const { return vertices(body_, Eigen::all); }

Vec3 MakeHumanData::CubeCenter(const Points3& vertices, const std::string& cube) const {
  return Mean(vertices, Group(cube, Find("mesh_metadata/basemesh_vertex_groups.json").string()));
}

Points3 MakeHumanData::Joints(const Points3& vertices) const {
  Points3 joints(joint_vertices_.size(), 3);
  for (size_t k = 0; k < joint_vertices_.size(); ++k) {
    joints.row(static_cast<Eigen::Index>(k)) = Mean(vertices, joint_vertices_[k]);
  }
  return joints;
}

void MakeHumanData::AddTarget(const std::string& target, double weight, Points3* vertices) const {
  Add("macrodetails/" + target, weight, vertices);
}

void MakeHumanData::AddUnit(const std::string& unit, double weight, Points3* vertices) const {
  for (const char* face : {"african", "asian", "caucasian"}) {
    Add(fmt::format("expression/units/{}/{}", face, unit), weight / 3, vertices);
  }
}

void MakeHumanData::Add(const std::string& target, double weight, Points3* vertices) const {
  if (weight == 0) return;
  const Target& read = ReadTarget(target);
  for (size_t i = 0; i < read.vertices.size(); ++i) {
    vertices->row(read.vertices[i]) += weight * read.offsets.row(i);
  }
}

const MakeHumanData::Target& MakeHumanData::ReadTarget(const std::string& name) const {
  const auto known = targets_.find(name);
  if (known != targets_.end()) return known->second;

  std::filesystem::path path = Find("targets/" + name + ".target.gz");
  std::error_code ignored;
  const std::filesystem::path plain =
      Find("targets/" + name + ".target");  // as in MakeHuman itself
  const bool is_plain =
      !std::filesystem::exists(path, ignored) && std::filesystem::exists(plain, ignored);
  if (is_plain) path = plain;
  const std::string text = is_plain ? ReadFile(path, kMaxTextBytes) : ReadGzip(path, kMaxTextBytes);
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
