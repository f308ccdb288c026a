// SPDX-License-Identifier: Apache-2.0
#include <tiny_gltf.h>

#include <Eigen/Geometry>
#include <algorithm>
#include <array>
#include <cstring>
#include <sstream>

#include "core/error.h"
#include "core/file.h"
#include "core/so3.h"
#include "loop/animation/writers.h"

namespace gyre {
namespace {

constexpr int kInfluences = 4;  // of a vertex, as all viewers read them

// What all accessors look into: one buffer, a view each.
class Buffer {
 public:
  explicit Buffer(tinygltf::Model* model) : model_(*model) { model_.buffers.emplace_back(); }

  // Returns the accessor's position. `target`: 0, or what a vertex buffer is used for.
  template <typename T>
  int Add(const std::vector<T>& values, int component, int type, size_t per_element, int target) {
    std::vector<unsigned char>& data = model_.buffers[0].data;
    data.resize((data.size() + 3) / 4 * 4);
    tinygltf::BufferView view;
    view.buffer = 0;
    view.byteOffset = data.size();
    view.byteLength = values.size() * sizeof(T);
    view.target = target;
    data.resize(data.size() + view.byteLength);
    std::memcpy(data.data() + view.byteOffset, values.data(), view.byteLength);
    tinygltf::Accessor accessor;
    accessor.bufferView = static_cast<int>(model_.bufferViews.size());
    accessor.componentType = component;
    accessor.type = type;
    accessor.count = values.size() / per_element;
    model_.bufferViews.push_back(std::move(view));
    model_.accessors.push_back(std::move(accessor));
    return static_cast<int>(model_.accessors.size()) - 1;
  }
  int AddFloats(const std::vector<float>& values, int type, size_t per_element, int target = 0) {
    return Add(values, TINYGLTF_COMPONENT_TYPE_FLOAT, type, per_element, target);
  }
  // The least and the largest of each of an element's numbers, which glTF asks for in places.
  void SetRange(int accessor, const std::vector<float>& values, size_t per_element) {
    tinygltf::Accessor& a = model_.accessors[static_cast<size_t>(accessor)];
    a.minValues.assign(values.begin(), values.begin() + static_cast<ptrdiff_t>(per_element));
    a.maxValues = a.minValues;
    for (size_t i = 0; i < values.size(); ++i) {
      double &low = a.minValues[i % per_element], &high = a.maxValues[i % per_element];
      low = std::min(low, static_cast<double>(values[i]));
      high = std::max(high, static_cast<double>(values[i]));
    }
  }

