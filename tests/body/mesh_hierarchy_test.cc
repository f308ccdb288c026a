// SPDX-License-Identifier: Apache-2.0
#include "body/mesh_hierarchy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <set>

#include "body/edge_collapse.h"
#include "body/test_body.h"
#include "core/rng.h"

namespace gyre {
namespace {

// A torus, bent and uneven: `around` times `across` vertices, closed.
struct Mesh {
  Points3 vertices;
  Faces faces;
};
Mesh BentTorus(int around, int across) {
  Mesh mesh{Points3(around * across, 3), Faces(2 * around * across, 3)};
  for (int i = 0; i < around; ++i) {
    for (int j = 0; j < across; ++j) {
      const double u = 2 * std::numbers::pi * i / around, v = 2 * std::numbers::pi * j / across;
      const double r = 0.3 + 0.07 * std::sin(3 * u + 1), R = 1 + r * std::cos(v);
      mesh.vertices.row(i * across + j) << R * std::cos(u), 1.3 * R * std::sin(u),
          r * std::sin(v) + 0.2 * std::cos(2 * u);
      const auto at = [&](int a, int b) { return (i + a) % around * across + (j + b) % across; };
      mesh.faces.row(2 * (i * across + j)) << at(0, 0), at(1, 0), at(1, 1);
      mesh.faces.row(2 * (i * across + j) + 1) << at(0, 0), at(1, 1), at(0, 1);
    }
  }
  return mesh;
}

// Euler's number of a mesh each of whose edges has two faces, which run along it in opposite
// directions; -1000 otherwise.
int EulerOfClosed(const Faces& faces, int num_vertices) {
  std::map<std::pair<int, int>, int> directed;
  for (Eigen::Index f = 0; f < faces.rows(); ++f) {
    for (int i = 0; i < 3; ++i) ++directed[{faces(f, i), faces(f, (i + 1) % 3)}];
  }
  for (const auto& [edge, count] : directed) {
    if (count != 1 || !directed.contains({edge.second, edge.first})) return -1000;
  }
  return num_vertices - static_cast<int>(directed.size()) / 2 + static_cast<int>(faces.rows());
}

// The faces around every vertex are one ring.
bool IsManifold(const Faces& faces, int num_vertices) {
  for (int v = 0; v < num_vertices; ++v) {
    std::map<int, int> next;
    for (Eigen::Index f = 0; f < faces.rows(); ++f) {
      for (int i = 0; i < 3; ++i) {
        if (faces(f, i) == v) next[faces(f, (i + 1) % 3)] = faces(f, (i + 2) % 3);
      }
    }
    if (next.size() < 3) return false;
    size_t length = 0;
    int at = next.begin()->first;
    do {
      const auto found = next.find(at);
      if (found == next.end()) return false;
      at = found->second;
      ++length;
    } while (at != next.begin()->first && length <= next.size());
    if (length != next.size()) return false;
  }
  return true;
}

void ExpectRowsAreWeights(const CoarseMesh& level) {
  std::set<int> kept;
  for (size_t v = 0; v < level.upsampling.size(); ++v) {
    const SurfacePoint& point = level.upsampling[v];
    double sum = 0;
    for (int i = 0; i < 3; ++i) {
      EXPECT_GE(point.weights[i], 0) << v;
      ASSERT_TRUE(point.vertices[i] >= 0 && point.vertices[i] < level.num_vertices());
      sum += point.weights[i];
    }
    EXPECT_NEAR(sum, 1, 1e-12) << v;
  }
}

TEST(MeshHierarchy, KeepsAClosedManifoldAtEveryLevel) {
  const Mesh torus = BentTorus(37, 19);  // 703 vertices
  const auto levels = MakeMeshHierarchy(torus.vertices, torus.faces, 2);
  ASSERT_EQ(levels.size(), 2u);
  EXPECT_EQ(levels[0].num_vertices(), 176);
  EXPECT_EQ(levels[1].num_vertices(), 44);
  for (const CoarseMesh& level : levels) {
    EXPECT_EQ(EulerOfClosed(level.faces, level.num_vertices()), 0);
    EXPECT_TRUE(IsManifold(level.faces, level.num_vertices()));
    EXPECT_TRUE(std::ranges::is_sorted(level.kept));
    ExpectRowsAreWeights(level);
  }
  EXPECT_EQ(levels[0].upsampling.size(), 703u);
  EXPECT_EQ(levels[1].upsampling.size(), 176u);
  const std::vector<int> kept = KeptOfAll(levels, 703);
  ASSERT_EQ(kept.size(), 44u);
  for (int i = 0; i < 44; ++i) EXPECT_EQ(kept[i], levels[0].kept[levels[1].kept[i]]);
  EXPECT_EQ(KeptOfAll({}, 5), (std::vector<int>{0, 1, 2, 3, 4}));
}

// D U = I, and the surface is where it was.
TEST(MeshHierarchy, KeptVerticesComeBackAsTheyWere) {
  const Mesh torus = BentTorus(37, 19);
  const auto levels = MakeMeshHierarchy(torus.vertices, torus.faces, 1);
  Rng rng(3, RngStream::kTest);
  Points3 moved(levels[0].num_vertices(), 3);
  for (double& value : moved.reshaped()) value = rng.Normal();
  const Points3 all = Upsample(levels[0], moved);
  for (int i = 0; i < levels[0].num_vertices(); ++i) {
    EXPECT_EQ(all.row(levels[0].kept[i]), moved.row(i)) << i;
  }
  const Points3 kept = torus.vertices(levels[0].kept, Eigen::all);
  EXPECT_LT((Upsample(levels[0], kept) - torus.vertices).rowwise().norm().mean(), 0.02);
}

// Of a cube's side that is cut into squares nothing is lost: its corners are kept, and what lies on
// it comes back where it was.
TEST(MeshHierarchy, FlatSidesCostNothing) {
  const int n = 6;  // squares along an edge
  std::map<std::tuple<int, int, int>, int> number;
  std::vector<Vec3> points;
  const auto at = [&](int x, int y, int z) {
    const auto [it, is_new] = number.try_emplace({x, y, z}, static_cast<int>(points.size()));
    if (is_new) points.emplace_back(x, y, z);
    return it->second;
  };
  std::vector<Eigen::RowVector3i> triangles;
  for (int axis = 0; axis < 3; ++axis) {
    for (const int side : {0, n}) {
      for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) {
          const auto corner = [&](int a, int b) {
            int c[3];
            c[axis] = side;
            c[(axis + 1) % 3] = i + a;
            c[(axis + 2) % 3] = j + b;
            return at(c[0], c[1], c[2]);
          };
          Eigen::RowVector3i first(corner(0, 0), corner(1, 0), corner(1, 1)),
              second(corner(0, 0), corner(1, 1), corner(0, 1));
          if (side == 0) {
            std::swap(first[1], first[2]);
            std::swap(second[1], second[2]);
          }
          triangles.push_back(first);
          triangles.push_back(second);
        }
      }
    }
  }
  Mesh cube{Points3(points.size(), 3), Faces(triangles.size(), 3)};
  for (size_t i = 0; i < points.size(); ++i) cube.vertices.row(i) = points[i];
  for (size_t i = 0; i < triangles.size(); ++i) cube.faces.row(i) = triangles[i];
  ASSERT_EQ(EulerOfClosed(cube.faces, static_cast<int>(points.size())), 2);
  const auto levels = MakeMeshHierarchy(cube.vertices, cube.faces, 1);
  for (const int x : {0, n}) {
    for (const int y : {0, n}) {
      for (const int z : {0, n}) EXPECT_TRUE(std::ranges::count(levels[0].kept, at(x, y, z)));
    }
  }
  const Points3 kept = cube.vertices(levels[0].kept, Eigen::all);
  EXPECT_LT((Upsample(levels[0], kept) - cube.vertices).cwiseAbs().maxCoeff(), 1e-12);
}

