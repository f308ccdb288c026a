// SPDX-License-Identifier: Apache-2.0
#include "core/align.h"

#include <gtest/gtest.h>

#include <Eigen/LU>
#include <Eigen/QR>
#include <cmath>
#include <limits>
#include <vector>

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

// A point of weight 3/4 among points of 1/4 counts as three of them, also where nothing fits.
TEST(AlignSimilarity, WeightsCountAsRepetitions) {
  const Points3 source = RandomPoints(6, 16), target = RandomPoints(6, 17);
  VecX weights = VecX::Constant(6, 0.25);
  weights[4] = 0.75;
  const std::vector<int> repeated = {0, 1, 2, 3, 4, 4, 4, 5};
  for (const bool with_scale : {true, false}) {
    const Similarity once = AlignSimilarity(source, target, &weights, with_scale);
    const Similarity thrice = AlignSimilarity(source(repeated, Eigen::all),
                                              target(repeated, Eigen::all), nullptr, with_scale);
    EXPECT_NEAR(once.scale, thrice.scale, 1e-12);
    EXPECT_LT((once.rotation - thrice.rotation).norm(), 1e-12);
    EXPECT_LT((once.translation - thrice.translation).norm(), 1e-12);
  }
}

// Four points of a plane, turned by a right angle about z and stretched along x only: the best
// scale lies between, the centroids meet.
TEST(AlignSimilarity, OfPointsThatDoNotFitIsTheLeastSquaresOne) {
  Points3 source(4, 3), target(4, 3);
  source << 1, 0, 0, -1, 0, 0, 0, 2, 0, 0, -2, 0;
  target << 5, 10, 7, 5, 4, 7, 3, 7, 7, 7, 7, 7;  // (x, y) to (5 - y, 7 + 3 x)
  const Similarity found = AlignSimilarity(source, target);
  Mat3 quarter;
  quarter << 0, -1, 0, 1, 0, 0, 0, 0, 1;
  EXPECT_LT((found.rotation - quarter).norm(), 1e-12);
  EXPECT_NEAR(found.scale, (3.0 + 3 + 4 + 4) / (1 + 1 + 4 + 4), 1e-12);
  EXPECT_LT((found.translation - Vec3(5, 7, 7)).norm(), 1e-12);
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

// Detections that contradict each other, as all do: confidences decide between them.
struct NoisyScene : Scene {
  NoisyScene() {
    Rng rng(18, RngStream::kTest);
    for (double& x : keypoints.reshaped()) x += rng.Normal(0, 4);
    for (double& c : confidence) c = rng.Uniform(0.05, 0.95);
    camera.center_px = {131, 87};
  }
};

TEST(EstimateTranslation, WeighsRowsBySquareRootsOfConfidences) {
  const NoisyScene scene;
  RowMatX rows = RowMatX::Zero(48, 3);
  VecX right(48);
  for (int i = 0; i < 24; ++i) {
    for (int axis = 0; axis < 2; ++axis) {
      const double weight = std::sqrt(scene.confidence[i]);
      const double offset = scene.keypoints(i, axis) - scene.camera.center_px[axis];
      rows(2 * i + axis, axis) = weight * scene.camera.focal_px;
      rows(2 * i + axis, 2) = -weight * offset;
      right[2 * i + axis] =
          weight * (offset * scene.points(i, 2) - scene.camera.focal_px * scene.points(i, axis));
    }
  }
  const Vec3 expected = rows.colPivHouseholderQr().solve(right);
  const auto t = EstimateTranslation(scene.points, scene.keypoints, scene.confidence, scene.camera);
  ASSERT_TRUE(t);
  EXPECT_LT((*t - expected).norm(), 1e-6);
}

TEST(EstimateTranslation, ConfidencesCountAsRepetitions) {
  NoisyScene scene;
  scene.confidence.setConstant(0.3);
  scene.confidence[7] = 0.6;
  std::vector<int> repeated = {7};
  for (int i = 0; i < 24; ++i) repeated.push_back(i);
  const auto once =
      EstimateTranslation(scene.points, scene.keypoints, scene.confidence, scene.camera);
  const auto twice =
      EstimateTranslation(scene.points(repeated, Eigen::all), scene.keypoints(repeated, Eigen::all),
                          VecX::Constant(25, 0.3), scene.camera);
  ASSERT_TRUE(once && twice);
  EXPECT_LT((*once - *twice).norm(), 1e-6);
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