 private:
  tinygltf::Model& model_;
};

std::vector<float> Floats(const Points3& points) {
  std::vector<float> values;
  for (const auto& row : points.rowwise()) {
    for (const double x : row) values.push_back(static_cast<float>(x));
  }
  return values;
}

Points3 Normals(const Points3& vertices, const Faces& faces) {
  Points3 normals = Points3::Zero(vertices.rows(), 3);
  for (const auto& face : faces.rowwise()) {
    const Vec3 a = vertices.row(face[0]), b = vertices.row(face[1]), c = vertices.row(face[2]);
    const Vec3 normal = (b - a).cross(c - a);  // as long as the face is large
    for (const int v : face) normals.row(v) += normal.transpose();
  }
  for (Eigen::Index v = 0; v < normals.rows(); ++v) {
    const double length = normals.row(v).norm();
    if (length > 0) {
      normals.row(v) /= length;
    } else {
      normals.row(v) = Vec3::UnitY().transpose();  // of no face
    }
  }
  return normals;
}

struct Influence {
  double weight;
  uint8_t joint;
};

// The strongest influences of every vertex, their weights made to sum to 1.
void StrongestInfluences(const BodyModel& body, std::vector<uint8_t>* joints,
                         std::vector<float>* weights) {
  for (int v = 0; v < body.num_vertices(); ++v) {
    std::vector<Influence> all;
    for (SparseRows::InnerIterator it(body.weights, v); it; ++it) {
      if (it.value() > 0) all.push_back({it.value(), static_cast<uint8_t>(it.col())});
    }
    std::ranges::stable_sort(all, std::ranges::greater(), &Influence::weight);
    all.resize(kInfluences, {0, 0});
    double sum = 0;
    for (const Influence& influence : all) sum += influence.weight;
    for (const Influence& influence : all) {
      joints->push_back(influence.weight > 0 ? influence.joint : 0);
      weights->push_back(static_cast<float>(influence.weight / sum));
    }
  }
}

class GlbWriter {
 public:
  GlbWriter(const BodyModel& body, double fps)
      : body_(body), rest_(body), fps_(fps), buffer_(&model_) {
    model_.asset.version = "2.0";
    model_.asset.generator = "gyre";
    model_.scenes.emplace_back();
    model_.defaultScene = 0;
    tinygltf::Material material;
    material.name = "skin";
    material.pbrMetallicRoughness.baseColorFactor = {0.75, 0.77, 0.80, 1};
    material.pbrMetallicRoughness.metallicFactor = 0;
    material.pbrMetallicRoughness.roughnessFactor = 0.8;
    model_.materials.push_back(std::move(material));
    model_.animations.emplace_back().name = "motion";
    std::vector<uint8_t> joints;
    std::vector<float> weights;
    StrongestInfluences(body, &joints, &weights);
    joints_ = buffer_.Add(joints, TINYGLTF_COMPONENT_TYPE_UNSIGNED_BYTE, TINYGLTF_TYPE_VEC4, 4,
                          TINYGLTF_TARGET_ARRAY_BUFFER);
    weights_ = buffer_.AddFloats(weights, TINYGLTF_TYPE_VEC4, 4, TINYGLTF_TARGET_ARRAY_BUFFER);
    std::vector<uint32_t> corners;
    for (const auto& face : body.faces.rowwise()) {
      for (const int v : face) corners.push_back(static_cast<uint32_t>(v));
    }
    corners_ = buffer_.Add(corners, TINYGLTF_COMPONENT_TYPE_UNSIGNED_INT, TINYGLTF_TYPE_SCALAR, 1,
                           TINYGLTF_TARGET_ELEMENT_ARRAY_BUFFER);
  }

  void Add(const AnimatedPerson& person) {
    const Points3 joints = rest_.At(person.params[0].shape());
    const int first = AddSkeleton(person.name, joints);
    AddSkin(person, joints, first);
    AddMotion(person, first);
  }

  std::string Bytes() {
    std::ostringstream out;
    tinygltf::TinyGLTF writer;
    GYRE_CHECK(writer.WriteGltfSceneToStream(&model_, out, /*prettyPrint=*/false,
                                             /*writeBinary=*/true));
    return out.str();
  }

 private:
  // The joints' nodes, the root's in the scene. Returns the root's position.
  int AddSkeleton(const std::string& name, const Points3& joints) {
    const int first = static_cast<int>(model_.nodes.size());
    for (int k = 0; k < body_.num_joints(); ++k) {
      const int parent = body_.parents()[static_cast<size_t>(k)];
      tinygltf::Node node;
      node.name = name + " " + body_.layout->joints[static_cast<size_t>(k)];
      const Vec3 offset =
          parent < 0 ? Vec3(joints.row(k)) : Vec3(joints.row(k) - joints.row(parent));
      node.translation = {offset.x(), offset.y(), offset.z()};
      model_.nodes.push_back(std::move(node));
      if (parent >= 0)
        model_.nodes[static_cast<size_t>(first + parent)].children.push_back(first + k);
    }
    model_.scenes[0].nodes.push_back(first);
    return first;
  }

