// SPDX-License-Identifier: Apache-2.0
#include "body/mesh_collision.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <numeric>

#include "core/error.h"

namespace gyre {
namespace {

constexpr int kLeafFaces = 4;

struct Box3 {
  Vec3 low, high;

  void Add(const Box3& other) {
    low = low.cwiseMin(other.low);
    high = high.cwiseMax(other.high);
  }
  bool Touches(const Box3& other) const {
    return (low.array() <= other.high.array()).all() && (other.low.array() <= high.array()).all();
  }
};

Box3 BoxOf(const Triangle& triangle) {
  return {triangle.colwise().minCoeff().transpose(), triangle.colwise().maxCoeff().transpose()};
}

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
  Box3 box{centres.row(order_[begin]).transpose(), centres.row(order_[begin]).transpose()};
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
  nodes_[node] = {first, second, false};
  return node;
}

bool MeshCollision::Counts(int a, int b) const {
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      if (faces_(a, i) == faces_(b, j)) return false;
    }
  }
  if (part_.empty()) return true;
  const int part_a = part_[a], part_b = part_[b];
  if (part_a == part_b || part_a == parent_[b] || part_b == parent_[a]) return false;
  return std::ranges::none_of(touching_, [&](const std::pair<int, int>& pair) {
    return pair == std::pair(part_a, part_b) || pair == std::pair(part_b, part_a);
  });
}

std::vector<FacePair> MeshCollision::Find(const Points3& vertices) const {
  std::vector<Box3> of_face(faces_.rows()), boxes(nodes_.size());
  for (int face = 0; face < faces_.rows(); ++face) {
    of_face[face] = BoxOf(TriangleOf(vertices, face));
  }
  for (size_t i = nodes_.size(); i-- > 0;) {
    const Node& node = nodes_[i];
    boxes[i] = node.leaf ? of_face[order_[node.first]] : boxes[node.first];
    if (!node.leaf) boxes[i].Add(boxes[node.second]);
    for (int k = node.first + 1; node.leaf && k < node.second; ++k) {
      boxes[i].Add(of_face[order_[k]]);
    }
  }
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
    if (a != b && !boxes[a].Touches(boxes[b])) continue;
    const Node &at_a = nodes_[a], &at_b = nodes_[b];
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

}  // namespace gyre
