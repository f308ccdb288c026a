// SPDX-License-Identifier: Apache-2.0
#include "regressor/projection.h"

#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "core/camera.h"
#include "regressor/regressor_test_util.h"

namespace gyre {
namespace {

TEST(Projection, TranslationAgreesWithCore) {
  const at::Tensor cam = at::tensor({0.8, 0.1, -0.2}, at::kDouble).view({1, 3});
  const at::Tensor focal = at::tensor({5000.0}, at::kDouble);
  const at::Tensor t = TranslationFromWeakPerspective(cam, focal, 224);
  const Vec3 expected = TranslationFromWeakPerspective(Vec3(0.8, 0.1, -0.2), 5000, 224);
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(Value(t[0][i]), expected[i], 1e-6);
}

TEST(Projection, AgreesWithTheCamera) {
  Rng rng(3, RngStream::kTest);
  const at::Tensor points = RandomTensor({2, 4, 3}, rng);
  const at::Tensor translation = at::tensor({0.1, 0.2, 9.0, -0.3, 0.0, 12.0}).to(at::kDouble);
  const at::Tensor focal = at::tensor({5000.0, 800.0}, at::kDouble);
  const at::Tensor center = at::tensor({111.5, 111.5, 320.0, 240.0}, at::kDouble).view({2, 2});
  const at::Tensor pixels = ProjectPoints(points, translation.view({2, 3}), focal, center);
  const Camera camera{.focal_px = 800, .center_px = Vec2(320, 240)};
  const Vec3 point = Eigen::Map<const Vec3>(points[1][2].data_ptr<double>());
  const Vec2 expected = camera.Project(point + Vec3(-0.3, 0, 12));
  // The translation went through float.
  EXPECT_NEAR(Value(pixels[1][2][0]), expected.x(), 1e-4);
  EXPECT_NEAR(Value(pixels[1][2][1]), expected.y(), 1e-4);
}

TEST(Projection, PointsAtTheBodysDepthObeyTheWeakPerspective) {
  // x2d = s (X + t) for Z = 0, whatever the focal length and the crop's size.
  const at::Tensor point = at::tensor({0.3, -0.4, 0.0}, at::kDouble).view({1, 1, 3});
  const at::Tensor cam = at::tensor({0.9, 0.05, 0.1}, at::kDouble).view({1, 3});
  for (const auto& [focal, size] : {std::pair{5000.0, 224.0}, {700.0, 128.0}}) {
    const at::Tensor focal_px = at::tensor({focal}, at::kDouble);
    const at::Tensor translation = TranslationFromWeakPerspective(cam, focal_px, size);
    const at::Tensor x = ProjectPoints(point, translation, focal_px) / (size / 2);
    EXPECT_NEAR(Value(x[0][0][0]), 0.9 * 0.35, 1e-9);
    EXPECT_NEAR(Value(x[0][0][1]), 0.9 * -0.3, 1e-9);
  }
}

TEST(Projection, NormalizedCoordinatesHaveTheCropsMiddleAtZeroAndItsEdgesAtOne) {
  const at::Tensor pixels = at::tensor({-0.5, 63.5, 127.5}, at::kDouble);
  const at::Tensor x = NormalizedFromPixels(pixels, 128);
  EXPECT_LT(MaxAbs(x - at::tensor({-1.0, 0.0, 1.0}, at::kDouble)), 1e-12);
  EXPECT_LT(MaxAbs(PixelsFromNormalized(x, 128) - pixels), 1e-12);
}

}  // namespace
}  // namespace gyre
