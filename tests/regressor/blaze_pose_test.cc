// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/blaze_pose.h"

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "core/error.h"
#include "io/io_test_util.h"
#include "io/tiny_tflite.h"
#include "regressor/layers/body_finder.h"
#include "regressor/network.h"
#include "regressor/parameter_count.h"
#include "regressor/preprocess.h"
#include "regressor/regressor_test_util.h"
#include "regressor/runtime.h"
#include "regressor/tiny_detector.h"

namespace gyre {
namespace {

using ::testing::HasSubstr;

// Of released files the numbers behind landmarks and heat maps, without those of masks.
TEST(BlazePoseTest, HasTheReleasedSizes) {
  EXPECT_EQ(NumParameters(*BlazePose(kBlazePoseFull)), 3167640);
  EXPECT_EQ(NumParameters(*BlazePose(kBlazePoseLite)), 1361672);
}

TEST(BlazePoseTest, SaysLandmarksAndGradientsPass) {
  SeedTorch(2);
  BlazePose network(kBlazePoseLite);
  const at::Tensor image = at::rand({2, 3, 256, 256}).set_requires_grad(true);
  const BlazePoseImpl::Said said = network(image);
  EXPECT_EQ(said.map.sizes(), at::IntArrayRef({2, 192, 2, 2}));
  EXPECT_EQ(said.places.sizes(), at::IntArrayRef({2, 39, 2}));
  EXPECT_EQ(said.visibility.sizes(), at::IntArrayRef({2, 39}));
  EXPECT_EQ(said.world_m.sizes(), at::IntArrayRef({2, 39, 3}));
  EXPECT_EQ(said.presence.sizes(), at::IntArrayRef({2}));
  (said.places.sum() + said.world_m.sum() + said.visibility.sum()).backward();
  EXPECT_GT(MaxAbs(image.grad()), 0);
}

TEST(BlazePoseTest, RefusesFilesOfOtherNetworks) {
  TinyTflite tiny;
  const int in = tiny.Tensor({1, 4, 3, 1}), out = tiny.Tensor({1, 2, 2, 1});
  const int weight = tiny.Floats({1, 3, 2, 1}, {1, 2, 3, 4, 5, 6}), bias = tiny.Floats({1}, {0.5f});
  tiny.Operator(TfliteOp::kConv2d, {in, weight, bias}, out, {{1, 2}, {2, 2}});
  BlazePose network(kBlazePoseLite);
  EXPECT_THAT(
      UserErrorOf([&] { network->Load(ParseTflite(tiny.File({in}, {out}), "other.tflite")); }),
      HasSubstr("other.tflite is another network than BlazePose"));
}

// Heat maps of 8 x 8 cells, a cell is a quarter in [-1,1]; the middle of cell x stands at
// x / 4 - 1, as in the released networks.
TEST(RefinedByHeatTest, MovesToTheMiddleOfTheHeatNearby) {
  at::Tensor heat = at::full({1, 4, 8, 8}, -100.0, at::kDouble);
  // Two warm cells, one twice as warm; and a hotter one out of reach of (0.1, 0.1), which is in
  // cell 4, 4.
  const double logit = std::log(0.8 / 0.2), half = std::log(0.4 / 0.6);
  heat[0][0][3][5] = logit;
  heat[0][0][5][2] = half;
  heat[0][0][0][4] = 100;
  heat[0][1][4][4] = half;  // not warm enough
  heat[0][2][7][7] = 100;   // the window ends at the map's edge
  const at::Tensor places =
      at::tensor({0.1, 0.1, 0.1, 0.1, 0.9, 0.6, 1.3, 0.2}, at::kDouble).reshape({1, 4, 2});
  const at::Tensor refined = RefinedByHeat(places, heat);
  // (2 * 5 + 2) / 3 = 4, (2 * 3 + 5) / 3 = 11 / 3.
  EXPECT_NEAR(Value(refined[0][0][0]), 4 / 4.0 - 1, 1e-9);
  EXPECT_NEAR(Value(refined[0][0][1]), 11 / 12.0 - 1, 1e-9);
  EXPECT_NEAR(Value(refined[0][1][0]), 0.1, 1e-12);
  EXPECT_NEAR(Value(refined[0][2][0]), 7 / 4.0 - 1, 1e-9);
  EXPECT_NEAR(Value(refined[0][2][1]), 7 / 4.0 - 1, 1e-9);
  EXPECT_NEAR(Value(refined[0][3][0]), 1.3, 1e-12);  // outside: stays
}

// Two bodies are detected: a sure one a third of the side from the middle, an unsure one in it.
TEST(BodyFinderTest, TakesTheBodyNearTheMiddleAndStandsItUpright) {
  BodyFinder finder(kBlazePoseLite);
  GiveDetector(*finder, {{.score = 0.9, .hips = {0.5, 0.17}, .circle = {0.5, 0.07}},
                         {.score = 0.4, .hips = {0.55, 0.5}, .circle = {0.35, 0.5}}});
  for (at::Tensor& parameter : finder->parameters()) parameter.detach().zero_();  // no presence
  const CropRegion region = finder->Find(at::full({1, 3, 256, 256}, 0.5));
  // In [-1,1]: hips (0.1, 0), 0.4 to the left on the circle. With presence 1/2 the points at
  // (-1, -1), both, are asked for, a region without size: the detected one stays.
  EXPECT_NEAR(region.center[0][0].item<double>(), 0.1, 1e-5);
  EXPECT_NEAR(region.center[0][1].item<double>(), 0, 1e-5);
  EXPECT_NEAR(region.half_side[0].item<double>(), 0.5, 1e-5);
  EXPECT_NEAR(region.angle[0].item<double>(), -std::numbers::pi / 2, 1e-5);
}

TEST(BodyFinderTest, TakesTheWholeCropWhereNobodyIs) {
  BodyFinder finder(kBlazePoseLite);
  GiveDetector(*finder, {{.score = 0.05, .hips = {0.4, 0.5}, .circle = {0.35, 0.5}}});
  for (at::Tensor& parameter : finder->parameters()) parameter.detach().zero_();
  const CropRegion region = finder->Find(at::full({2, 3, 256, 256}, 0.5));
  EXPECT_EQ(MaxAbs(region.center), 0);
  EXPECT_EQ(MaxAbs(region.half_side - 1), 0);
  EXPECT_EQ(MaxAbs(region.angle), 0);
}

TEST(BodyFinderTest, NeverLearns) {
  BodyFinder finder(kBlazePoseLite);
  for (const at::Tensor& parameter : finder->parameters()) EXPECT_FALSE(parameter.requires_grad());
}

TEST(BodyFinderTest, ReadsItsDetectorAgainWhenItChanged) {
  BodyFinder finder(kBlazePoseLite);
  for (at::Tensor& parameter : finder->parameters()) parameter.detach().zero_();
  const at::Tensor crop = at::full({1, 3, 256, 256}, 0.5);
  for (const double x : {0.4, 0.6}) {
    GiveDetector(*finder, {{.score = 0.9, .hips = {x, 0.5}, .circle = {x, 0.4}}});
    EXPECT_NEAR(finder->Find(crop).center[0][0].item<double>(), 2 * x - 1, 1e-5);
  }
}

// Heat that is near along x and far along y counts for nothing.
TEST(RefinedByHeatTest, ReachesAsFarInRowsAsInColumns) {
  at::Tensor heat = at::full({1, 1, 16, 16}, -100.0, at::kDouble);
  heat[0][0][2][13] = 100;  // row 2, column 13
  heat[0][0][12][3] = 90;
  const at::Tensor place = at::tensor({0.55, -0.7}, at::kDouble).reshape({1, 1, 2});  // cell 12, 2
  const at::Tensor refined = RefinedByHeat(place, heat);
  EXPECT_NEAR(Value(refined[0][0][0]), 13 / 8.0 - 1, 1e-9);
  EXPECT_NEAR(Value(refined[0][0][1]), 2 / 8.0 - 1, 1e-9);
}

TEST(RgbOfNormalizedTest, IsWhatThePixelsWere) {
  const std::vector<uint8_t> bgr = {10, 50, 255};
  const at::Tensor rgb = RgbOfNormalized(NormalizeCrops(bgr, 1, 1, at::kCPU)).flatten();
  EXPECT_NEAR(rgb[0].item<double>(), 1, 1e-6);
  EXPECT_NEAR(rgb[1].item<double>(), 50 / 255.0, 1e-6);
  EXPECT_NEAR(rgb[2].item<double>(), 10 / 255.0, 1e-6);
}

at::Tensor ParameterOf(torch::nn::Module& module, const std::string& name) {
  return module.named_parameters()[name].detach();
}

// Landmarks that stand wherever the picture: all else is zero. Pixels of 256.
void SayLandmark(torch::nn::Module& module, const std::string& blaze_pose, int landmark, double x,
                 double y, double visibility_logit) {
  const at::Tensor numbers = ParameterOf(module, blaze_pose + ".points.bias").reshape({39, 5});
  numbers[landmark][0] = x;
  numbers[landmark][1] = y;
  numbers[landmark][3] = visibility_logit;
  ParameterOf(module, blaze_pose + ".heat.bias").fill_(-100);  // cold
}

TEST(BodyFinderTest, LooksOnceMoreInTheRegionThatItFound) {
  BodyFinder finder(kBlazePoseLite);
  GiveDetector(*finder, {{.score = 0.9, .hips = {0.55, 0.5}, .circle = {0.35, 0.5}}});
  for (at::Tensor& parameter : finder->parameters()) parameter.detach().zero_();
  SayLandmark(*finder, "landmarks", 33, 160, 128, 0);
  SayLandmark(*finder, "landmarks", 34, 160, 64, 0);
  const CropRegion region = finder->Find(at::full({1, 3, 256, 256}, 0.5));
  // In the first region, of half side 0.5 at (0.1, 0) and turned by -90 degrees, the hips are at
  // (1/4, 0), half a half side below the circle: right of it is up.
  EXPECT_NEAR(region.center[0][0].item<double>(), 0.1, 1e-5);
  EXPECT_NEAR(region.center[0][1].item<double>(), -0.125, 1e-5);
  EXPECT_NEAR(region.half_side[0].item<double>(), 0.5 * 1.25 * 0.5, 1e-5);
  EXPECT_NEAR(region.angle[0].item<double>(), -std::numbers::pi / 2, 1e-5);
}

NetworkOptions SmallOptions() {
  NetworkOptions options;
  options.backbone = Backbone::kBlazePoseLite;
  options.image_px = 256;
  options.width = 8;
  return options;
}

// Three landmarks are seen, one of them hardly; a fourth, far away, is not.
TEST(BlazePoseEncoderTest, SpeaksOfTheBoxAroundWhatIsSeenAndOfTheCrop) {
  SeedTorch(4);
  Network network(SmallOptions(), BodySetting());
  GiveDetector(*network, {{.score = 0.9, .hips = {0.55, 0.5}, .circle = {0.35, 0.5}}});
  for (const auto& parameter : network->named_parameters()) {
    if (parameter.key().find("finder") != std::string::npos ||
        parameter.key().find("trunk") != std::string::npos) {
      parameter.value().detach().zero_();
    }
  }
  for (int i = 0; i < 33; ++i) SayLandmark(*network, "encoder.trunk", i, 250, 3, -5);
  SayLandmark(*network, "encoder.trunk", 11, 64, 96, 3);
  SayLandmark(*network, "encoder.trunk", 24, 192, 224, 3);
  SayLandmark(*network, "encoder.trunk", 15, 32, 128, -1);  // 0.27
  network->eval();
  const at::NoGradGuard no_grad;
  const at::Tensor image = at::zeros({1, 3, 256, 256});
  const Features features = network->encoder().Encode(image);
  // The box: x from -3/4 to 1/2, y from -1/4 to 3/4, 1.2 times; its region is that of
  // TakesTheBodyNearTheMiddleAndStandsItUpright, where right is up and down is right.
  const double half_side = 0.5 * 0.75, x = 0.1 + 0.5 * 0.25, y = 0.5 * 0.125;
  ASSERT_TRUE(features.region);
  EXPECT_NEAR(features.region->center[0][0].item<double>(), x, 1e-5);
  EXPECT_NEAR(features.region->center[0][1].item<double>(), y, 1e-5);
  EXPECT_NEAR(features.region->half_side[0].item<double>(), half_side, 1e-5);

  const Output of_box = network->head().Regress(features), of_crop = network->forward(image);
  const VecX betas =
      Eigen::Map<const Eigen::VectorXf>(of_box.betas.data_ptr<float>(), 10).cast<double>();
  const Vec3 pelvis = RestJoints(BuiltinBody()).PelvisAt(betas);
  const auto camera = [](const Output& said, int i) { return said.camera[0][i].item<double>(); };
  const Vec2 in_box(camera(of_box, 1) + pelvis.x(), camera(of_box, 2) + pelvis.y());
  const double scale = half_side * camera(of_box, 0);
  EXPECT_NEAR(camera(of_crop, 0), scale, 1e-5);
  EXPECT_NEAR(camera(of_crop, 1), in_box.y() - pelvis.x() + x / scale, 1e-4);
  EXPECT_NEAR(camera(of_crop, 2), -in_box.x() - pelvis.y() + y / scale, 1e-4);
}

TEST(BlazePoseEncoderTest, ThePosePriorsStatisticsStay) {
  Network network(SmallOptions(), BodySetting());
  network->train();
  for (const auto& module : network->named_modules()) {
    const bool of_prior = module.key().starts_with("encoder.pose");
    EXPECT_EQ(module.value()->is_training(), !of_prior) << module.key();
  }
}

TEST(BlazePoseEncoderTest, TakesCropsOf256AndAsksForItsDetector) {
  NetworkOptions options;
  options.backbone = Backbone::kBlazePoseLite;
  options.image_px = 224;
  EXPECT_THAT(UserErrorOf([&] { Network(options, BodySetting()); }),
              HasSubstr("image_px: 224 is not 256, which backbone blazepose_lite takes"));
  options.image_px = 256;
  options.head = "joints";
  EXPECT_THAT(UserErrorOf([&] { Network(options, BodySetting()); }),
              HasSubstr("head: joints does not work behind backbone blazepose_lite"));
  options.head = "hmr";
  options.precision = Precision::kBfloat16;
  EXPECT_THAT(UserErrorOf([&] { Network(options, BodySetting()); }),
              HasSubstr("precision: bfloat16 would round the places"));
  options.precision = Precision::kFloat32;
  Network network(options, BodySetting());
  EXPECT_THAT(UserErrorOf([&] {
                network->forward(at::zeros({1, 3, 256, 256}));
              }),
              HasSubstr("start it with --init detector"));
}

// Ranks wait for the gradient of whatever has one.
TEST(BlazePoseEncoderTest, WhatCanLearnHasAGradient) {
  SeedTorch(4);
  Network network(SmallOptions(), BodySetting());
  GiveDetector(*network, {{.score = 0.9, .hips = {0.5, 0.55}, .circle = {0.6, 0.2}}});
  const Output said = network->forward(at::rand({2, 3, 256, 256}));
  (said.rotations.sum() + said.betas.sum() + said.camera.sum()).backward();
  for (const auto& parameter : network->named_parameters()) {
    EXPECT_EQ(parameter.value().grad().defined(), !parameter.key().starts_with("encoder.finder."))
        << parameter.key();
  }
}

TEST(BlazePoseEncoderTest, OtherEncodersHaveNothingReleased) {
  NetworkOptions options;
  options.backbone = Backbone::kResNet18;
  Network network(options, BodySetting());
  EXPECT_THAT(UserErrorOf([&] { network->encoder().LoadReleased(""); }),
              HasSubstr("is for networks of pictures with --network.backbone blazepose"));
}

}  // namespace
}  // namespace gyre
