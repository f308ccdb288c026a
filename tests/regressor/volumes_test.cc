// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/volumes.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "body/joints.h"
#include "core/rng.h"
#include "regressor/golden_heads.h"
#include "regressor/regressor_test_util.h"

namespace gyre {
namespace {

at::Tensor Doubles(std::vector<double> values, at::IntArrayRef shape) {
  return at::from_blob(values.data(), shape, at::kDouble).clone();
}

// 5 cells wide, 4 high, 3 deep.
TEST(Volumes, CellsTileTheCropAndTheDepth) {
  const VolumeSize size{3, 4, 5};
  // The first and the last cell's centres: -4/5, -3/4, -2/3 of half a volume, and their mirrors.
  const at::Tensor uvd = UvdFromCells(Doubles({0, 0, 0, 4, 3, 2, 2, 1.5, 1}, {1, 3, 3}), size, 3);
  const at::Tensor expected = Doubles({-0.8, -0.75, -1, 0.8, 0.75, 1, 0, 0, 0}, {1, 3, 3});
  EXPECT_LT(MaxAbs(uvd - expected), 1e-12);
  EXPECT_LT(
      MaxAbs(CellsFromUvd(expected, size, 3) - Doubles({0, 0, 0, 4, 3, 2, 2, 1.5, 1}, {1, 3, 3})),
      1e-12);
}

TEST(Volumes, SoftArgmaxIsTheExpectation) {
  // All mass in cells (x 1, y 3, z 2), three quarters, and (x 4, y 0, z 0), one quarter.
  at::Tensor volumes = at::full({2, 1, 3, 4, 5}, -1e4, at::kDouble);
  volumes[1][0][2][3][1] = std::log(3.0);
  volumes[1][0][0][0][4] = 0;
  volumes[0][0].fill_(7.5);  // flat: the middle
  const at::Tensor place = SoftArgmax(volumes);
  EXPECT_LT(MaxAbs(place - Doubles({2, 1.5, 1, 1.75, 2.25, 1.5}, {2, 1, 3})), 1e-12);
}

TEST(Volumes, SoftArgmaxIsBiasedToTheMiddleByWhatIsSpread) {
  // A share of 0.2 of the mass lies evenly everywhere: the mean goes a fifth of the way to the
  // middle.
  at::Tensor probability = at::full({1, 1, 1, 1, 9}, 0.2 / 9, at::kDouble);
  probability[0][0][0][0][8] += 0.8;
  EXPECT_NEAR(Value(SoftArgmax(probability.log())[0][0][0]), 8 - 0.2 * (8 - 4), 1e-9);
}

TEST(Volumes, HardArgmaxIsTheFirstBestCell) {
  at::Tensor volumes = at::zeros({1, 2, 3, 4, 5}, at::kDouble);
  volumes[0][0][1][2][3] = volumes[0][0][2][0][0] = 0.5;
  volumes[0][1] -= 3;
  volumes[0][1][2][3][4] = -2;
  EXPECT_TRUE(HardArgmax(volumes).equal(Doubles({3, 2, 1, 4, 3, 2}, {1, 2, 3})));
}

// Section 8.5 of the facts on c2f: what the best cell loses, and the mean around it does not.
TEST(Volumes, PeaksAreReadBetweenCells) {
  const VolumeSize size{64, 32, 16};
  Rng rng(3, RngStream::kTest);
  at::Tensor places = at::empty({1, 40, 3}, at::kDouble);
  for (int i = 0; i < 40; ++i) {
    places[0][i][0] = rng.Uniform(3, 12);
    places[0][i][1] = rng.Uniform(5, 26);
    places[0][i][2] = rng.Uniform(8, 55);
  }
  const at::Tensor volumes = GaussianVolumes(places, size);
  const at::Tensor hard = (HardArgmax(volumes) - places).abs();
  const at::Tensor soft = (PeakPlace(volumes) - places).abs();
  EXPECT_LE(MaxAbs(hard), 0.5 + 1e-9);
  EXPECT_GT(MaxAbs(hard), 0.4);
  EXPECT_LT(MaxAbs(soft), 0.03);
  // Noise far away, and of either sign, moves nothing.
  at::Tensor noisy = volumes.clone();
  noisy.select(2, 0).fill_(0.3);
  noisy.select(2, 63).fill_(-5);
  EXPECT_LT(MaxAbs(PeakPlace(noisy) - PeakPlace(volumes)), 1e-12);
  EXPECT_TRUE(PeakPlace(at::full({1, 1, 2, 2, 2}, -1.0)).isfinite().all().item<bool>());
}

TEST(Volumes, PeakPlaceHasTheGradientOfItsMean) {
  Rng rng(4, RngStream::kTest);
  at::Tensor volumes = RandomTensor({1, 2, 8, 8, 8}, rng).abs() * 0.1;
  volumes =
      volumes + GaussianVolumes(Doubles({3.2, 4.1, 2.7, 5.4, 3.6, 4.4}, {1, 2, 3}), {8, 8, 8});
  volumes = volumes.detach().requires_grad_();
  const at::Tensor weight = RandomTensor({1, 2, 3}, rng);
  const auto loss = [&](const at::Tensor& v) { return (PeakPlace(v) * weight).sum(); };
  loss(volumes).backward();
  // The peak itself is a constant of the share that each cell has, which cancels in the mean.
  for (const int64_t cell : {3 * 64 + 4 * 8 + 3, 2 * 64 + 4 * 8 + 4, 512 + 4 * 64 + 4 * 8 + 5}) {
    const double step = 1e-6;
    const auto moved = [&](double by) {
      at::Tensor copy = volumes.detach().clone();
      copy.view({-1})[cell] += by;
      return Value(loss(copy));
    };
    EXPECT_NEAR(Value(volumes.grad().view({-1})[cell]), (moved(step) - moved(-step)) / (2 * step),
                1e-6);
  }
}

TEST(Volumes, WindowsShrinkWithTheResolution) {
  EXPECT_EQ(GaussianWindow(64), 13);
  EXPECT_EQ(GaussianWindow(32), 7);
  EXPECT_EQ(GaussianWindow(16), 5);
  EXPECT_EQ(GaussianWindow(8), 3);
  for (const int64_t cells : {1, 2, 4}) EXPECT_EQ(GaussianWindow(cells), 1);
}

TEST(Volumes, GaussiansStandWhereTheyShould) {
  // 16 cells: a window of 5, deviation 1.25; of 2 in depth the one that is meant.
  const at::Tensor volumes = GaussianVolumes(Doubles({3, 9, 1.2}, {1, 1, 3}), {2, 16, 16})[0][0];
  const auto gauss = [](double d) { return std::exp(-d * d / (2 * 1.25 * 1.25)); };
  EXPECT_EQ(MaxAbs(volumes[0]), 0);
  EXPECT_NEAR(Value(volumes[1][9][3]), 1, 1e-12);
  EXPECT_NEAR(Value(volumes[1][11][2]), gauss(2) * gauss(1), 1e-12);
  EXPECT_EQ(Value(volumes[1][12][3]), 0);
  EXPECT_EQ(Value(volumes[1][9][6]), 0);
  EXPECT_EQ(Value((volumes > 0).sum()), 25);
  // Between cells it is a Gaussian still; out of sight and NaN are nothing.
  const at::Tensor between = GaussianVolumes(Doubles({3.4, 9, 0}, {1, 1, 3}), {1, 16, 16})[0][0][0];
  EXPECT_NEAR(Value(between[9][4]), gauss(0.6), 1e-12);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(
      MaxAbs(GaussianVolumes(Doubles({-3.6, 9, 0, nan, 9, 0, 3, 9, 1e30}, {1, 3, 3}), {1, 16, 16})),
      0);
}

TEST(Volumes, TheMarginalOfATargetIsTheFlatTarget) {
  const at::Tensor places = Doubles({20.3, 11.8, 30, 9, 14, 52}, {1, 2, 3});
  const at::Tensor flat = GaussianVolumes(places * Doubles({1, 1, 0}, {3}), {1, 32, 32}).squeeze(2);
  EXPECT_LT(MaxAbs(DepthMarginal(GaussianVolumes(places, {64, 32, 32})) - flat), 1e-6);
  // Wherever in depth.
  const at::Tensor elsewhere = places + Doubles({0, 0, -17}, {3});
  EXPECT_LT(MaxAbs(DepthMarginal(GaussianVolumes(elsewhere, {64, 32, 32})) - flat), 1e-6);
  const at::Tensor coarse = Doubles({20.3, 11.8, 3, 9, 14, 0}, {1, 2, 3});
  EXPECT_LT(MaxAbs(DepthMarginal(GaussianVolumes(coarse, {4, 32, 32})) - flat), 1e-12);
}

TEST(Volumes, SamplingAtACellIsThatCell) {
  Rng rng(5, RngStream::kTest);
  const at::Tensor maps = RandomTensor({1, 3, 4, 5}, rng);
  const auto at_cell = [&](double x, double y) {
    return SampleMaps(maps, Doubles({(2 * x + 1) / 5 - 1, (2 * y + 1) / 4 - 1}, {1, 1, 2}))[0][0];
  };
  EXPECT_LT(MaxAbs(at_cell(3, 2) - maps[0].select(1, 2).select(1, 3)), 1e-12);
  // Between two columns and rows: of each its share. Half a cell outside: half of the border's.
  const at::Tensor two = 0.75 * maps[0].select(1, 1) + 0.25 * maps[0].select(1, 2);
  EXPECT_LT(MaxAbs(at_cell(1.5, 1.25) - 0.5 * (two.select(1, 1) + two.select(1, 2))), 1e-12);
  EXPECT_LT(MaxAbs(at_cell(-0.5, 2) - 0.5 * maps[0].select(1, 2).select(1, 0)), 1e-12);
  EXPECT_EQ(MaxAbs(at_cell(6.5, 2)), 0);
  // What is mirrored in the map is mirrored in the crop.
  const at::Tensor place = Doubles({0.37, -0.21}, {1, 1, 2}),
                   mirrored = Doubles({-0.37, -0.21}, {1, 1, 2});
  EXPECT_LT(MaxAbs(SampleMaps(maps, place) - SampleMaps(maps.flip({3}), mirrored)), 1e-12);
}

class GoldenPose2PoseLayers : public GoldenHeads {
 protected:
  GoldenPose2PoseLayers() : GoldenHeads("pose2pose.npz") {}
};

TEST_F(GoldenPose2PoseLayers, SoftArgmaxAndItsGradient) {
  for (const std::string part : {"softargmax_body/", "softargmax_hand/"}) {
    const at::Tensor volumes = At(part + "heatmap_bjdhw").requires_grad_();
    const at::Tensor place = SoftArgmax(volumes);
    EXPECT_LT(MaxAbs(place - At(part + "xyz")), 1e-5 * MaxAbs(place)) << part;
    (place * At(part + "out_weight")).sum().backward();
    const at::Tensor expected = At(part + "grad");
    EXPECT_LT(MaxAbs(volumes.grad() - expected), 1e-5 * MaxAbs(expected)) << part;
  }
}

TEST_F(GoldenPose2PoseLayers, SamplingAndItsGradient) {
  for (const std::string part : {"sample_body/", "sample_hand/"}) {
    const at::Tensor maps = At(part + "feature_bchw").requires_grad_();
    const VolumeSize size{1, maps.size(2), maps.size(3)};
    const at::Tensor places = UvdFromCells(At(part + "joints_xyz"), size, 2).narrow(2, 0, 2);
    const at::Tensor sampled = SampleMaps(maps, places);
    EXPECT_LT(MaxAbs(sampled - At(part + "out_bjc")), 1e-5 * MaxAbs(sampled)) << part;
    (sampled * At(part + "out_weight")).sum().backward();
    const at::Tensor expected = At(part + "grad_feature");
    EXPECT_LT(MaxAbs(maps.grad() - expected), 1e-5 * MaxAbs(expected)) << part;
  }
}

class GoldenC2fLayers : public GoldenHeads {
 protected:
  GoldenC2fLayers() : GoldenHeads("c2f.npz") {}