  void AddSkin(const AnimatedPerson& person, const Points3& joints, int first) {
    Points3 vertices = body_.v_template;
    Eigen::Map<VecX>(vertices.data(), vertices.size()) +=
        body_.shapedirs * person.params[0].shape();
    const std::vector<float> positions = Floats(vertices);
    tinygltf::Primitive skin;
    skin.mode = TINYGLTF_MODE_TRIANGLES;
    skin.material = 0;
    skin.indices = corners_;
    const int position =
        buffer_.AddFloats(positions, TINYGLTF_TYPE_VEC3, 3, TINYGLTF_TARGET_ARRAY_BUFFER);
    buffer_.SetRange(position, positions, 3);
    skin.attributes = {
        {"POSITION", position},
        {"NORMAL", buffer_.AddFloats(Floats(Normals(vertices, body_.faces)), TINYGLTF_TYPE_VEC3, 3,
                                     TINYGLTF_TARGET_ARRAY_BUFFER)},
        {"JOINTS_0", joints_},
        {"WEIGHTS_0", weights_}};
    tinygltf::Mesh mesh;
    mesh.name = person.name;
    mesh.primitives.push_back(std::move(skin));

    std::vector<float> inverse_bind;  // column by column
    tinygltf::Skin bones;
    for (int k = 0; k < body_.num_joints(); ++k) {
      Eigen::Matrix4f from_world = Eigen::Matrix4f::Identity();
      from_world.topRightCorner<3, 1>() = -joints.row(k).transpose().cast<float>();
      inverse_bind.insert(inverse_bind.end(), from_world.data(), from_world.data() + 16);
      bones.joints.push_back(first + k);
    }
    bones.skeleton = first;
    bones.inverseBindMatrices = buffer_.AddFloats(inverse_bind, TINYGLTF_TYPE_MAT4, 16);
    tinygltf::Node node;
    node.name = person.name;
    node.mesh = static_cast<int>(model_.meshes.size());
    node.skin = static_cast<int>(model_.skins.size());
    model_.meshes.push_back(std::move(mesh));
    model_.skins.push_back(std::move(bones));
    model_.scenes[0].nodes.push_back(static_cast<int>(model_.nodes.size()));
    model_.nodes.push_back(std::move(node));
  }

  void AddChannel(int node, const char* path, int times, int values) {
    tinygltf::Animation& motion = model_.animations[0];
    tinygltf::AnimationSampler sampler;
    sampler.input = times;
    sampler.output = values;
    sampler.interpolation = "LINEAR";
    tinygltf::AnimationChannel channel;
    channel.sampler = static_cast<int>(motion.samplers.size());
    channel.target_node = node;
    channel.target_path = path;
    motion.samplers.push_back(std::move(sampler));
    motion.channels.push_back(std::move(channel));
  }

  void AddMotion(const AnimatedPerson& person, int first) {
    std::vector<float> seconds, places;
    for (size_t i = 0; i < person.frames.size(); ++i) {
      seconds.push_back(static_cast<float>(static_cast<double>(person.frames[i]) / fps_));
      const BodyParams& params = person.params[i];
      const Vec3 pelvis = rest_.PelvisAt(params.shape()) + params.transl();
      for (const double x : pelvis) places.push_back(static_cast<float>(x));
    }
    const int times = buffer_.AddFloats(seconds, TINYGLTF_TYPE_SCALAR, 1);
    buffer_.SetRange(times, seconds, 1);
    AddChannel(first, "translation", times, buffer_.AddFloats(places, TINYGLTF_TYPE_VEC3, 3));
    for (int k = 0; k < body_.num_joints(); ++k) {
      std::vector<float> turns;
      Eigen::Quaterniond last = Eigen::Quaterniond::Identity();
      for (const BodyParams& params : person.params) {
        Eigen::Quaterniond q(ExpSO3(params.rotation(k)));
        if (q.dot(last) < 0) q.coeffs() = -q.coeffs();  // the near one of the two that are the same
        last = q;
        for (const double x : {q.x(), q.y(), q.z(), q.w()}) turns.push_back(static_cast<float>(x));
      }
      AddChannel(first + k, "rotation", times, buffer_.AddFloats(turns, TINYGLTF_TYPE_VEC4, 4));
    }
  }

  const BodyModel& body_;
  RestJoints rest_;
  double fps_;
  tinygltf::Model model_;
  Buffer buffer_;
  int joints_ = -1, weights_ = -1, corners_ = -1;
};

}  // namespace

void WriteGlb(const std::filesystem::path& path, const BodyModel& body, const Animation& animation,
              double fps) {
  GlbWriter writer(body, fps);
  for (const AnimatedPerson& person : animation.people) writer.Add(person);
  WriteFileAtomically(path, writer.Bytes());
}

}  // namespace gyre
