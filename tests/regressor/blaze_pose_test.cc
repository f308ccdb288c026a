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
  NetworkOptions options;
  options.backbone = Backbone::kBlazePoseLite;
  options.image_px = 256;
  options.width = 8;
  SeedTorch(4);
  Network network(options, BodySetting());
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
