// SPDX-License-Identifier: Apache-2.0
#include "body/mesh_collision.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/rng.h"

namespace gyre {
namespace {

Triangle Corners(std::initializer_list<double> numbers) {
  return Eigen::Map<const Triangle>(numbers.begin());
}

TEST(TrianglesIntersect, CrossingTouchingAndApart) {
  const Triangle floor = Corners({0, 0, 0, 3, 0, 0, 0, 5, 0});
  EXPECT_TRUE(TrianglesIntersect(floor, Corners({0.5, 0.5, -1, 0.7, 0.4, 2, 0.5, 0.9, 2})));
  EXPECT_TRUE(TrianglesIntersect(floor, Corners({0.5, 0.5, 0, 0.7, 0.4, 2, 0.5, 0.9, 2})));
  EXPECT_FALSE(TrianglesIntersect(floor, Corners({0.5, 0.5, 1e-3, 0.7, 0.4, 2, 0.5, 0.9, 2})));
  // Beside it, where only a product of edges separates.
  EXPECT_FALSE(TrianglesIntersect(floor, Corners({2, 2.5, -1, 2.2, 2.4, 2, 2.1, 2.9, 2})));
  // In its plane: inside, beside, at a corner.
  EXPECT_TRUE(TrianglesIntersect(floor, Corners({0.1, 0.1, 0, 0.2, 0.1, 0, 0.1, 0.4, 0})));
  EXPECT_FALSE(TrianglesIntersect(floor, Corners({2, 2.5, 0, 3, 2.5, 0, 2, 4, 0})));
  EXPECT_TRUE(TrianglesIntersect(floor, Corners({3, 0, 0, 4, 1, 0, 4, -1, 0})));
}

// A heap of triangles without shared vertices.
struct Heap {
  Points3 vertices;
  Faces faces;

  explicit Heap(int count) : vertices(3 * count, 3), faces(count, 3) {
    Rng rng(3, RngStream::kTest);
    for (int i = 0; i < count; ++i) {
      const Vec3 at(rng.Normal(), 0.5 * rng.Normal(), 2 * rng.Normal());
      for (int corner = 0; corner < 3; ++corner) {
        const Vec3 off(rng.Normal(), rng.Normal(), rng.Normal());
        vertices.row(3 * i + corner) = (at + 0.2 * off).transpose();
        faces(i, corner) = 3 * i + corner;
      }
    }
  }
  std::vector<FacePair> AllPairs(const MeshCollision& mesh, const Points3& at) const {
    std::vector<FacePair> pairs;
    for (int a = 0; a < faces.rows(); ++a) {
      for (int b = a + 1; b < faces.rows(); ++b) {
        if (TrianglesIntersect(mesh.TriangleOf(at, a), mesh.TriangleOf(at, b))) {
          pairs.push_back({a, b});
        }
      }
    }
    return pairs;
  }
};

TEST(MeshCollision, FindsWhatAllPairsFindAlsoFarFromRest) {
  const Heap heap(397);
  const MeshCollision mesh(heap.vertices, heap.faces);
  for (const double bend : {0.0, 0.8}) {
    Points3 vertices = heap.vertices;
    vertices.col(1) += bend * vertices.col(2).cwiseAbs2();
    vertices.col(2) *= 1 - bend;
    const std::vector<FacePair> expected = heap.AllPairs(mesh, vertices);
    ASSERT_GT(expected.size(), 20u);
    EXPECT_EQ(mesh.Find(vertices), expected);
  }
}

TEST(MeshCollision, LeavesOutNeighboursAndLimbsThatTouch) {
  Heap heap(6);
  for (int i = 0; i < 6; ++i) {  // all through one point
    heap.vertices.middleRows<3>(3 * i) = Corners({-1, 0.1 * i, -1, 1, 0.1, 0.2 * i, 0, -0.2, 1.1});
  }
  EXPECT_EQ(MeshCollision(heap.vertices, heap.faces).Find(heap.vertices).size(), 15u);
  // Of parts 4, 4, 7 (below 4), 9, 16, 20: left are those of 20 with all, 9 with 4 and 7, and 16
  // with 4 and 7.
  const FaceParts parts{{4, 4, 7, 9, 16, 20}, {1, 1, 4, 6, 13, 18}};
  const std::vector<FacePair> expected = {{0, 3}, {0, 4}, {0, 5}, {1, 3}, {1, 4}, {1, 5},
                                          {2, 3}, {2, 4}, {2, 5}, {3, 5}, {4, 5}};
  EXPECT_EQ(MeshCollision(heap.vertices, heap.faces, &parts).Find(heap.vertices), expected);
  heap.faces(5, 1) = heap.faces(0, 1);  // the same vertex, if elsewhere
  const auto pairs = MeshCollision(heap.vertices, heap.faces, &parts).Find(heap.vertices);
  EXPECT_EQ(std::ranges::count(pairs, FacePair{0, 5}), 0);
}

TEST(MeshCollision, AnEmptyMesh) {
  EXPECT_TRUE(MeshCollision(Points3(0, 3), Faces(0, 3)).Find(Points3(0, 3)).empty());
}

}  // namespace
}  // namespace gyre