// A sheet of 5 by 4 squares: its border stays a border, round the same rectangle.
TEST(MeshHierarchy, BordersStayBorders) {
  Mesh sheet{Points3(30, 3), Faces(40, 3)};
  for (int i = 0; i < 6; ++i) {
    for (int j = 0; j < 5; ++j) sheet.vertices.row(5 * i + j) << i, j, 0.03 * i * j;
  }
  for (int i = 0; i < 5; ++i) {
    for (int j = 0; j < 4; ++j) {
      const int v = 5 * i + j;
      sheet.faces.row(2 * (4 * i + j)) << v, v + 5, v + 6;
      sheet.faces.row(2 * (4 * i + j) + 1) << v, v + 6, v + 1;
    }
  }
  const CollapsedMesh coarse = CollapseEdges(sheet.vertices, sheet.faces, 12);
  EXPECT_EQ(coarse.kept.size(), 12u);
  std::map<std::pair<int, int>, int> edges;
  for (Eigen::Index f = 0; f < coarse.faces.rows(); ++f) {
    for (int i = 0; i < 3; ++i) {
      const int a = coarse.faces(f, i), b = coarse.faces(f, (i + 1) % 3);
      ++edges[std::minmax(a, b)];
    }
  }
  std::set<int> on_border;
  int border = 0;
  for (const auto& [edge, count] : edges) {
    ASSERT_LE(count, 2);
    if (count == 2) continue;
    ++border;
    on_border.insert(edge.first);
    on_border.insert(edge.second);
  }
  EXPECT_EQ(static_cast<int>(on_border.size()), border);  // one ring
  for (const int place : on_border) {
    const int v = coarse.kept[place];
    EXPECT_TRUE(v / 5 == 0 || v / 5 == 5 || v % 5 == 0 || v % 5 == 4) << v;
  }
  const int euler = 12 - static_cast<int>(edges.size()) + static_cast<int>(coarse.faces.rows());
  EXPECT_EQ(euler, 1);
}

