// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/part_view.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <filesystem>
#include <memory>

#include "body/test_body.h"
#include "regressor/encoders/encoder.h"

namespace gyre {
namespace {

// Four corners and their middle, among seven keypoints of a set; spread sqrt(8 / 5).
const std::vector<int64_t> kRows = {1, 2, 4, 5, 6};
const double kSpread = std::sqrt(1.6);
at::Tensor Corners() {
  return at::tensor({1., 1., -1., 1., 1., -1., -1., -1., 0., 0.}, at::kFloat).reshape({5, 2});
}

// Turned by `angle` from x towards y, sized and moved; the others of the set are elsewhere.
at::Tensor Placed(const at::Tensor& part, double angle, double size, double x, double y) {
  at::Tensor places = at::full({1, 7, 2}, 0.9f);
  for (int64_t i = 0; i < 5; ++i) {
    const auto u = part[i][0].item<double>(), v = part[i][1].item<double>();
    places[0][kRows[i]][0] = size * (std::cos(angle) * u - std::sin(angle) * v) + x;
    places[0][kRows[i]][1] = size * (std::sin(angle) * u + std::cos(angle) * v) + y;
  }
  return places;
}

TEST(PartView, SaysHowAPartIsTurnedAndWhatItDoes) {
  PartView view(kRows, Corners() + 7);
  ASSERT_EQ(view->size(), 12);
  const double angle = 0.65;
  // Drawn apart along one diagonal and together along the other: no similarity does any of it.
  at::Tensor part = Corners();
  const std::vector<double> apart = {0.3, -0.3, -0.3, 0.3, 0};
  for (int64_t i = 0; i < 5; ++i) part[i][0] += apart[i];
  const at::Tensor said = view(Placed(part, angle, 0.13, -0.4, 0.2), at::ones({1, 7, 1}));
  ASSERT_EQ(said.sizes(), (std::vector<int64_t>{1, 12}));
  for (int64_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(said[0][2 * i].item<double>(), apart[i] / kSpread / 0.2, 1e-5) << i;
    EXPECT_NEAR(said[0][2 * i + 1].item<double>(), 0, 1e-5) << i;
  }
  EXPECT_NEAR(said[0][10].item<double>(), std::cos(angle), 1e-6);
  EXPECT_NEAR(said[0][11].item<double>(), std::sin(angle), 1e-6);
}

TEST(PartView, WhatIsNotSeenMovesNothing) {
  PartView view(kRows, Corners());
  at::Tensor places = Placed(Corners(), -2.1, 0.3, 0.1, 0.5), seen = at::ones({1, 7, 1});
  places[0][2] = 50;  // where nothing is
  seen[0][2][0] = 0;
  const at::Tensor said = view(places, seen);
  EXPECT_LT(said.narrow(1, 0, 10).abs().max().item<double>(), 1e-5);
  EXPECT_NEAR(said[0][10].item<double>(), std::cos(2.1), 1e-6);
  EXPECT_NEAR(said[0][11].item<double>(), -std::sin(2.1), 1e-6);
  // A single keypoint says nothing of the part, and none neither.
  for (const int64_t left : {4, 0}) {
    at::Tensor few = at::zeros({1, 7, 1});
    few[0][left][0] = 1;
    EXPECT_TRUE(view(places, few).equal(at::zeros({1, 12}))) << left;
  }
  // However far off a keypoint is said to be.
  places[0][5] = 1e6;
  EXPECT_LE(view(places, seen).abs().max().item<double>(), 5);
}

TEST(PartView, IsOfThePartsThatTheBodyHas) {
  const BodyModel body = MakeRandomSmplx(3);
  const std::vector<PartView> views = PartViewsOf(FindKeypointSet("openpose135"), &body);
  ASSERT_EQ(views.size(), 2u);  // it has no points of a face
  EXPECT_EQ(views[0]->size(), 2 * 21 + 2);
  EXPECT_EQ(views[1]->size(), 2 * 21 + 2);
  for (const PartView& view : views) {
    const at::Tensor rest = view->named_buffers()["rest"];
    EXPECT_LT(rest.mean(0).abs().max().item<double>(), 1e-5);
    EXPECT_NEAR(rest.square().sum(1).mean().item<double>(), 1, 1e-5);
  }
  EXPECT_EQ(PartViewsOf(FindKeypointSet("openpose135"), nullptr).size(), 0u);
  EXPECT_EQ(PartViewsOf(FindKeypointSet("body25"), &body).size(), 0u);
}

// A face is looked at from the front and hands from above: mirror images would be other parts.
TEST(PartView, SeesThePartsOfABodyFromOneSide) {
  const std::filesystem::path file = kSharedData / "body_x/cc0_body_x.npz";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is not there";
  const std::shared_ptr<const BodyModel> body = LoadBodyModel(file.string(), "");
  const KeypointSet& set = FindKeypointSet("openpose135");
  std::vector<PartView> views = PartViewsOf(set, body.get());
  ASSERT_EQ(views.size(), 3u);
  // Which way it is, y down, from the direction to one to the direction to another: clockwise is
  // positive.
  const auto turn = [&](PartView& view, const char* from, const char* one, const char* other) {
    const at::Tensor rows = view->named_buffers()["rows"], rest = view->named_buffers()["rest"];
    const auto place = [&](const char* name) {
      for (int64_t i = 0; i < rows.numel(); ++i) {
        if (set.joints[rows[i].item<int64_t>()] == name) {
          return Vec2(rest[i][0].item<double>(), rest[i][1].item<double>());
        }
      }
      ADD_FAILURE() << name;
      return Vec2(Vec2::Zero());
    };
    const Vec2 a = place(one) - place(from), b = place(other) - place(from);
    return a.x() * b.y() - a.y() * b.x();
  };
  // The brows from the person's right to the left, and the chin below.
  EXPECT_GT(turn(views[2], "Face 17", "Face 26", "Face 57"), 0.5);
  // Fingers to the side, thumbs to the front, which is down.
  EXPECT_GT(turn(views[0], "Left Hand Root", "Left Middle Tip", "Left Thumb Tip"), 0.1);
  EXPECT_LT(turn(views[1], "Right Hand Root", "Right Middle Tip", "Right Thumb Tip"), -0.1);
}

TEST(PartView, AddsToWhatAnEncoderOfKeypointsSees) {
  const BodyModel body = MakeRandomSmplx(3);
  NetworkOptions options;
  options.input = NetworkInput::kKeypoints;
  options.keypoints = "openpose135";
  options.width = 4;
  const auto inputs = [&](const BodyModel* of) {
    const auto encoder = MakeEncoder(options, FindKeypointSet("openpose135"), of);
    return encoder->named_parameters()["enter.linear.weight"].size(1);
  };
  EXPECT_EQ(inputs(nullptr), 3 * 135);
  int64_t more = 0;
  for (const PartView& view : PartViewsOf(FindKeypointSet("openpose135"), &body)) {
    more += view->size();
  }
  EXPECT_EQ(inputs(&body), 3 * 135 + more);
}

}  // namespace
}  // namespace gyre
