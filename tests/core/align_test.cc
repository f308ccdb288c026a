// SPDX-License-Identifier: Apache-2.0
#include "core/align.h"

#include <gtest/gtest.h>

#include <Eigen/LU>
#include <limits>

#include "core/rng.h"
#include "core/so3.h"

namespace gyre {
namespace {

Points3 RandomPoints(int count, uint64_t seed) {
  Rng rng(seed, RngStream::kTest);
  Points3 points(count, 3);
  for (double& x : points.reshaped()) x = rng.Normal();
  return points;
}

TEST(AlignSimilarity, RecoversASimilarity) {
  const Points3 source = RandomPoints(14, 1);
  const Similarity truth{1.7, ExpSO3(Vec3(1, -2, 0.5)), Vec3(3, -4, 5)};
  const Similarity found = AlignSimilarity(source, truth.Apply(source));
  EXPECT_NEAR(found.scale, truth.scale, 1e-12);
  EXPECT_LT((found.rotation - truth.rotation).norm(), 1e-12);
  EXPECT_LT((found.translation - truth.translation).norm(), 1e-12);
}

TEST(AlignSimilarity, KeepsTheScaleWhenAsked) {
  const Points3 source = RandomPoints(14, 2);
  const Similarity truth{2, ExpSO3(Vec3(0.1, 0.2, 0.3)), Vec3(1, 1, 1)};
  const Similarity found = AlignSimilarity(source, truth.Apply(source), nullptr, false);
  EXPECT_EQ(found.scale, 1);
  EXPECT_LT((found.rotation - truth.rotation).norm(), 1e-12);
}

TEST(AlignSimilarity, NeverMirrors) {
  const Points3 source = RandomPoints(14, 3);
  const Points3 mirrored = source * Vec3(-1, 1, 1).asDiagonal();
  const Similarity found = AlignSimilarity(source, mirrored);
  EXPECT_NEAR(found.rotation.determinant(), 1, 1e-12);
  EXPECT_GT((found.Apply(source) - mirrored).norm(), 0.5);
  // Nothing near the result does better.
  const double best = (found.Apply(source) - mirrored).squaredNorm();
  Rng rng(4, RngStream::kTest);
  for (int trial = 0; trial < 100; ++trial) {
    Similarity other = found;
    other.rotation = ExpSO3(0.05 * Vec3(rng.Normal(), rng.Normal(), rng.Normal())) * found.rotation;
    other.scale *= 1 + 0.05 * rng.Normal();
    EXPECT_GT((other.Apply(source) - mirrored).squaredNorm(), best - 1e-9);
  }
}

TEST(AlignSimilarity, HandlesPointsInAPlane) {
  Points3 source = RandomPoints(6, 5);
  source.col(2).setZero();
  const Similarity truth{0.5, ExpSO3(Vec3(2, 1, 0)), Vec3(0, 1, 0)};
  const Similarity found = AlignSimilarity(source, truth.Apply(source));
  EXPECT_LT((found.rotation - truth.rotation).norm(), 1e-9);
}

TEST(AlignSimilarity, WeightsIgnorePoints) {
  const Points3 source = RandomPoints(10, 6);
  const Similarity truth{1.2, ExpSO3(Vec3(0, 1, 0)), Vec3(0, 0, 2)};
  Points3 target = truth.Apply(source);
  target.row(3).array() += 10;
  VecX weights = VecX::Constant(10, 3);
  weights[3] = 0;
  const Similarity found = AlignSimilarity(source, target, &weights);
  EXPECT_NEAR(found.scale, truth.scale, 1e-12);
  EXPECT_LT((found.rotation - truth.rotation).norm(), 1e-12);
}

TEST(AlignSimilarity, DegenerateSourceGivesTheOffset) {
  const Points3 source = Points3::Constant(4, 3, 2);
  const Points3 target = RandomPoints(4, 7);
  const Similarity found = AlignSimilarity(source, target);
  EXPECT_EQ(found.scale, 1);
  EXPECT_TRUE(found.rotation.allFinite());
  const Vec3 center = target.colwise().mean().transpose();
  EXPECT_LT((found.Apply(source).row(0).transpose() - center).norm(), 1e-12);
}

struct Scene {
  Points3 points = RandomPoints(24, 8) * 0.4;
  Vec3 truth{0.3, -0.2, 42};
  Camera camera = SpinCropCamera();
  Points2 keypoints{24, 2};
  VecX confidence = VecX::Ones(24);
  Scene() {
    for (int i = 0; i < 24; ++i) {
      keypoints.row(i) = camera.Project(points.row(i).transpose() + truth).transpose();
    }
  }
};

TEST(EstimateTranslation, IsExactOnCleanData) {
  Scene scene;
  scene.confidence.head(10).setConstant(0.25);
  const auto t = EstimateTranslation(scene.points, scene.keypoints, scene.confidence, scene.camera);
  ASSERT_TRUE(t);
  EXPECT_LT((*t - scene.truth).norm(), 1e-8);
}

TEST(EstimateTranslation, IgnoresPointsWithoutConfidence) {
  Scene scene;
  scene.keypoints.row(2) << 0, 0;
  scene.confidence[2] = 0;
  const auto t = EstimateTranslation(scene.points, scene.keypoints, scene.confidence, scene.camera);
  ASSERT_TRUE(t);
  EXPECT_LT((*t - scene.truth).norm(), 1e-8);
}

TEST(EstimateTranslation, GivesNothingWhenItCannotKnow) {
  const Scene scene;
  const auto estimate = [&](const Points2& keypoints, const VecX& confidence) {
    return EstimateTranslation(scene.points, keypoints, confidence, scene.camera);
  };
  VecX one = VecX::Zero(24);
  EXPECT_FALSE(estimate(scene.keypoints, one));
  one[5] = 1;
  EXPECT_FALSE(estimate(scene.keypoints, one));
  Points2 broken = scene.keypoints;
  broken(3, 1) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(estimate(broken, scene.confidence));
  // Mirrored through the centre, the data say that the body is behind the camera.
  const Points2 behind =
      (-(scene.keypoints.rowwise() - scene.camera.center_px.transpose())).rowwise() +
      scene.camera.center_px.transpose();
  const auto t = estimate(behind, scene.confidence);
  EXPECT_FALSE(t && t->z() < 0);
  // All keypoints at the centre: any depth would do.
  EXPECT_FALSE(EstimateTranslation(Points3::Zero(24, 3),
                                   scene.camera.center_px.transpose().replicate(24, 1),
                                   scene.confidence, scene.camera));
}

}  // namespace
}  // namespace gyre
