// SPDX-License-Identifier: Apache-2.0
#include "body/mesh_collision.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "core/error.h"

namespace gyre {
namespace {

constexpr int kLeafFaces = 4;

bool IsSeparating(const Vec3& axis, const Triangle& a, const Triangle& b) {
  const Vec3 of_a = a * axis, of_b = b * axis;
  return of_a.maxCoeff() < of_b.minCoeff() || of_b.maxCoeff() < of_a.minCoeff();
}

std::array<Vec3, 3> EdgesOf(const Triangle& t) {
  return {(t.row(1) - t.row(0)).transpose(), (t.row(2) - t.row(1)).transpose(),
          (t.row(0) - t.row(2)).transpose()};
}

}  // namespace

bool TrianglesIntersect(const Triangle& a, const Triangle& b) {
  const std::array<Vec3, 3> of_a = EdgesOf(a), of_b = EdgesOf(b);
  const Vec3 normal_a = of_a[0].cross(of_a[1]), normal_b = of_b[0].cross(of_b[1]);
  if (IsSeparating(normal_a, a, b) || IsSeparating(normal_b, a, b)) return false;
  for (const Vec3& edge_a : of_a) {
    for (const Vec3& edge_b : of_b) {
      if (IsSeparating(edge_a.cross(edge_b), a, b)) return false;
    }
  }
  for (int i = 0; i < 3; ++i) {
    if (IsSeparating(of_a[i].cross(normal_a), a, b)) return false;
    if (IsSeparating(of_b[i].cross(normal_b), a, b)) return false;
  }
  return true;
}

FaceParts FacePartsOf(const BodyModel& model) {
  FaceParts parts;
  const std::vector<int>& parents = model.parents();
  std::vector<double> weights(model.num_joints());
  for (Eigen::Index face = 0; face < model.faces.rows(); ++face) {
    std::ranges::fill(weights, 0);
    for (int corner = 0; corner < 3; ++corner) {
      for (SparseRows::InnerIterator it(model.weights, model.faces(face, corner)); it; ++it) {
        weights[it.col()] += it.value();
      }
    }
    const auto most = static_cast<int>(std::ranges::max_element(weights) - weights.begin());
    parts.part.push_back(most);
    parts.parent.push_back(parents[most]);
  }
  return parts;
}

MeshCollision::MeshCollision(const Points3& rest_vertices, Faces faces, const FaceParts* parts,
                             std::span<const std::pair<int, int>> touching)
    : faces_(std::move(faces)), touching_(touching.begin(), touching.end()) {
  if (parts != nullptr) {
    GYRE_CHECK(static_cast<Eigen::Index>(parts->part.size()) == faces_.rows());
    part_ = parts->part;
    parent_ = parts->parent;
  }
  Points3 centres(faces_.rows(), 3);
  for (int face = 0; face < faces_.rows(); ++face) {
    centres.row(face) = TriangleOf(rest_vertices, face).colwise().mean();
  }
  order_.resize(faces_.rows());
  std::iota(order_.begin(), order_.end(), 0);
  if (!order_.empty()) Build(centres, 0, static_cast<int>(order_.size()));
  MarkParts();
}

// So that the search need not go where nothing counts.
void MeshCollision::MarkParts() {
  constexpr uint64_t kAll = ~uint64_t{0};
  std::vector<int> parent_of;  // by part
  for (size_t face = 0; face < part_.size(); ++face) {
    const size_t part = part_[face];
    GYRE_CHECK(part < 64);
    if (part >= parent_of.size()) parent_of.resize(part + 1, -2);
    parent_of[part] = parent_[face];
  }
  std::vector<uint64_t> counting(parent_of.size(), 0);
  for (size_t a = 0; a < parent_of.size(); ++a) {
    for (size_t b = 0; b < parent_of.size(); ++b) {
      if (parent_of[a] == -2 || parent_of[b] == -2) continue;
      const int part_a = static_cast<int>(a), part_b = static_cast<int>(b);
      if (PartsCount(part_a, parent_of[a], part_b, parent_of[b])) counting[a] |= uint64_t{1} << b;
    }
  }
  for (size_t i = nodes_.size(); i-- > 0;) {
    Node& node = nodes_[i];
    if (part_.empty()) {
      node.parts = node.counting = kAll;
    } else if (node.leaf) {
      for (int k = node.first; k < node.second; ++k) {
        node.parts |= uint64_t{1} << part_[order_[k]];
        node.counting |= counting[part_[order_[k]]];
      }
    } else {
      node.parts = nodes_[node.first].parts | nodes_[node.second].parts;
      node.counting = nodes_[node.first].counting | nodes_[node.second].counting;
    }
  }
}

Triangle MeshCollision::TriangleOf(const Points3& vertices, int face) const {
  Triangle triangle;
  for (int corner = 0; corner < 3; ++corner) {
    triangle.row(corner) = vertices.row(faces_(face, corner));
  }
  return triangle;
}

// Halves the faces along the longest side of their centres' box.
int MeshCollision::Build(const Points3& centres, int begin, int end) {
  const int node = static_cast<int>(nodes_.size());
  nodes_.push_back({begin, end, true});
  if (end - begin <= kLeafFaces) return node;
  Pose::Box box{centres.row(order_[begin]).transpose(), centres.row(order_[begin]).transpose()};
  for (int i = begin; i < end; ++i) {
    const Vec3 centre = centres.row(order_[i]).transpose();
    box.Add({centre, centre});
  }
  int axis = 0;
  (box.high - box.low).maxCoeff(&axis);
  const int middle = (begin + end) / 2;
  std::nth_element(order_.begin() + begin, order_.begin() + middle, order_.begin() + end,
                   [&](int a, int b) { return centres(a, axis) < centres(b, axis); });
  const int first = Build(centres, begin, middle);
  const int second = Build(centres, middle, end);
  nodes_[node].first = first;
  nodes_[node].second = second;
  nodes_[node].leaf = false;
  return node;
}

bool MeshCollision::Counts(int a, int b) const {
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      if (faces_(a, i) == faces_(b, j)) return false;
    }
  }
  return part_.empty() || PartsCount(part_[a], parent_[a], part_[b], parent_[b]);
}

