// SPDX-License-Identifier: Apache-2.0
// Where a posed mesh runs into itself: pairs of its triangles that intersect and are not of the
// same limb. Boxes around triangles, in a hierarchy that is built once and fitted to every pose,
// find candidates; 17 separating axes decide (both normals, the nine products of edges, and for
// triangles in one plane the edges' normals in it), touching being intersecting. Source: the
// collision loss of SMPLify-X (Tzionas et al. 2016, Karras 2012).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "body/body_model.h"

namespace gyre {

// A triangle's corners as rows.
using Triangle = Eigen::Matrix<double, 3, 3, Eigen::RowMajor>;

bool TrianglesIntersect(const Triangle& a, const Triangle& b);

// Two faces of a mesh, the smaller number first.
struct FacePair {
  int first = 0, second = 0;
  friend auto operator<=>(const FacePair&, const FacePair&) = default;
};

// The limb of each face, by the joint that moves most of it, and the joint above that.
struct FaceParts {
  std::vector<int> part, parent;  // [F]
};
FaceParts FacePartsOf(const BodyModel& model);

// Parts besides parent and child that touch in most poses, as SMPLify-X has them, by SMPL's joints:
// Spine3 with the shoulders, Spine2 with the shoulders, the hips, Neck with LHand.
inline constexpr std::array<std::pair<int, int>, 6> kTouchingParts = {
    {{9, 16}, {9, 17}, {6, 16}, {6, 17}, {1, 2}, {12, 22}}};

// Where a line crosses a face of a mesh.
struct LineCrossing {
  double along;  // metres from its origin, along its axis
  int face;
  Vec3 weights;     // the point, of the face's corners
  bool is_outward;  // along the axis, out of the solid
};

// Immutable.
class MeshCollision {
 public:
  // A pose of the mesh, with the boxes of its hierarchy.
  class Pose;

  // `parts` null: pairs of all parts count.
  MeshCollision(const Points3& rest_vertices, Faces faces, const FaceParts* parts = nullptr,
                std::span<const std::pair<int, int>> touching = kTouchingParts);

  const Faces& faces() const { return faces_; }
  Triangle TriangleOf(const Points3& vertices, int face) const;
  // Pairs that intersect and share no vertex, in ascending order. `vertices` [V,3].
  std::vector<FacePair> Find(const Points3& vertices) const;
  std::vector<FacePair> Find(const Pose& pose) const;
  // Whether two faces make a pair where they intersect.
  bool Counts(int a, int b) const;
  // The faces that a line crosses, in no order; `axis` of length one.
  void Crossings(const Pose& pose, const Vec3& origin, const Vec3& axis,
                 std::vector<LineCrossing>* crossings) const;

 private:
  struct Node {
    int first, second;  // children; of a leaf the range of `order_`
    bool leaf;
    // Parts that it has faces of, and those that these make pairs with, a bit each.
    uint64_t parts = 0, counting = 0;
  };
  int Build(const Points3& centres, int begin, int end);
  void MarkParts();
  bool PartsCount(int part_a, int parent_a, int part_b, int parent_b) const;

  Faces faces_;
  std::vector<int> order_;   // faces, leaf after leaf
  std::vector<Node> nodes_;  // children behind their parent
  std::vector<int> part_, parent_;
  std::vector<std::pair<int, int>> touching_;
};

class MeshCollision::Pose {
 public:
  Pose(const MeshCollision& mesh, Points3 vertices);

  const Points3& vertices() const { return vertices_; }

 private:
  friend class MeshCollision;
  struct Box {
    Vec3 low, high;

    void Add(const Box& other) {
      low = low.cwiseMin(other.low);
      high = high.cwiseMax(other.high);
    }
    bool Touches(const Box& other) const {
      return (low.array() <= other.high.array()).all() && (other.low.array() <= high.array()).all();
    }
    bool IsCrossed(const Vec3& origin, const Vec3& axis) const;
  };

  Points3 vertices_;
  std::vector<Box> of_face_, of_node_;
};

}  // namespace gyre
