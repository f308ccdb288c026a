// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/limb_lift.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include "regressor/golden_heads.h"
#include "regressor/regressor_test_util.h"

namespace gyre {
namespace {

// Two people of four joints: a thigh of 0.4, a shank of 0.5 and a foot of 0.1 metres.
const std::vector<Limb> kLeg = {{0, 1, 0.4}, {1, 2, 0.5}, {2, 3, 0.1}};

at::Tensor Legs() {
  Rng rng(8, RngStream::kTest);
  const at::Tensor directions = RandomTensor({2, 3, 3}, rng);
  const at::Tensor unit = directions / directions.norm(2, 2, true);
  at::Tensor joints = at::zeros({2, 4, 3}, at::kDouble);
  for (int64_t i = 0; i < 3; ++i) {
    joints.select(1, i + 1).copy_(joints.select(1, i) + kLeg[i].length_m * unit.select(1, i));
  }
  return joints;
}

TEST(LimbLift, FindsTheDepthOfAPerspectiveCamera) {
  const at::Tensor joints = Legs();
  const double depths[] = {2.71, 6.3};
  for (int64_t i = 0; i < 2; ++i) {
    const at::Tensor z = joints[i].narrow(1, 2, 1);
    const at::Tensor in_camera = joints[i] + at::tensor({0.3, -0.2, depths[i]}, at::kDouble);
    const at::Tensor ray = in_camera / in_camera.narrow(1, 2, 1);
    const LiftResult lift = LiftByLimbs((z * ray).unsqueeze(0), ray.unsqueeze(0), kLeg, 0.5, 30);
    EXPECT_NEAR(Value(lift.t[0]), depths[i], 1e-6 * depths[i]);
    EXPECT_LT(Value(lift.residual[0]), 1e-6);
    EXPECT_LT(MaxAbs(JointsAt(z * ray, ray, lift.t[0]) - in_camera), 1e-5);
  }
}

TEST(LimbLift, FindsTheScaleOfAWeakPerspective) {
  const at::Tensor joints = Legs();
  const at::Tensor scale = at::tensor({0.83, 1.9}, at::kDouble);
  at::Tensor uvd = joints.clone();
  uvd.narrow(2, 0, 2) *= scale.unsqueeze(1).unsqueeze(2);
  const auto [lifted, found] = LiftUvd(uvd, kLeg, /*extent_m=*/1);
  EXPECT_LT(MaxAbs(found - scale), 1e-6);
  EXPECT_LT(MaxAbs(lifted - joints), 1e-6);
  // Limbs that are too short for their depths: the nearest there is, and no NaN.
  const auto [point, largest] = LiftUvd(at::zeros({1, 4, 3}, at::kDouble), kLeg, 1);
  EXPECT_TRUE(point.isfinite().all().item<bool>());
  EXPECT_TRUE(largest.isfinite().all().item<bool>());
}

// Depths twice as long as limbs bear out are halved; what is seen keeps its size.
TEST(LimbLift, DepthsAreBelievedAsFarAsLimbsBearThemOut) {
  const at::Tensor joints = Legs();
  at::Tensor uvd = joints.clone();
  uvd.narrow(2, 0, 2) *= 1.4;
  uvd.narrow(2, 2, 1) *= 2;
  const auto [lifted, scale] = LiftUvd(uvd, kLeg, 1);
  EXPECT_LT(MaxAbs(scale - 1.4), 1e-5);
  EXPECT_LT(MaxAbs(lifted - joints), 1e-5);
  // Seen from the side, of depths that mean nothing: the leg is flat. All believed, they would make
  // it six times as long as it is, and the search shrink it as far as it may.
  at::Tensor flat = at::zeros({1, 4, 3}, at::kDouble);
  const double along[] = {0, 0.4, 0.9, 1}, depths[] = {0, 1.7, -1.5, 1.9};
  for (int64_t j = 0; j < 4; ++j)
    flat[0][j] = at::tensor({0.1, 0.8 * along[j], depths[j]}, at::kDouble);
  const auto [leg, size] = LiftUvd(flat, kLeg, 1);
  EXPECT_NEAR(Value(size[0]), 0.8, 0.01);
  EXPECT_LT(MaxAbs(leg.select(2, 2)), 0.02);
}

// Depths are never stretched: where they are too short it is the search for the scale alone.
TEST(LimbLift, DepthsAreNotStretched) {
  at::Tensor uvd = Legs();
  uvd.narrow(2, 2, 1) *= 0.7;
  const auto [lifted, scale] = LiftUvd(uvd, kLeg, 1);
  EXPECT_LT(MaxAbs(lifted.select(2, 2) - uvd.select(2, 2)), 1e-6);
  const at::Tensor zero = at::zeros_like(uvd.narrow(2, 0, 2));
  const LiftResult alone = LiftByLimbs(
      at::cat({zero, uvd.narrow(2, 2, 1)}, 2),
      at::cat({uvd.narrow(2, 0, 2), at::zeros_like(uvd.narrow(2, 2, 1))}, 2), kLeg, 1.0 / 6, 1.5);
  EXPECT_LT(MaxAbs(1 / scale - alone.t), 1e-6);
}

// A leg of 1.2 m fills the crop at scale 1.67, and is sought between 0.56 and 5.
TEST(LimbLift, StaysNearTheScaleAtWhichThePersonFillsTheCrop) {
  at::Tensor uvd = at::zeros({2, 4, 3}, at::kDouble);
  for (int64_t j = 0; j < 4; ++j) {
    uvd[0][j] = at::tensor({0.1, 3.0 * j, 0.1}, at::kDouble);    // as from a hand's breadth
    uvd[1][j] = at::tensor({0.0, 0.001 * j, 0.0}, at::kDouble);  // hardly anything to see
  }
  const auto [lifted, scale] = LiftUvd(uvd, kLeg, 1.2);
  EXPECT_NEAR(Value(scale[0]), 5, 1e-4);
  EXPECT_NEAR(Value(scale[1]), 2 / 3.6, 1e-4);
  EXPECT_NEAR(Value(lifted[0][3][1]), 9.0 / 5, 1e-4);
}

TEST(LimbLift, ExtentIsTheGreatestDistanceOfTwo) {
  RowMatX joints(4, 3);
  joints << 0, 0, 0, 0.3, -0.1, 0, -0.1, 0.2, 0.2, 0.1, 0.1, 0.1;
  EXPECT_NEAR(ExtentOf(joints), std::sqrt(0.16 + 0.09 + 0.04), 1e-12);
}

class GoldenC2fLift : public GoldenHeads {
 protected:
  GoldenC2fLift() : GoldenHeads("c2f.npz") {}
};

TEST_F(GoldenC2fLift, RootDepthsAndSkeletons) {
  const at::Tensor pairs = At("lift/limbs_parent_child_0based"),
                   lengths = At("lift/mean_limb_lengths_mm"), pixels = At("lift/pixels"),
                   z = At("lift/z_relative_mm").unsqueeze(2);
  std::vector<Limb> limbs;
  for (int64_t i = 0; i < pairs.size(0); ++i) {
    limbs.push_back({pairs[i][0].item<int64_t>(), pairs[i][1].item<int64_t>(), Value(lengths[i])});
  }
  const at::Tensor ones = at::ones({pixels.size(0), pixels.size(1), 1}, at::kDouble);
  const at::Tensor ray =
      at::matmul(at::cat({pixels, ones}, 2), At("lift/K").inverse().transpose(0, 1));
  const LiftResult lift = LiftByLimbs(ray * z, ray, limbs, 500, 30000);
  const at::Tensor depth = At("lift/root_depth_mm");
  EXPECT_LT(MaxAbs(lift.t / depth - 1), 1e-6);
  EXPECT_LT(MaxAbs(lift.residual - At("lift/objective_mm")), 1e-3);
  const at::Tensor skeleton = At("lift/skeleton_mm");
  EXPECT_LT(MaxAbs(JointsAt(ray * z, ray, lift.t) - skeleton), 1e-6 * MaxAbs(skeleton));
}

}  // namespace
}  // namespace gyre
