// SPDX-License-Identifier: Apache-2.0
// Lenses and losses of lifted clips, by numbers.
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "regressor/layers/lens.h"
#include "regressor/losses/clip_losses.h"
#include "regressor/regressor_test_util.h"

namespace gyre {
namespace {

at::Tensor Doubles(const std::vector<double>& values, at::IntArrayRef shape) {
  return at::tensor(values, at::kDouble).reshape(shape);
}

TEST(Lens, BendsWhatAPinholeSees) {
  const at::Tensor camera = Doubles({2, 3, 0.1, -0.2, 0.1, -0.2, 0.4, 0.01, -0.02}, {1, 9});
  const at::Tensor points = Doubles({1, -0.5, 2}, {1, 1, 3});
  EXPECT_LT(MaxAbs(ProjectPinhole(points, camera) - Doubles({1.1, -0.95}, {1, 1, 2})), 1e-12);
  // q = (1/2, -1/4), r^2 = 5/16: radial 1.02392578125, p . q = 0.01.
  EXPECT_LT(MaxAbs(ProjectThroughLens(points, camera) -
                   Doubles({1.14017578125, -0.9941943359375}, {1, 1, 2})),
            1e-12);
}

TEST(Lens, HoldsWhatNoLensSees) {
  const at::Tensor camera = Doubles({2, 3, 0.1, -0.2, 0, 0, 0, 0, 0}, {1, 9});
  const at::Tensor points = Doubles({5, -0.5, 2}, {1, 1, 3}).requires_grad_();
  const at::Tensor seen = ProjectThroughLens(points, camera);
  EXPECT_LT(MaxAbs(seen - Doubles({2.1, -0.95}, {1, 1, 2})), 1e-12);
  seen.sum().backward();
  EXPECT_EQ(points.grad()[0][0][0].item<double>(), 0);
  EXPECT_EQ(points.grad()[0][0][1].item<double>(), 1.5);  // 3 / 2
}

TEST(Lens, ScreensAreAsWideAsTwo) {
  const at::Tensor px = Doubles({250, 400}, {1, 2}), screen = ScreenFromPixels(px, 1000, 500);
  EXPECT_LT(MaxAbs(screen - Doubles({-0.5, 0.3}, {1, 2})), 1e-12);
  EXPECT_LT(MaxAbs(PixelsFromScreen(screen, 1000, 500) - px), 1e-10);
}

TEST(ClipLosses, DistancesAreWeightedNotSquared) {
  const at::Tensor points = Doubles({3, 4, 0, 0, 0, 2}, {1, 2, 1, 3}),
                   zero = at::zeros_like(points);
  EXPECT_DOUBLE_EQ(Value(MeanDistance(points, zero)), 3.5);
  EXPECT_DOUBLE_EQ(Value(MeanDistance(points, zero, Doubles({0.5, 0.25}, {1, 2, 1}))), 1.5);
}

TEST(ClipLosses, BonesAreComparedByTheirMeans) {
  const std::vector<int> parents = {-1, 0, 1};
  const at::Tensor one = Doubles({0, 0, 0, 1, 0, 0, 1, 2, 0}, {1, 1, 3, 3});  // bones 1 and 2
  const at::Tensor two = Doubles({0, 0, 0, 0, 0, 3, 0, 0, 4,                  // 3 and 1
                                  5, 0, 0, 5, 0, 1, 5, 4, 1},                 // 1 and 4
                                 {1, 2, 3, 3});
  EXPECT_DOUBLE_EQ(Value(BoneLengthDifference(one, two, parents)), 0.75);  // of 1 and of 1/2
}

}  // namespace
}  // namespace gyre
