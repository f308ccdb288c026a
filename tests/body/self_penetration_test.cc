// SPDX-License-Identifier: Apache-2.0
#include "body/self_penetration.h"

#include <gtest/gtest.h>

#include <Eigen/Geometry>
#include <vector>

namespace gyre {
namespace {

// Boxes, each of one bone: what stands in what, and where it comes out, can be said.
class Boxes {
 public:
  Boxes() {
    body_.layout = SharedSmplLayout();
    body_.v_template.resize(0, 3);
  }
  void Add(const char* bone, const Vec3& low, const Vec3& high) {
    const int first = body_.num_vertices();
    body_.v_template.conservativeResize(first + 8, 3);
    for (int i = 0; i < 8; ++i) {
      body_.v_template.row(first + i) << (i & 1 ? high : low).x(), (i & 2 ? high : low).y(),
          (i & 4 ? high : low).z();
      bones_.push_back(body_.layout->IndexOf(bone));
    }
    // Counter-clockwise seen from outside.
    constexpr int kFaces[12][3] = {{0, 2, 1}, {1, 2, 3}, {4, 5, 6}, {5, 7, 6},
                                   {0, 1, 4}, {1, 5, 4}, {2, 6, 3}, {3, 6, 7},
                                   {0, 4, 2}, {2, 4, 6}, {1, 3, 5}, {3, 7, 5}};
    const Eigen::Index faces = body_.faces.rows();
    body_.faces.conservativeResize(faces + 12, 3);
    for (int f = 0; f < 12; ++f) {
      for (int i = 0; i < 3; ++i) body_.faces(faces + f, i) = first + kFaces[f][i];
    }
  }
  std::vector<Penetration> Find() {
    RowMatX weights = RowMatX::Zero(body_.num_vertices(), 24);
    for (int v = 0; v < body_.num_vertices(); ++v) weights(v, bones_[v]) = 1;
    body_.weights = weights.sparseView();
    const SelfPenetration penetration(body_);
    const MeshCollision::Pose pose(penetration.mesh(), body_.v_template);
    return penetration.Find(pose, penetration.mesh().Find(pose));
  }
  Vec3 Vertex(int v) const { return body_.v_template.row(v).transpose(); }
  Vec3 PointOf(const Penetration& one) const {
    Vec3 point = Vec3::Zero();
    for (int i = 0; i < 3; ++i) point += one.weights[i] * Vertex(body_.faces(one.face, i));
    return point;
  }

 private:
  BodyModel body_;
  std::vector<int> bones_;
};

TEST(SelfPenetration, LeavesByTheNearerSideAlongTheView) {
  for (const bool behind : {false, true}) {
    Boxes boxes;
    boxes.Add("Spine2", {-0.21, -0.23, 5}, {0.19, 0.22, 5.4});
    boxes.Add("L_Elbow", {-0.05, -0.07, behind ? 5.25 : 4.9}, {0.06, 0.04, behind ? 5.6 : 5.1});
    const std::vector<Penetration> found = boxes.Find();
    ASSERT_EQ(found.size(), 4u) << behind;  // the end of the arm; no corner of the trunk is in it
    for (const Penetration& one : found) {
      const Vec3 at = boxes.Vertex(one.vertex), to = boxes.PointOf(one);
      EXPECT_GE(one.vertex, 8);
      EXPECT_NEAR(at.z(), behind ? 5.25 : 5.1, 1e-12);
      EXPECT_NEAR(to.z(), behind ? 5.4 : 5, 1e-12);
      EXPECT_LT((one.normal - Vec3(0, 0, behind ? 1 : -1)).norm(), 1e-12);
      EXPECT_LT(at.normalized().cross(to.normalized()).norm(), 1e-12);  // along the view
      EXPECT_NEAR(one.depth_m, (to - at).norm(), 1e-12);
    }
  }
}

// The deepest vertex of both decides, and both know it.
TEST(SelfPenetration, TwoArmsAgreeWhichIsInFront) {
  Boxes boxes;
  boxes.Add("L_Elbow", {-0.3, -0.05, 5}, {0.02, 0.05, 5.1});
  boxes.Add("R_Elbow", {-0.02, -0.03, 5.08}, {0.3, 0.03, 5.2});
  const std::vector<Penetration> found = boxes.Find();
  ASSERT_FALSE(found.empty());
  for (const Penetration& one : found) {
    const bool left = one.vertex < 8;
    EXPECT_EQ(one.normal.z() < 0, left) << one.vertex;  // the left comes to the front
    EXPECT_LT(one.depth_m, 0.03);
  }
}

// No corner inside: the thin bar passes right through.
TEST(SelfPenetration, PairsWithoutACornerInsideAreToldByPlanes) {
  Boxes boxes;
  boxes.Add("Spine2", {-0.2, -0.2, 5}, {0.2, 0.2, 5.4});
  boxes.Add("L_Elbow", {-0.5, -0.02, 5.1}, {0.6, 0.02, 5.2});
  const std::vector<Penetration> found = boxes.Find();
  ASSERT_FALSE(found.empty());
  for (const Penetration& one : found) {
    EXPECT_GE(one.depth_m, 0);
    EXPECT_NEAR(one.normal.norm(), 1, 1e-12);
  }
  Boxes apart;
  apart.Add("Spine2", {-0.2, -0.2, 5}, {0.2, 0.2, 5.4});
  apart.Add("L_Elbow", {0.25, -0.02, 5.1}, {0.6, 0.02, 5.2});
  EXPECT_TRUE(apart.Find().empty());
}

}  // namespace
}  // namespace gyre
