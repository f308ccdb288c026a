// SPDX-License-Identifier: Apache-2.0
#include "core/camera.h"

#include <gtest/gtest.h>

#include <Eigen/Geometry>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "core/rng.h"

namespace gyre {
namespace {

constexpr double kPi = std::numbers::pi;

TEST(Camera, ProjectsAlongItsAxes) {
  const Camera camera{1000, {320, 240}};
  EXPECT_EQ(camera.Project({0, 0, 5}), Vec2(320, 240));
  EXPECT_EQ(camera.Project({1, 0, 5}), Vec2(520, 240));  // right in the world, right in the image
  EXPECT_EQ(camera.Project({0, 1, 5}), Vec2(320, 440));  // down
}

TEST(CropMap, TakesTheBoxToTheCrop) {
  const Box box{{100, 50}, 448};
  const CropMap map(box, 224);
  EXPECT_DOUBLE_EQ(map.scale(), 0.5);
  EXPECT_LT((map.CropFromImage({100, 50}) - Vec2(111.5, 111.5)).norm(), 1e-12);
  EXPECT_LT((map.CropFromImage({120, 50}) - Vec2(121.5, 111.5)).norm(), 1e-12);
  const CropMap flipped(box, 224, 0, true);
  EXPECT_LT((flipped.CropFromImage({120, 40}) - Vec2(101.5, 106.5)).norm(), 1e-12);
}

// A positive angle turns the box clockwise on the screen: what stands to the right of a box turned
// by 90 degrees is below in the image.
TEST(CropMap, TurnsTheBoxClockwise) {
  const CropMap map({{100, 50}, 224}, 224, kPi / 2);
  EXPECT_LT((map.CropFromImage({100, 60}) - Vec2(121.5, 111.5)).norm(), 1e-12);
}

TEST(CropMap, RoundTripsAndMatchesItsMatrix) {
  Rng rng(1, RngStream::kTest);
  for (int trial = 0; trial < 50; ++trial) {
    const Box box{{rng.Uniform(0, 600), rng.Uniform(0, 400)}, rng.Uniform(20, 900)};
    const CropMap map(box, 224, rng.Uniform(-kPi, kPi), rng.Bernoulli(0.5));
    const Vec2 point(rng.Uniform(-100, 700), rng.Uniform(-100, 500));
    const Vec2 in_crop = map.CropFromImage(point);
    EXPECT_LT((map.ImageFromCrop(in_crop) - point).norm(), 1e-9);
    EXPECT_LT((map.CropFromImageMatrix() * point.homogeneous() - in_crop).norm(), 1e-9);
  }
}

TEST(CropMap, CropCameraSeesWhatTheCropShows) {
  Rng rng(2, RngStream::kTest);
  const Camera camera{1145, {512, 515}};
  for (int trial = 0; trial < 50; ++trial) {
    const CropMap map({{rng.Uniform(0, 1000), rng.Uniform(0, 1000)}, rng.Uniform(50, 800)}, 224);
    const Vec3 point(rng.Normal(), rng.Normal(), rng.Uniform(3, 8));
    const Camera crop_camera = map.CropCamera(camera);
    EXPECT_LT((crop_camera.Project(point) - map.CropFromImage(camera.Project(point))).norm(), 1e-9);
    const Camera back = map.ImageCamera(crop_camera);
    EXPECT_NEAR(back.focal_px, camera.focal_px, 1e-9);
    EXPECT_LT((back.center_px - camera.center_px).norm(), 1e-9);
  }
}

TEST(CropMap, RefusesEmptyBoxes) {
  EXPECT_THROW(CropMap({{0, 0}, 0}, 224), std::logic_error);
  EXPECT_THROW(CropMap({{0, 0}, std::nan("")}, 224), std::logic_error);
}

TEST(Box, HoldsThePointsWithConfidence) {
  Points2 points(4, 2);
  points << 10, 20, 30, 80, 0, 0, 20, 30;
  const VecX confidence = (VecX(4) << 1, 0.5, 0, 1).finished();
  const auto box = BoxAroundPoints(points, confidence, 1.2);
  ASSERT_TRUE(box);
  EXPECT_LT((box->center_px - Vec2(20, 50)).norm(), 1e-12);
  EXPECT_NEAR(box->side_px, 72, 1e-12);
  // Wider than high, and the box as wide as the points alone.
  Points2 lying(3, 2);
  lying << 7, 40, 101, 44, 31, 58;
  const auto wide = BoxAroundPoints(lying, VecX::Constant(3, 0.125), 1);
  ASSERT_TRUE(wide);
  EXPECT_EQ(wide->center_px, Vec2(54, 49));
  EXPECT_EQ(wide->side_px, 94);
  // What is hardly more than guessed beside the surest does not make a person larger.
  const auto sure = BoxAroundPoints(points, (VecX(4) << 0.8, 0.07, 0.3, 0.09).finished(), 1);
  ASSERT_TRUE(sure);
  EXPECT_EQ(sure->center_px, Vec2(10, 15));
  EXPECT_EQ(sure->side_px, 30);
  EXPECT_FALSE(BoxAroundPoints(points, VecX::Zero(4), 1.2));
  EXPECT_FALSE(BoxAroundPoints(points, (VecX(4) << 1, 0, 0, 0).finished(), 1.2));
}

TEST(WeakPerspective, RoundTrips) {
  const Vec3 camera(0.9, 0.1, -0.2);
  const Vec3 t = TranslationFromWeakPerspective(camera, kSpinFocalPx, kReferenceCropPx);
  EXPECT_NEAR(t.z(), 2 * 5000 / (224 * 0.9), 1e-6);
  EXPECT_LT((WeakPerspectiveFromTranslation(t, kSpinFocalPx, kReferenceCropPx) - camera).norm(),
            1e-9);
}

// Another camera than SPIN's: neither the crop nor the lens is a constant.
TEST(WeakPerspective, TakesAnyCropAndFocalLength) {
  const Vec3 t = TranslationFromWeakPerspective({0.5, 0.3, -0.7}, 1200, 160);
  EXPECT_LT((t - Vec3(0.3, -0.7, 2 * 1200 / (160 * 0.5))).norm(), 1e-6);
  const Vec3 camera = WeakPerspectiveFromTranslation({0.3, -0.7, 25}, 1200, 160);
  EXPECT_LT((camera - Vec3(0.6, 0.3, -0.7)).norm(), 1e-12);
}

// A point at the translation's depth lands at s (X + t) half crops from the crop's centre.
TEST(WeakPerspective, AgreesWithTheSpinCamera) {
  const Vec3 s_t(0.8, 0.05, 0.1);
  const Vec3 t = TranslationFromWeakPerspective(s_t, kSpinFocalPx, kReferenceCropPx);
  const Vec3 body(0.3, -0.6, 0);
  const Camera camera = SpinCropCamera();
  EXPECT_EQ(camera.center_px, Vec2(111.5, 111.5));
  const Vec2 expected = camera.center_px + 112 * s_t[0] * (body.head<2>() + Vec2(s_t[1], s_t[2]));
  EXPECT_LT((camera.Project(body + t) - expected).norm(), 1e-6);
}

}  // namespace
}  // namespace gyre
