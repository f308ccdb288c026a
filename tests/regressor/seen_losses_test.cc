// SPDX-License-Identifier: Apache-2.0
// Losses of where joints are seen: uvd and volumes; and those of bodies that came with them.
#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "body/joints.h"
#include "regressor/golden_heads.h"
#include "regressor/layers/volumes.h"
#include "regressor/losses/losses.h"
#include "regressor/regressor_test_util.h"
#include "regressor/rotation.h"

namespace gyre {
namespace {

const KeypointSet& ThreeJoints() {
  static const KeypointSet set{"three", {"OP RHip", "OP LHip", "OP RKnee"}};
  return set;
}

// Two people.
class SeenLossesTest : public ::testing::Test {
 protected:
  SeenLossesTest() {
    said_.uvd_set = known_.uvd_set = &ThreeJoints();
    said_.volume_depth_m = 2;
    known_.uvd = at::zeros({2, 3, 3}, at::kDouble);
    known_.uvd_weight = at::ones({2, 3, 3}, at::kDouble);
    weights_.norm = LossNorm::kL1;
    weights_.mean = LossMean::kObserved;
  }
  double Of(Quotient (*loss)(const Output&, const Targets&, const LossOptions&)) const {
    const Quotient quotient = loss(said_, known_, weights_);
    return Value(quotient.numerator / quotient.denominator);
  }