bool MeshCollision::PartsCount(int part_a, int parent_a, int part_b, int parent_b) const {
  if (part_a == part_b || part_a == parent_b || part_b == parent_a) return false;
  return std::ranges::none_of(touching_, [&](const std::pair<int, int>& pair) {
    return pair == std::pair(part_a, part_b) || pair == std::pair(part_b, part_a);
  });
}

MeshCollision::Pose::Pose(const MeshCollision& mesh, Points3 vertices)
    : vertices_(std::move(vertices)), of_face_(mesh.faces_.rows()), of_node_(mesh.nodes_.size()) {
  for (int face = 0; face < mesh.faces_.rows(); ++face) {
    const Triangle triangle = mesh.TriangleOf(vertices_, face);
    of_face_[face] = {triangle.colwise().minCoeff().transpose(),
                      triangle.colwise().maxCoeff().transpose()};
  }
  for (size_t i = of_node_.size(); i-- > 0;) {
    const Node& node = mesh.nodes_[i];
    of_node_[i] = node.leaf ? of_face_[mesh.order_[node.first]] : of_node_[node.first];
    if (!node.leaf) of_node_[i].Add(of_node_[node.second]);
    for (int k = node.first + 1; node.leaf && k < node.second; ++k) {
      of_node_[i].Add(of_face_[mesh.order_[k]]);
    }
  }
}