  // Volumes [J,d,64,64] of the joints, from bins of 64 in depth.
  at::Tensor Targets(int64_t depth) const {
    const at::Tensor joints = (At("target/joints_x_y_z_1based") - 1).unsqueeze(0);
    const at::Tensor uvd = UvdFromCells(joints, {64, 64, 64}, 2);
    return GaussianVolumes(CellsFromUvd(uvd, {depth, 64, 64}, 2), {depth, 64, 64})[0];
  }
  // Whether the released code moves a joint's target: within six cells of the left or top border.
  bool IsMoved(int64_t joint) const {
    const at::Tensor at = At("target/joints_x_y_z_1based")[joint];
    const double x = Value(at[0]), y = Value(at[1]);
    return (x >= 1 && x <= 6) || (y >= 1 && y <= 6);
  }
};

TEST_F(GoldenC2fLayers, TargetsButForTheSlipAtTheBorder) {
  int moved = 0;
  for (const int64_t depth : {1, 2, 4}) {
    const at::Tensor expected = At("target/d" + std::to_string(depth) + "_volumes");
    const at::Tensor ours = Targets(depth);
    for (int64_t j = 0; j < expected.size(0); ++j) {
      const double difference = MaxAbs(ours[j] - expected[j]);
      if (IsMoved(j)) {
        EXPECT_GT(difference, 0.1) << "joint " << j;
        ++moved;
      } else {
        EXPECT_LT(difference, 1e-6) << "joint " << j << ", depth " << depth;
      }
    }
  }
  EXPECT_EQ(moved, 6);  // two joints of nine
}

TEST_F(GoldenC2fLayers, TargetsOfSixtyFourBins) {
  const at::Tensor ours = Targets(64);
  EXPECT_LT(MaxAbs(ours[1] - At("target/d64_volume_joint1")), 1e-6);
  EXPECT_LT(MaxAbs(ours.amax({2, 3}) - At("target/d64_profile_z")), 1e-6);
  const at::Tensor best = HardArgmax(ours.unsqueeze(0))[0] + 1;
  EXPECT_EQ(MaxAbs(best - At("target/d64_argmax_xyz_1based_corrected")), 0);
  const at::Tensor released = At("target/d64_argmax_xyz_1based"), sums = At("target/d64_sum");
  for (int64_t j = 0; j < ours.size(0); ++j) {
    // The released peak is one or two cells to the right or below.
    EXPECT_EQ(MaxAbs(best[j] - released[j]) > 0, IsMoved(j)) << j;
    EXPECT_LE(MaxAbs(best[j] - released[j]), 2) << j;
    if (IsMoved(j)) continue;
    EXPECT_NEAR(Value(ours[j].sum()), Value(sums[j]), 1e-5 * 471) << j;
  }
}

TEST_F(GoldenC2fLayers, TheBestCellOfAVolume) {
  const at::Tensor channels = At("decode/heatmap_d8_h12_w10");
  const at::Tensor volumes = channels.view({2, 3, 8, 12, 10});
  EXPECT_EQ(MaxAbs(HardArgmax(volumes) + 1 - At("decode/xyz_1based")), 0);
}

// A mirrored picture's channels, joint * depth + cell: joints change sides, cells stay.
TEST_F(GoldenC2fLayers, ChannelsOfAMirroredPicture) {
  const std::vector<int> partner = FindKeypointSet("h36m17").MirrorPermutation();
  for (const int depth : {1, 4}) {
    const at::Tensor expected =
        At("flip/channel_permutation_d" + std::to_string(depth) + "_0based");
    ASSERT_EQ(expected.size(0), static_cast<int64_t>(partner.size()) * depth);
    for (size_t j = 0; j < partner.size(); ++j) {
      for (int z = 0; z < depth; ++z) {
        EXPECT_EQ(Value(expected[static_cast<int64_t>(j) * depth + z]), partner[j] * depth + z);
      }
    }
  }
}

// Where in the picture a cell is, from the first to the last pixel of its box.
TEST_F(GoldenC2fLayers, PlacesOfCellsInThePicture) {
  const at::Tensor box = At("cell/bbox"), cells = At("cell/cells_1based") - 1;
  const at::Tensor in_3d = at::cat({cells, at::zeros({4, 1}, at::kDouble)}, 1);
  const at::Tensor u = UvdFromCells(in_3d, {1, 64, 64}, 1).narrow(1, 0, 2);
  const at::Tensor first = box.narrow(1, 0, 2).unsqueeze(1),
                   size = box.narrow(1, 2, 2).unsqueeze(1) - first + 1;
  EXPECT_LT(MaxAbs(first + (u + 1) / 2 * size - At("cell/pixels")), 1e-3);
}

}  // namespace
}  // namespace gyre