// What cannot be coarsened stays: a tetrahedron, and a vertex without a face.
TEST(MeshHierarchy, StopsWhereNothingMayCollapse) {
  Points3 vertices(5, 3);
  vertices << 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 7, 8, 9;
  Faces faces(5, 3);
  faces << 0, 2, 1, 0, 1, 3, 1, 2, 3, 2, 0, 3, 1, 1, 2;  // the last is none
  const CollapsedMesh mesh = CollapseEdges(vertices, faces, 1);
  EXPECT_EQ(mesh.kept, (std::vector<int>{0, 1, 2, 3, 4}));
  EXPECT_EQ(mesh.faces.rows(), 4);
}

TEST(MeshHierarchy, RoundingDoesNotChooseTheVertices) {
  const Mesh torus = BentTorus(30, 12);  // mirror images have equal costs
  const auto first = CollapseEdges(torus.vertices, torus.faces, 90);
  Rng rng(5, RngStream::kTest);
  Points3 noisy = torus.vertices;
  for (double& value : noisy.reshaped()) value *= 1 + 1e-15 * rng.Normal();
  EXPECT_EQ(CollapseEdges(noisy, torus.faces, 90).kept, first.kept);
}

TEST(NeighbourMeans, AreThoseOfTheEdges) {
  // Two triangles that share the edge 1-2, and a vertex of its own.
  Faces faces(2, 3);
  faces << 0, 1, 2, 3, 2, 1;
  const RowMatX one = NeighbourMeans(faces, 5);
  RowMatX expected(5, 5);
  const double t = 1.0 / 3, q = 0.25;
  expected << t, t, t, 0, 0,  //
      q, q, q, q, 0,          //
      q, q, q, q, 0,          //
      0, t, t, t, 0,          //
      0, 0, 0, 0, 1;
  EXPECT_LT((one - expected).cwiseAbs().maxCoeff(), 1e-15);
  // Two edges lead everywhere within the two triangles.
  const RowMatX two = NeighbourMeans(faces, 5, 2);
  EXPECT_LT((two.topLeftCorner<4, 4>().array() - q).cwiseAbs().maxCoeff(), 1e-15);
  EXPECT_EQ(two(4, 4), 1);
}

TEST(NeighbourMeans, BoxIsFilledAlongItsLongestSide) {
  Points3 points(3, 3);
  points << 1, 2, 10, 3, 2.5, 14, 2, 2, 11;
  Points3 expected(3, 3);
  expected << -0.5, -0.125, -1, 0.5, 0.125, 1, 0, -0.125, -0.5;
  EXPECT_LT((NormalizedToBox(points) - expected).cwiseAbs().maxCoeff(), 1e-15);
}

TEST(MeshHierarchy, OfSmplsSizeIsFineAndKept) {
  const auto body = LoadCc0Body();
  if (!body) GTEST_SKIP() << "no CC0 body";
  const auto levels = HierarchyOf(*body, 2);
  ASSERT_EQ((*levels)[0].num_vertices(), 1723);
  ASSERT_EQ((*levels)[1].num_vertices(), 431);
  EXPECT_EQ((*levels)[0].faces.rows(), 3442);
  EXPECT_EQ((*levels)[1].faces.rows(), 858);
  const double most_mm[] = {0.7, 2.8};
  Points3 finer = body->v_template;
  for (int i = 0; i < 2; ++i) {
    const CoarseMesh& level = (*levels)[i];
    EXPECT_EQ(EulerOfClosed(level.faces, level.num_vertices()), 2);
    EXPECT_TRUE(IsManifold(level.faces, level.num_vertices()));
    ExpectRowsAreWeights(level);
    const Points3 kept = finer(level.kept, Eigen::all);
    const VecX errors = 1e3 * (Upsample(level, kept) - finer).rowwise().norm();
    RecordProperty("mean_mm_" + std::to_string(i), std::to_string(errors.mean()));
    EXPECT_LE(errors.mean(), most_mm[i]);
    EXPECT_LE(errors.maxCoeff(), i == 0 ? 6 : 14);
    finer = kept;
  }
  EXPECT_EQ(HierarchyOf(*body, 2), levels);  // not made again
}

}  // namespace
}  // namespace gyre