  Output said_;
  Targets known_;
  LossOptions weights_;
};

TEST_F(SeenLossesTest, UvdIsAMeanOverWhatIsKnown) {
  said_.uvd = at::zeros({2, 3, 3}, at::kDouble);
  said_.uvd[0][1][0] = 0.3;
  said_.uvd[1][2][2] = -0.5;
  known_.uvd_weight[0][1].fill_(0.5);
  known_.uvd_weight[1][0].fill_(0);
  known_.uvd[1][0].fill_(std::numeric_limits<double>::quiet_NaN());
  // 18 numbers, of which three have weight 0 and three half.
  EXPECT_NEAR(Of(UvdLoss), (0.5 * 0.3 + 0.5) / (18 - 3 - 1.5), 1e-12);
  weights_.mean = LossMean::kAll;
  EXPECT_NEAR(Of(UvdLoss), (0.5 * 0.3 + 0.5) / 18, 1e-12);
  weights_.norm = LossNorm::kSquared;
  EXPECT_NEAR(Of(UvdLoss), (0.5 * 0.09 + 0.25) / 18, 1e-12);
}

TEST_F(SeenLossesTest, NothingIsComparedThatIsNotSaid) {
  EXPECT_FALSE(UvdLoss(said_, known_, weights_).defined());
  EXPECT_FALSE(VolumeLoss(said_, known_, weights_).defined());
  said_.rotations = known_.rotations = at::eye(3, at::kDouble).expand({2, 4, 3, 3});
  known_.valid = at::ones({2}, at::kDouble);
  EXPECT_FALSE(AxisAngleLoss(said_, known_, weights_).defined());  // has no weight
  EXPECT_FALSE(BodyJointLoss(said_, known_, weights_).defined());
}

TEST_F(SeenLossesTest, VolumesOfAStackAreMeansOverTheirCells) {
  const at::Tensor flat_cells = at::full({2, 3, 3}, 7.5, at::kDouble);  // the middle, between cells
  const at::Tensor coarse = GaussianVolumes(flat_cells * at::tensor({1.0, 1.0, 0.0}), {1, 16, 16}),
                   fine = GaussianVolumes(flat_cells, {16, 16, 16});
  said_.heat_maps = {coarse.clone(), fine.clone()};
  EXPECT_NEAR(Of(VolumeLoss), 0, 1e-12);
  said_.heat_maps[0][1][2][0][3][4] += 0.5;
  said_.heat_maps[1][0][0][2][3][4] += 0.5;
  EXPECT_NEAR(Of(VolumeLoss), 0.25 / (16 * 16) / 6 + 0.25 / (16 * 16 * 16) / 6, 1e-12);
  // A joint that is not seen counts for nothing, NaN included.
  known_.uvd_weight[1][2].fill_(0);
  known_.uvd[1][2].fill_(std::numeric_limits<double>::quiet_NaN());
  EXPECT_NEAR(Of(VolumeLoss), 0.25 / (16 * 16 * 16) / 5, 1e-12);
}

// People of whom two dimensions alone are known teach the sum over depth, and leave depth alone.
TEST_F(SeenLossesTest, WithoutDepthTheMarginalTeaches) {
  known_.uvd_weight.select(2, 2).fill_(0);
  known_.uvd.select(2, 2).fill_(std::numeric_limits<double>::quiet_NaN());
  known_.uvd.select(2, 0).fill_(2.0 / 16);  // cell 8 of 16, but half
  at::Tensor cells = at::full({2, 3, 3}, 7.5, at::kDouble);
  cells.select(2, 0).fill_(8.5);
  double losses[2];
  for (const int64_t depth : {3, 9}) {
    cells.select(2, 2).fill_(static_cast<double>(depth));
    said_.heat_maps = {GaussianVolumes(cells, {16, 16, 16}).requires_grad_()};
    losses[depth == 9] = Of(VolumeLoss);
    const Quotient quotient = VolumeLoss(said_, known_, weights_);
    quotient.numerator.backward();
    const at::Tensor gradient = said_.heat_maps[0].grad();
    // The same in every cell of a column.
    EXPECT_LT(MaxAbs(gradient - gradient.narrow(2, 0, 1)), 1e-15);
  }
  EXPECT_LT(losses[0], 1e-12);
  EXPECT_LT(losses[1], 1e-12);
  // In the wrong place it is the flat loss.
  cells.select(2, 0).fill_(6.5);
  said_.heat_maps = {GaussianVolumes(cells, {16, 16, 16})};
  EXPECT_GT(Of(VolumeLoss), 0.005);
}

TEST_F(SeenLossesTest, RotationsAsAxisAngle) {
  weights_.axis_angle = 1;
  said_.rotations = at::eye(3, at::kDouble).expand({2, 1, 3, 3}).clone();
  known_.rotations = said_.rotations.clone();
  known_.valid = at::ones({2}, at::kDouble);
  // A quarter turn about z.
  known_.rotations[1][0] =
      at::tensor({0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0}, at::kDouble).view({3, 3});
  EXPECT_NEAR(Of(AxisAngleLoss), M_PI / 2 / 6, 1e-12);
}

TEST_F(SeenLossesTest, JointsOfTheBodyThatTeaches) {
  weights_.body_joints = 1;
  said_.set = known_.set = &ThreeJoints();
  said_.joints = at::zeros({2, 3, 3}, at::kDouble);
  known_.body_joints = at::full({2, 3, 3}, 4.0, at::kDouble);
  known_.valid = at::ones({2}, at::kDouble);
  EXPECT_NEAR(Of(BodyJointLoss), 0, 1e-12);  // both about their own hips
  said_.joints[0][2][1] = 0.9;
  EXPECT_NEAR(Of(BodyJointLoss), 0.9 / 18, 1e-12);
  known_.body_joints[1][2].fill_(0);  // a joint that the body does not have
  EXPECT_NEAR(Of(BodyJointLoss), 0.9 / 15, 1e-12);
  known_.valid[0] = 0;
  EXPECT_NEAR(Of(BodyJointLoss), 0, 1e-12);
}

class GoldenPose2PoseLosses : public GoldenHeads {
 protected:
  GoldenPose2PoseLosses() : GoldenHeads("pose2pose.npz") {}
};

// CoordLoss: means over all entries, the masked ones too, depth of people with 3D labels alone.
TEST_F(GoldenPose2PoseLosses, Coordinates) {
  Output said;
  Targets known;
  said.uvd_set = known.uvd_set = &FindKeypointSet("body25");
  said.uvd = At("loss/coord_out");
  known.uvd = At("loss/coord_gt");
  known.uvd_weight = At("loss/valid").expand({2, 25, 3}).clone();
  LossOptions weights;
  weights.norm = LossNorm::kL1;
  const at::Tensor expected = At("loss/coord_mean");
  const auto value = [&] {
    const Quotient quotient = UvdLoss(said, known, weights);
    return Value(quotient.numerator / quotient.denominator);
  };
  const double everywhere = value();
  known.uvd_weight.select(2, 2) *= At("loss/is_3d").unsqueeze(1);
  const double masked = value();
  EXPECT_NEAR(masked, Value(expected[0]), 1e-6);
  EXPECT_NEAR(everywhere, Value(expected[1]), 1e-6);
}

TEST_F(GoldenPose2PoseLosses, Parameters) {
  const at::Tensor said = At("loss/param_out"), valid = At("loss/param_valid");
  const Quotient quotient =
      WeightedMean(said - At("loss/param_gt"), valid,
                   at::full({}, static_cast<double>(said.numel()), at::kDouble), LossNorm::kL1);
  EXPECT_NEAR(Value(quotient.numerator / quotient.denominator), Value(At("loss/param_mean")[0]),
              1e-6);
}

TEST_F(GoldenPose2PoseLosses, AxisAngleOfSixD) {
  const at::Tensor angles = AxisAngleFromRotation(RotationFromSixD(At("rot6d/in")));
  EXPECT_LT(MaxAbs(angles - At("rot6d/axis_angle")), 1e-5);
}

class GoldenC2fLosses : public GoldenHeads {
 protected:
  GoldenC2fLosses() : GoldenHeads("c2f.npz") {}
};

// A mean over each stack's elements, summed: what VolumeLoss makes of its volumes and their
// targets.
TEST_F(GoldenC2fLosses, MeansOfStacks) {
  const at::Tensor expected = At("loss/per_stack_mean_and_total");
  double total = 0;
  for (int i = 0; i < 3; ++i) {
    const std::string depth = std::to_string(1 << i);
    const at::Tensor said = At("loss/out_d" + depth), truth = At("loss/target_d" + depth);
    const at::Tensor by_joint =
        VolumeCellMean(said.view({2, 3, 1 << i, 8, 8}), truth.view({2, 3, 1 << i, 8, 8}));
    EXPECT_NEAR(Value(by_joint.mean()), Value(expected[i]), 1e-6);
    total += Value(by_joint.mean());
  }
  EXPECT_NEAR(total, Value(expected[3]), 3e-6);
}

}  // namespace
}  // namespace gyre
