// SPDX-License-Identifier: Apache-2.0
#include "body/mesh_to_body.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "body/mesh_hierarchy.h"
#include "body/test_body.h"
#include "core/align.h"
#include "core/so3.h"

namespace gyre {
namespace {

std::vector<int> Every(int step, int count) {
  std::vector<int> vertices;
  for (int v = 0; v < count; v += step) vertices.push_back(v);
  return vertices;
}

TEST(FoldedVertices, AreThoseOfThePosedBodyInTheOrderGiven) {
  const BodyModel body = MakeRandomBody(7);
  const std::vector<int> vertices = {31, 4, 199, 4};
  const FoldedJoints folded = FoldedJoints::Vertices(body, vertices);
  Rng rng(1, RngStream::kTest);
  const BodyParams params = RandomParams(rng);
  const PosedBody posed = PoseBody(body, params);
  const Points3 positions = folded.Positions(params);
  ASSERT_EQ(positions.rows(), 4);
  for (size_t i = 0; i < vertices.size(); ++i) {
    EXPECT_LT((positions.row(i) - posed.vertices.row(vertices[i])).norm(), 1e-12) << i;
  }
}

// Mean distance of all vertices after alignment by a similarity, millimetres.
double AlignedErrorMm(const BodyModel& body, const BodyParams& a, const BodyParams& b) {
  const Points3 from = PoseBody(body, a).vertices, to = PoseBody(body, b).vertices;
  return 1e3 * (AlignSimilarity(from, to).Apply(from) - to).rowwise().norm().mean();
}

TEST(MeshToBody, FindsTheBodyOfAnExactMesh) {
  const std::shared_ptr<const BodyModel> body = LoadBodyModel("builtin");
  const std::vector<int> vertices = Every(5, body->num_vertices());
  const MeshToBody solver(*body, vertices);
  Rng rng(2, RngStream::kTest);
  for (int i = 0; i < 10; ++i) {
    BodyParams truth = RandomParams(rng, 0.4, 1.0, 0.3);
    truth.rotation(0) = Vec3(EIGEN_PI, 0, 0) + Vec3(0.3, -0.2, 0.5) * rng.Normal();
    const Points3 all = PoseBody(*body, truth).vertices;
    const BodyOfMesh found = solver.Solve(all(vertices, Eigen::all));
    EXPECT_LT(found.rms_m, 1e-4) << i;
    EXPECT_LT(AlignedErrorMm(*body, found.params, truth), 0.05) << i;
    for (int k = 0; k < body->num_joints(); ++k) {
      EXPECT_LT(RotationAngle(ExpSO3(found.params.rotation(k)), ExpSO3(truth.rotation(k))), 0.02)
          << i << ", " << body->layout->joints[k];
    }
  }
}

TEST(MeshToBody, ClosedFormIsNearAndTheSolverOnlyImproves) {
  const std::shared_ptr<const BodyModel> body = LoadBodyModel("builtin");
  const std::vector<int> vertices = Every(3, body->num_vertices());
  const MeshToBody closed(*body, vertices, {.max_iterations = 0}), solver(*body, vertices);
  Rng rng(4, RngStream::kTest);
  for (int i = 0; i < 5; ++i) {
    const BodyParams truth = RandomParams(rng, 0.3, 1.5);
    Points3 mesh = Points3(PoseBody(*body, truth).vertices(vertices, Eigen::all));
    for (double& value : mesh.reshaped()) value += 0.01 * rng.Normal();  // no body's any more
    const BodyOfMesh first = closed.Solve(mesh), last = solver.Solve(mesh);
    EXPECT_LT(first.rms_m, 0.04) << i;
    EXPECT_LE(last.solver.cost, first.solver.cost) << i;
    // Noise of 10 mm along each axis is what is left, and far less than that reaches the body.
    EXPECT_NEAR(last.rms_m, 0.01 * std::sqrt(3.0), 1e-3) << i;
    EXPECT_LT(AlignedErrorMm(*body, last.params, truth), 4) << i;
  }
}

// Of three vertices nobody can tell a pose, and of points in one place nothing: there is an answer.
TEST(MeshToBody, AnswersWhateverItIsGiven) {
  const BodyModel body = MakeRandomBody(11);
  const MeshToBody few(body, std::vector<int>{5, 6, 150});
  Points3 mesh(3, 3);
  mesh << 0, 0, 0, 1, 0, 0, 0, 1, 0;
  EXPECT_TRUE(few.Solve(mesh).params.values().allFinite());
  const std::vector<int> vertices = Every(1, body.num_vertices());
  const MeshToBody all(body, vertices);
  EXPECT_TRUE(all.Solve(Points3::Zero(body.num_vertices(), 3)).params.values().allFinite());
  EXPECT_TRUE(
      all.Solve(Points3::Constant(body.num_vertices(), 3, 1e6)).params.values().allFinite());
}

// On SMPL's size, from what a coarse level keeps.
TEST(MeshToBody, OnSmplsSizeFromTheCoarseLevels) {
  const auto body = LoadCc0Body();
  if (!body) GTEST_SKIP() << "no CC0 body";
  const auto levels = HierarchyOf(*body, 2);
  Rng rng(6, RngStream::kTest);
  std::vector<BodyParams> truths;
  for (int i = 0; i < 6; ++i) truths.push_back(RandomParams(rng, 0.3, 1.0, 0.2));
  for (const size_t level : {1, 2}) {
    const std::vector<int> kept = KeptOfAll(std::span(*levels).first(level), body->num_vertices());
    const MeshToBody solver(*body, kept);
    for (const BodyParams& truth : truths) {
      const Points3 all = PoseBody(*body, truth).vertices;
      const BodyOfMesh found = solver.Solve(all(kept, Eigen::all));
      EXPECT_LT(AlignedErrorMm(*body, found.params, truth), 0.05) << kept.size();
    }
  }
}

}  // namespace
}  // namespace gyre
