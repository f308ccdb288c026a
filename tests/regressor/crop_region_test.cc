// SPDX-License-Identifier: Apache-2.0
#include "regressor/crop_region.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "body/model_joints.h"
#include "regressor/regressor_test_util.h"

namespace gyre {
namespace {

constexpr double kPi = std::numbers::pi;

at::Tensor Rows(const std::vector<double>& values, std::vector<int64_t> shape) {
  return at::tensor(values, at::kDouble).reshape(shape);
}

CropRegion Region(double x, double y, double half_side, double angle) {
  return {Rows({x, y}, {1, 2}), Rows({half_side}, {1}), Rows({angle}, {1})};
}

void ExpectNear(const at::Tensor& value, const std::vector<double>& expected, double tolerance) {
  ASSERT_EQ(value.numel(), static_cast<int64_t>(expected.size()));
  const at::Tensor flat = value.contiguous().flatten().to(at::kDouble);
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(flat[static_cast<int64_t>(i)].item<double>(), expected[i], tolerance) << i;
  }
}

TEST(CropRegionTest, StandsUprightAroundTheHips) {
  // Straight up; to the right: the body lies with its head to the right; down and left.
  const at::Tensor hips = Rows({0.1, 0.2, -0.3, 0, 0, 0}, {3, 2});
  const at::Tensor circle = Rows({0.1, -0.2, 0.2, 0, -0.3, 0.3}, {3, 2});
  const CropRegion region = RegionAround(hips, circle, 1.25, at::ones({3}, at::kBool));
  ExpectNear(region.center, {0.1, 0.2, -0.3, 0, 0, 0}, 1e-12);
  ExpectNear(region.half_side, {0.5, 0.625, 1.25 * 0.3 * std::sqrt(2.0)}, 1e-12);
  ExpectNear(region.angle, {0, kPi / 2, -3 * kPi / 4}, 1e-12);
}

TEST(CropRegionTest, IsTheWholeCropWhereNothingIsToBeSeen) {
  const double nan = std::nan("");
  // Not wanted; of no size; far larger than the crop; no number.
  const at::Tensor hips = Rows({0.1, 0.2, 0.3, 0.4, 0, 0, nan, 0}, {4, 2});
  const at::Tensor circle = Rows({0.5, 0.2, 0.31, 0.4, 9, 0, 0.5, 0}, {4, 2});
  const at::Tensor wanted = at::tensor(std::vector<int64_t>{0, 1, 1, 1}).to(at::kBool);
  const CropRegion region = RegionAround(hips, circle, 1.25, wanted);
  ExpectNear(region.center, {0, 0, 0, 0, 0, 0, 0, 0}, 0);
  ExpectNear(region.half_side, {1, 1, 1, 1}, 0);
  ExpectNear(region.angle, {0, 0, 0, 0}, 0);
}

TEST(CropRegionTest, PlacesAreTurnedThenMoved) {
  // A quarter turn takes right to down (y points down).
  const CropRegion region = Region(0.2, -0.1, 0.5, kPi / 2);
  ExpectNear(PlacesInCrop(Rows({1, 0, 0, -0.4, 0, 0}, {1, 3, 2}), region),
             {0.2, 0.4, 0.4, -0.1, 0.2, -0.1}, 1e-12);
}

TEST(CropRegionTest, OneWithinAnother) {
  const CropRegion inner = Within(Region(0.2, -0.1, 0.5, kPi / 2), Region(0.4, 0.6, 0.3, -0.7));
  ExpectNear(inner.center, {0.2 - 0.3, -0.1 + 0.2}, 1e-12);
  ExpectNear(inner.half_side, {0.15}, 1e-12);
  ExpectNear(inner.angle, {kPi / 2 - 0.7}, 1e-12);
}

TEST(CropRegionTest, CutsWhatIsThere) {
  // 4 x 4 pixels, each its number. A quarter of the picture, its lower right, turned a quarter:
  // the region's right is down.
  const at::Tensor image = at::arange(16, at::kDouble).reshape({1, 1, 4, 4});
  const at::Tensor cut = CutRegions(image, Region(0.5, 0.5, 0.5, kPi / 2));
  ASSERT_EQ(cut.sizes(), at::IntArrayRef({1, 1, 4, 4}));
  const auto corner = [&](int row, int column) { return Value(cut[0][0][row][column]); };
  // Pixels 10 11 / 14 15 are seen as 11 15 / 10 14, in steps of half a pixel: the inner four are a
  // quarter of a pixel from each pixel's middle.
  EXPECT_NEAR(corner(2, 1), 10 + 0.25 + 4 * 0.25, 1e-9);
  EXPECT_NEAR(corner(1, 1), 11 - 0.25 + 4 * 0.25, 1e-9);
  EXPECT_NEAR(corner(1, 2), 15 - 0.25 - 4 * 0.25, 1e-9);
  EXPECT_NEAR(corner(2, 2), 14 + 0.25 - 4 * 0.25, 1e-9);
}

// The crop's camera sees the body's points where the region's camera saw them in the region.
TEST(CropRegionTest, BodiesAndCamerasSayTheSameOfTheCrop) {
  const BodyModel& body = BuiltinBody();
  Rng rng(3, RngStream::kTest);
  const BodyParams params = RandomBodyParams(rng);
  const Vec3 pelvis = RestJoints(body).PelvisAt(params.shape());
  const CropRegion region = Region(0.3, -0.2, 0.7, 0.6);
  Output said;
  said.rotations = RotationsOf(params);
  said.betas = TensorOf(params.betas().transpose());
  said.camera = Rows({0.8, 0.1, -0.3}, {1, 3});
  const at::Tensor before = said.rotations.clone();
  const Output of_crop = InCrop(said, region, TensorOf(pelvis.transpose()));

  const double c = std::cos(0.6), s = std::sin(0.6);
  const at::Tensor turn = Rows({c, -s, 0, s, c, 0, 0, 0, 1}, {3, 3});
  EXPECT_LT(MaxAbs(of_crop.rotations[0][0] - turn.matmul(before[0][0])), 1e-12);
  EXPECT_EQ(MaxAbs(of_crop.rotations.slice(1, 1) - before.slice(1, 1)), 0);
  EXPECT_NEAR(of_crop.camera[0][0].item<double>(), 0.56, 1e-12);

  BodyParams turned = params;
  turned.rotation(0) = LogSO3(ExpSO3({0, 0, 0.6}) * ExpSO3(params.rotation(0)));
  const KeypointSet& set = FindKeypointSet("coco17");
  const Points3 in_region = ModelJoints(body, params, set),
                in_crop = ModelJoints(body, turned, set);
  for (int i = 0; i < set.size(); ++i) {
    const Vec2 seen = 0.8 * (in_region.row(i).head<2>().transpose() + Vec2(0.1, -0.3));
    const Vec2 place =
        Vec2(0.3, -0.2) + 0.7 * Vec2(c * seen.x() - s * seen.y(), s * seen.x() + c * seen.y());
    const Vec2 offset(of_crop.camera[0][1].item<double>(), of_crop.camera[0][2].item<double>());
    const Vec2 crop = 0.56 * (in_crop.row(i).head<2>().transpose() + offset);
    EXPECT_LT((crop - place).norm(), 1e-9) << set.joints[i];
  }
}

}  // namespace
}  // namespace gyre
