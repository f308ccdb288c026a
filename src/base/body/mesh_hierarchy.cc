// SPDX-License-Identifier: Apache-2.0
#include "body/mesh_hierarchy.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <limits>
#include <map>
#include <mutex>
#include <numeric>
#include <string>

#include "body/edge_collapse.h"
#include "core/error.h"
#include "core/fingerprint.h"

namespace gyre {
namespace {

// The point of the triangle (a, b, c) that is nearest to p, in barycentric coordinates: by the
// region of the triangle's plane that p lies over (Ericson 2005, section 5.1.5).
Vec3 NearestInTriangle(const Vec3& p, const Vec3& a, const Vec3& b, const Vec3& c) {
  const Vec3 ab = b - a, ac = c - a, ap = p - a, bp = p - b, cp = p - c;
  const double ab_ap = ab.dot(ap), ac_ap = ac.dot(ap), ab_bp = ab.dot(bp), ac_bp = ac.dot(bp),
               ab_cp = ab.dot(cp), ac_cp = ac.dot(cp);
  const auto share = [](double part, double rest) { return part / (part + rest); };
  if (ab_ap <= 0 && ac_ap <= 0) return {1, 0, 0};
  if (ab_bp >= 0 && ac_bp <= ab_bp) return {0, 1, 0};
  const double over_c = ab_ap * ac_bp - ab_bp * ac_ap;
  if (over_c <= 0 && ab_ap >= 0 && ab_bp <= 0) {
    const double t = share(ab_ap, -ab_bp);
    return {1 - t, t, 0};
  }
  if (ac_cp >= 0 && ab_cp <= ac_cp) return {0, 0, 1};
  const double over_b = ab_cp * ac_ap - ab_ap * ac_cp;
  if (over_b <= 0 && ac_ap >= 0 && ac_cp <= 0) {
    const double t = share(ac_ap, -ac_cp);
    return {1 - t, 0, t};
  }
  const double over_a = ab_bp * ac_cp - ab_cp * ac_bp;
  if (over_a <= 0 && ac_bp - ab_bp >= 0 && ab_cp - ac_cp >= 0) {
    const double t = share(ac_bp - ab_bp, ab_cp - ac_cp);
    return {0, 1 - t, t};
  }
  return Vec3(over_a, over_b, over_c) / (over_a + over_b + over_c);
}

// Nearest points on one mesh.
class NearestOnMesh {
 public:
  NearestOnMesh(const Points3& vertices, const Faces& faces) : vertices_(vertices), faces_(faces) {
    for (Eigen::Index f = 0; f < faces.rows(); ++f) {
      const Vec3 center = (Corner(f, 0) + Corner(f, 1) + Corner(f, 2)) / 3;
      double radius = 0;
      for (int i = 0; i < 3; ++i) radius = std::max(radius, (Corner(f, i) - center).norm());
      centers_.push_back(center);
      radii_.push_back(radius);
    }
  }

  SurfacePoint To(const Vec3& p) const {
    double best = std::numeric_limits<double>::infinity();
    SurfacePoint nearest;
    for (size_t f = 0; f < centers_.size(); ++f) {
      const double reach = best + radii_[f];
      if ((p - centers_[f]).squaredNorm() > reach * reach) continue;
      const auto face = static_cast<Eigen::Index>(f);
      const Vec3 a = Corner(face, 0), b = Corner(face, 1), c = Corner(face, 2);
      const Vec3 weights = NearestInTriangle(p, a, b, c);
      const double distance = (weights[0] * a + weights[1] * b + weights[2] * c - p).norm();
      if (distance >= best) continue;
      best = distance;
      nearest = {{faces_(face, 0), faces_(face, 1), faces_(face, 2)},
                 {weights[0], weights[1], weights[2]}};
    }
    return nearest;
  }

 private:
  Vec3 Corner(Eigen::Index face, int i) const { return vertices_.row(faces_(face, i)); }

