// SPDX-License-Identifier: Apache-2.0
#include "regressor/heads/c2f_head.h"

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "io/io_test_util.h"
#include "regressor/layers/volume_stack.h"
#include "regressor/layers/volumes.h"
#include "regressor/losses/loss.h"
#include "regressor/network.h"
#include "regressor/regressor_test_util.h"
#include "regressor/runtime.h"

namespace gyre {
namespace {

using ::testing::HasSubstr;

int64_t ParametersIn(const torch::nn::Module& module, const std::string& prefix = "") {
  int64_t count = 0;
  for (const auto& item : module.named_parameters()) {
    if (item.key().starts_with(prefix)) count += item.value().numel();
  }
  return count;
}

NetworkOptions C2fOptions(const std::string& depths) {
  NetworkOptions options;
  options.head = "c2f";
  options.backbone = Backbone::kHourglass;
  options.uvd_set = "h36m17";
  options.volume_depths = depths;
  options.image_px = 64;
  return options;
}

NetworkOptions Published(const std::string& depths) {
  NetworkOptions options = C2fOptions(depths);
  options.image_px = 256;
  return options;
}

TEST(C2fHead, HasThePublishedParameters) {
  const std::pair<const char*, int64_t> totals[] = {
      {"1-2-4-64", 53585847}, {"1-2-64", 40232051}, {"1-64", 26904401}};
  for (const auto& [depths, total] : totals) {
    const Network network(Published(depths), NetworkSetting{});
    EXPECT_EQ(ParametersIn(*network), total) << depths;
    EXPECT_EQ(ParametersIn(*network, "encoder."), 406656);
  }
  const Network network(Published("1-2-4-64"), NetworkSetting{});
  const int64_t stages[] = {12868241, 13228834, 13353796, 13728320};
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(ParametersIn(*network, "head.stack.stage" + std::to_string(i + 1)), stages[i]);
  }
}

// Whatever the picture's side, the smallest map has four cells a side or a little more.
TEST(C2fHead, SmallPicturesAreHalvedLess) {
  const std::pair<int, int> sides[] = {{64, 2}, {128, 3}, {192, 3}, {256, 4}, {512, 4}};
  for (const auto& [image_px, halvings] : sides) {
    EXPECT_EQ(VolumeStackImpl::HalvingsOf(image_px), halvings) << image_px;
  }
}

TEST(C2fHead, SaysVolumesFromCoarseToFine) {
  SeedTorch(1);
  NetworkOptions options = C2fOptions("1-2-16");
  options.width = 8;
  Network network(options, NetworkSetting{});
  const Output out = network->forward(at::randn({2, 3, 64, 128}));
  ASSERT_EQ(out.heat_maps.size(), 3u);
  const int64_t depths[] = {1, 2, 16};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(out.heat_maps[i].sizes(), (std::vector<int64_t>{2, 17, depths[i], 16, 32}));
  }
  EXPECT_EQ(out.uvd.sizes(), (at::IntArrayRef{2, 17, 3}));
  EXPECT_EQ(out.uvd_set, &FindKeypointSet("h36m17"));
  EXPECT_FALSE(out.HasBody());
  // Every volume teaches what comes before it, and the first layers.
  at::Tensor sum = at::zeros({});
  for (const at::Tensor& volumes : out.heat_maps) sum = sum + volumes.square().sum();
  sum.backward();
  for (const auto& item : network->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
  }
}

// Training then starts from what empty volumes cost, instead of from emptying them.
TEST(C2fHead, VolumesStartAllButEmpty) {
  SeedTorch(5);
  NetworkOptions options = C2fOptions("1-2-4-16");
  options.width = 8;
  Network network(options, NetworkSetting{});
  const Output out = network->forward(at::randn({4, 3, 64, 64}));
  for (const at::Tensor& volumes : out.heat_maps) {
    const VolumeSize size = SizeOf(volumes);
    const at::Tensor targets = GaussianVolumes(CellsFromUvd(at::zeros({4, 17, 3}), size, 2), size);
    const double empty = Value(VolumeCellMean(at::zeros_like(volumes), targets).mean());
    EXPECT_NEAR(Value(VolumeCellMean(volumes, targets).mean()), empty, 0.02 * empty);
    EXPECT_GT(MaxAbs(volumes), 0);  // the layers before are taught
  }
}

TEST(C2fHead, SaysABodyWithoutAParameterMore) {
  const Network with(Published("1-2-4-64"), BodySetting());
  EXPECT_EQ(ParametersIn(*with), 53585847);
  NetworkOptions options = C2fOptions("1-16");
  options.width = 8;
  SeedTorch(6);
  Network network(options, BodySetting());
  const Output out = network->forward(at::randn({2, 3, 64, 64}));
  EXPECT_TRUE(out.HasBody());
  EXPECT_EQ(out.rotations.sizes(), (at::IntArrayRef{2, 24, 3, 3}));
  EXPECT_TRUE(out.rotations.isfinite().all().item<bool>());
}

TEST(C2fHead, ReadsTheBestCellOrAroundIt) {
  for (const VolumeDecode decode : {VolumeDecode::kHard, VolumeDecode::kSoft}) {
    SeedTorch(2);
    NetworkOptions options = C2fOptions("8");
    options.width = 8;
    options.decode = decode;
    Network network(options, NetworkSetting{});
    const Output out = network->forward(at::randn({2, 3, 64, 64}));
    const at::Tensor cells = CellsFromUvd(out.uvd, {8, 16, 16}, options.volume_depth_m);
    const bool whole = MaxAbs(cells - cells.round()) < 1e-4;
    EXPECT_EQ(whole, decode == VolumeDecode::kHard);
    EXPECT_EQ(out.uvd.requires_grad(), decode == VolumeDecode::kSoft);
  }
}

TEST(C2fHead, WithoutVolumesItRegresses) {
  NetworkOptions options = C2fOptions("");
  options.width = 8;
  Network network(options, NetworkSetting{});
  const Output out = network->forward(at::randn({2, 3, 64, 64}));
  EXPECT_TRUE(out.heat_maps.empty());
  EXPECT_EQ(out.uvd.sizes(), (at::IntArrayRef{2, 17, 3}));
  out.uvd.sum().backward();
  EXPECT_TRUE(network->named_parameters()["encoder.conv.weight"].grad().defined());
}

TEST(C2fHead, SaysWhatItNeeds) {
  NetworkOptions options = C2fOptions("64");
  options.backbone = Backbone::kResNet18;
  EXPECT_THAT(UserErrorOf([&] { Network(options, NetworkSetting{}); }),
              HasSubstr("--network.backbone hourglass"));
  options = C2fOptions("64");
  options.image_px = 96;
  EXPECT_THAT(UserErrorOf([&] { options.Check(); }), HasSubstr("64"));
}

}  // namespace
}  // namespace gyre
