// SPDX-License-Identifier: Apache-2.0
#include "body/edge_collapse.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <array>
#include <cmath>
#include <queue>
#include <tuple>

#include "core/error.h"

namespace gyre {
namespace {

using Quadric = Eigen::Matrix4d;
using Corners = std::array<int, 3>;

constexpr double kCostUnit = 1e-5;  // of the mesh's size, squared

class EdgeCollapse {
 public:
  EdgeCollapse(const Points3& vertices, const Faces& faces)
      : vertices_(vertices),
        faces_(faces.rows()),
        face_alive_(faces.rows(), false),
        alive_(vertices.rows(), true),
        version_(vertices.rows(), 0),
        quadrics_(vertices.rows(), Quadric::Zero()),
        faces_of_(vertices.rows()),
        num_alive_(static_cast<int>(vertices.rows())) {
    const Vec3 size = vertices.colwise().maxCoeff() - vertices.colwise().minCoeff();
    unit_ = std::max(kCostUnit * kCostUnit * size.squaredNorm(), 1e-300);
    for (int f = 0; f < faces.rows(); ++f) {
      faces_[f] = {faces(f, 0), faces(f, 1), faces(f, 2)};
      const auto& [a, b, c] = faces_[f];
      if (a == b || b == c || c == a) continue;
      face_alive_[f] = true;
      const Quadric quadric = QuadricOf(faces_[f]);
      for (const int v : faces_[f]) {
        quadrics_[v] += quadric;
        faces_of_[v].push_back(f);
      }
    }
    for (int v = 0; v < vertices.rows(); ++v) {
      for (const int other : NeighboursOf(v)) {
        if (v < other) Push(v, other);
      }
    }
  }

  void Reduce(int target) {
    while (num_alive_ > target && !queue_.empty()) {
      const Candidate best = queue_.top();
      queue_.pop();
      const bool stale = !alive_[best.keep] || !alive_[best.drop] ||
                         best.version != version_[best.keep] + version_[best.drop];
      if (!stale && MayCollapse(best.keep, best.drop)) Collapse(best.keep, best.drop);
    }
  }

  CollapsedMesh Result() const {
    CollapsedMesh mesh;
    std::vector<int> place(alive_.size(), -1);
    for (size_t v = 0; v < alive_.size(); ++v) {
      if (!alive_[v]) continue;
      place[v] = static_cast<int>(mesh.kept.size());
      mesh.kept.push_back(static_cast<int>(v));
    }
    mesh.faces.resize(std::ranges::count(face_alive_, true), 3);
    Eigen::Index row = 0;
    for (size_t f = 0; f < faces_.size(); ++f) {
      if (!face_alive_[f]) continue;
      const auto& [a, b, c] = faces_[f];
      mesh.faces.row(row++) << place[a], place[b], place[c];
    }
    return mesh;
  }

 private:
  struct Candidate {
    int64_t cost;
    int keep, drop;
    int64_t version;  // of both ends together when its cost was made

    // For a queue whose top is the least.
    bool operator<(const Candidate& other) const {
      return std::tie(cost, keep, drop) > std::tie(other.cost, other.keep, other.drop);
    }
  };

  Quadric QuadricOf(const Corners& face) const {
    const Vec3 a = vertices_.row(face[0]), b = vertices_.row(face[1]), c = vertices_.row(face[2]);
    const Vec3 normal = (b - a).cross(c - a);
    if (normal.squaredNorm() == 0) return Quadric::Zero();  // no plane
    Eigen::Vector4d plane;
    plane << normal.normalized(), 0;
    plane[3] = -plane.head<3>().dot(a);
    return plane * plane.transpose();
  }

  int64_t CostAt(int v, const Quadric& quadric) const {
    const Eigen::Vector4d x = vertices_.row(v).transpose().homogeneous();
    return std::llround(std::min(x.dot(quadric * x) / unit_, 1e18));
  }

  void Push(int a, int b) {
    const Quadric quadric = quadrics_[a] + quadrics_[b];
    const int64_t at_a = CostAt(a, quadric), at_b = CostAt(b, quadric);
    const bool keep_a = std::tie(at_a, a) < std::tie(at_b, b);
    queue_.push({std::min(at_a, at_b), keep_a ? a : b, keep_a ? b : a, version_[a] + version_[b]});
  }

  // Ascending.
  std::vector<int> NeighboursOf(int v) const {
    std::vector<int> around;
    for (const int f : faces_of_[v]) {
      for (const int corner : faces_[f]) {
        if (corner != v) around.push_back(corner);
      }
    }
    std::ranges::sort(around);
    around.erase(std::unique(around.begin(), around.end()), around.end());
    return around;
  }

  bool Has(int face, int v) const {
    return std::ranges::find(faces_[face], v) != faces_[face].end();
  }

  // Whether some edge at v has one face only.
  bool OnBorder(int v) const {
    return std::ranges::any_of(NeighboursOf(v), [&](int other) {
      return std::ranges::count_if(faces_of_[v], [&](int f) { return Has(f, other); }) == 1;
    });
  }

  bool MayCollapse(int keep, int drop) const {
    const auto across = std::ranges::count_if(faces_of_[drop], [&](int f) { return Has(f, keep); });
    if (across != 1 && across != 2) return false;
    const std::vector<int> a = NeighboursOf(keep), b = NeighboursOf(drop);
    std::vector<int> common;
    std::ranges::set_intersection(a, b, std::back_inserter(common));
    if (static_cast<std::ptrdiff_t>(common.size()) != across) return false;
    if (across == 2 && OnBorder(drop)) return false;
    // No face of `drop` becomes one that `keep` has.
    return std::ranges::none_of(faces_of_[drop], [&](int f) {
      return !Has(f, keep) && std::ranges::any_of(faces_of_[keep], [&](int g) {
        return std::ranges::all_of(faces_[f], [&](int v) { return v == drop || Has(g, v); });
      });
    });
  }

  void Collapse(int keep, int drop) {
    for (const int f : faces_of_[drop]) {
      if (Has(f, keep)) {
        face_alive_[f] = false;
        for (const int v : faces_[f]) {
          if (v != drop) std::erase(faces_of_[v], f);
        }
      } else {
        std::ranges::replace(faces_[f], drop, keep);
        faces_of_[keep].push_back(f);
      }
    }
    faces_of_[drop].clear();
    alive_[drop] = false;
    --num_alive_;
    quadrics_[keep] += quadrics_[drop];
    ++version_[keep];
    for (const int other : NeighboursOf(keep)) Push(keep, other);
  }

  const Points3& vertices_;
  std::vector<Corners> faces_;
  std::vector<bool> face_alive_, alive_;
  std::vector<int64_t> version_;  // how often a vertex took another in
  std::vector<Quadric> quadrics_;
  std::vector<std::vector<int>> faces_of_;
  int num_alive_;
  double unit_;
  std::priority_queue<Candidate> queue_;
};

}  // namespace

CollapsedMesh CollapseEdges(const Points3& vertices, const Faces& faces, int target) {
  for (Eigen::Index f = 0; f < faces.rows(); ++f) {
    const auto face = faces.row(f);
    GYRE_CHECK(face.minCoeff() >= 0 && face.maxCoeff() < vertices.rows(), "face {}", f);
  }
  EdgeCollapse mesh(vertices, faces);
  mesh.Reduce(target);
  return mesh.Result();
}

}  // namespace gyre