// Apart along one of the box's axes or of their products with the line's.
bool MeshCollision::Pose::Box::IsCrossed(const Vec3& origin, const Vec3& axis) const {
  const Vec3 half = 0.5 * (high - low), to = 0.5 * (high + low) - origin;
  const Vec3 across = axis.cross(to).cwiseAbs(), size = axis.cwiseAbs();
  return across.x() <= half.y() * size.z() + half.z() * size.y() &&
         across.y() <= half.x() * size.z() + half.z() * size.x() &&
         across.z() <= half.x() * size.y() + half.y() * size.x();
}

std::vector<FacePair> MeshCollision::Find(const Points3& vertices) const {
  return Find(Pose(*this, vertices));
}

std::vector<FacePair> MeshCollision::Find(const Pose& pose) const {
  const Points3& vertices = pose.vertices_;
  const auto &of_face = pose.of_face_, &boxes = pose.of_node_;
  std::vector<FacePair> pairs;
  const auto try_faces = [&](int a, int b) {
    if (!of_face[a].Touches(of_face[b]) || !Counts(a, b)) return;
    if (!TrianglesIntersect(TriangleOf(vertices, a), TriangleOf(vertices, b))) return;
    pairs.push_back({std::min(a, b), std::max(a, b)});
  };
  std::vector<std::pair<int, int>> open;
  if (!nodes_.empty()) open.emplace_back(0, 0);
  while (!open.empty()) {
    const auto [a, b] = open.back();
    open.pop_back();
    const Node &at_a = nodes_[a], &at_b = nodes_[b];
    if ((at_a.counting & at_b.parts) == 0) continue;
    if (a != b && !boxes[a].Touches(boxes[b])) continue;
    if (at_a.leaf && at_b.leaf) {
      for (int i = at_a.first; i < at_a.second; ++i) {
        for (int j = a == b ? i + 1 : at_b.first; j < at_b.second; ++j) {
          try_faces(order_[i], order_[j]);
        }
      }
    } else if (a == b) {
      open.insert(
          open.end(),
          {{at_a.first, at_a.first}, {at_a.second, at_a.second}, {at_a.first, at_a.second}});
    } else if (at_b.leaf || (!at_a.leaf && a < b)) {
      open.insert(open.end(), {{at_a.first, b}, {at_a.second, b}});
    } else {
      open.insert(open.end(), {{a, at_b.first}, {a, at_b.second}});
    }
  }
  std::ranges::sort(pairs);
  return pairs;
}

// Moeller and Trumbore 1997.
void MeshCollision::Crossings(const Pose& pose, const Vec3& origin, const Vec3& axis,
                              std::vector<LineCrossing>* crossings) const {
  crossings->clear();
  const auto try_face = [&](int face) {
    if (!pose.of_face_[face].IsCrossed(origin, axis)) return;
    const Triangle triangle = TriangleOf(pose.vertices_, face);
    const Vec3 first = (triangle.row(1) - triangle.row(0)).transpose(),
               second = (triangle.row(2) - triangle.row(0)).transpose();
    const Vec3 p = axis.cross(second);
    const double det = first.dot(p);  // -normal . axis
    if (det == 0) return;
    const Vec3 from = origin - triangle.row(0).transpose();
    const double u = from.dot(p) / det;
    const Vec3 q = from.cross(first);
    const double v = axis.dot(q) / det;
    if (!(u >= 0 && v >= 0 && u + v <= 1)) return;
    crossings->push_back({second.dot(q) / det, face, Vec3(1 - u - v, u, v), det < 0});
  };
  std::array<int, 64> open;  // the hierarchy halves: its depth is far less
  int count = 0;
  if (!nodes_.empty()) open[count++] = 0;
  while (count > 0) {
    const int at = open[--count];
    if (!pose.of_node_[at].IsCrossed(origin, axis)) continue;
    const Node& node = nodes_[at];
    if (!node.leaf) {
      open[count++] = node.first;
      open[count++] = node.second;
      continue;
    }
    for (int i = node.first; i < node.second; ++i) try_face(order_[i]);
  }
}

}  // namespace gyre