  const Points3& vertices_;
  const Faces& faces_;
  std::vector<Vec3> centers_;
  std::vector<double> radii_;
};

CoarseMesh Coarsen(const Points3& vertices, const Faces& faces) {
  const auto num_vertices = static_cast<int>(vertices.rows());
  CollapsedMesh collapsed = CollapseEdges(vertices, faces, (num_vertices + 3) / 4);
  CoarseMesh level{std::move(collapsed.kept), std::move(collapsed.faces), {}};
  const Points3 coarse = vertices(level.kept, Eigen::all);
  const NearestOnMesh surface(coarse, level.faces);
  std::vector<int> place(num_vertices, -1);
  for (int i = 0; i < level.num_vertices(); ++i) place[level.kept[i]] = i;
  for (int v = 0; v < num_vertices; ++v) {
    const int i = place[v];
    level.upsampling.push_back(i >= 0 ? SurfacePoint{{i, i, i}, {1, 0, 0}}
                                      : surface.To(vertices.row(v)));
  }
  return level;
}

// Two meshes with one fingerprint are one mesh.
std::string FingerprintOf(const Points3& vertices, const Faces& faces) {
  Fingerprint name;
  name.Add(vertices.rows());
  name.AddBytes(vertices.data(), vertices.size() * sizeof(double));
  name.AddBytes(faces.data(), faces.size() * sizeof(int32_t));
  return name.Hex();
}

}  // namespace

std::vector<CoarseMesh> MakeMeshHierarchy(const Points3& vertices, const Faces& faces, int levels) {
  GYRE_CHECK(levels >= 0 && vertices.allFinite());
  std::vector<CoarseMesh> hierarchy;
  Points3 finer = vertices;
  for (int i = 0; i < levels; ++i) {
    hierarchy.push_back(Coarsen(finer, hierarchy.empty() ? faces : hierarchy.back().faces));
    finer = Points3(finer(hierarchy.back().kept, Eigen::all));
  }
  return hierarchy;
}

std::shared_ptr<const std::vector<CoarseMesh>> HierarchyOf(const BodyModel& model, int levels) {
  static std::mutex mutex;
  static std::map<std::pair<std::string, int>, std::shared_ptr<const std::vector<CoarseMesh>>>
      known;
  const std::lock_guard lock(mutex);
  auto& hierarchy = known[{FingerprintOf(model.v_template, model.faces), levels}];
  if (!hierarchy) {
    hierarchy = std::make_shared<const std::vector<CoarseMesh>>(
        MakeMeshHierarchy(model.v_template, model.faces, levels));
  }
  return hierarchy;
}

std::vector<int> KeptOfAll(std::span<const CoarseMesh> levels, int num_vertices) {
  std::vector<int> kept(num_vertices);
  std::iota(kept.begin(), kept.end(), 0);
  for (const CoarseMesh& level : levels) {
    std::vector<int> fewer;
    for (const int v : level.kept) fewer.push_back(kept[v]);
    kept = std::move(fewer);
  }
  return kept;
}

Points3 Upsample(const CoarseMesh& level, const Points3& coarse) {
  GYRE_CHECK(coarse.rows() == level.num_vertices());
  Points3 finer = Points3::Zero(static_cast<Eigen::Index>(level.upsampling.size()), 3);
  for (Eigen::Index v = 0; v < finer.rows(); ++v) {
    const SurfacePoint& point = level.upsampling[v];
    for (int i = 0; i < 3; ++i) finer.row(v) += point.weights[i] * coarse.row(point.vertices[i]);
  }
  return finer;
}

SparseRows NeighbourMeans(const Faces& faces, int num_vertices, int walk) {
  GYRE_CHECK(walk >= 1);
  using Triplet = Eigen::Triplet<double>;
  std::vector<Triplet> edges, loops;
  for (Eigen::Index f = 0; f < faces.rows(); ++f) {
    for (int i = 0; i < 3; ++i) {
      edges.emplace_back(faces(f, i), faces(f, (i + 1) % 3), 1.0);
      edges.emplace_back(faces(f, (i + 1) % 3), faces(f, i), 1.0);
    }
  }
  for (int v = 0; v < num_vertices; ++v) loops.emplace_back(v, v, 1.0);
  SparseRows adjacent(num_vertices, num_vertices), self(num_vertices, num_vertices);
  adjacent.setFromTriplets(edges.begin(), edges.end());
  self.setFromTriplets(loops.begin(), loops.end());
  SparseRows reached = adjacent;
  for (int i = 1; i < walk; ++i) reached = SparseRows(reached * adjacent);
  SparseRows means = reached + self;
  means.makeCompressed();
  for (int v = 0; v < num_vertices; ++v) {
    const auto begin = means.outerIndexPtr()[v], end = means.outerIndexPtr()[v + 1];
    std::fill(means.valuePtr() + begin, means.valuePtr() + end, 1.0 / (end - begin));
  }
  return means;
}

Points3 NormalizedToBox(const Points3& vertices) {
  const Eigen::RowVector3d low = vertices.colwise().minCoeff(),
                           high = vertices.colwise().maxCoeff();
  const Points3 about_middle = vertices.rowwise() - (low + high) / 2;
  return about_middle / about_middle.cwiseAbs().maxCoeff();
}

}  // namespace gyre
