// SPDX-License-Identifier: Apache-2.0
#include "datasets/augment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "body/kinematics.h"
#include "body/pose_prior.h"
#include "body/symmetry.h"
#include "core/error.h"
#include "core/so3.h"

namespace gyre {
namespace {

// The middle of the light in a picture, as a dot's place.
Vec2 CenterOfLight(const std::vector<uint8_t>& pixels, int size) {
  Vec2 sum = Vec2::Zero();
  double total = 0;
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const double value = pixels[3 * (y * size + x)];
      sum += value * Vec2(x, y);
      total += value;
    }
  }
  return sum / total;
}

// A round soft dot at a place between the pixels.
ImageBuffer DotAt(const Vec2& center, double radius, int width, int height) {
  ImageBuffer image{width, height, 3, std::vector<uint8_t>(size_t{3} * width * height)};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double d2 = (Vec2(x, y) - center).squaredNorm() / (radius * radius);
      for (int c = 0; c < 3; ++c) {
        image.pixels[3 * (y * width + x) + c] =
            static_cast<uint8_t>(std::lround(250 * std::exp(-d2)));
      }
    }
  }
  return image;
}

TEST(Augment, WarpMovesDotWhereTheKeypointGoes) {
  constexpr int kSize = 96;
  const Vec2 dot(131.3, 88.7);
  for (const double side : {60.0, 150.0, 700.0}) {  // enlarged, reduced, much reduced
    for (const double angle : {0.0, 0.7, -2.5}) {
      for (const bool flip : {false, true}) {
        Augmentation augmentation;
        augmentation.flip = flip;
        augmentation.rotation_rad = angle;
        augmentation.scale = 1.1;
        const CropMap crop = CropOf({Vec2(124, 95), side}, kSize, augmentation);
        std::vector<uint8_t> pixels(3 * kSize * kSize);
        WarpToCrop(DotAt(dot, std::max(4.0, side / 30), 260, 200), crop, augmentation,
                   pixels.data());
        EXPECT_LT((CenterOfLight(pixels, kSize) - crop.CropFromImage(dot)).norm(), 0.1)
            << "side " << side << " angle " << angle << " flip " << flip;
      }
    }
  }
}

// A picture read at a quarter of its size shows a dot where the whole one does.
TEST(Augment, WarpOfAReducedPictureMovesNothing) {
  constexpr int kSize = 96, kReduction = 4;
  const Vec2 dot(531.3, 388.7);
  const ImageBuffer whole = DotAt(dot, 40, 1040, 800);
  ImageBuffer reduced{1040 / kReduction, 800 / kReduction, 3, {}, kReduction};
  reduced.pixels.resize(size_t{3} * reduced.width * reduced.height);
  for (int y = 0; y < reduced.height; ++y) {
    for (int x = 0; x < reduced.width; ++x) {
      int sum = 0;
      for (int i = 0; i < kReduction * kReduction; ++i) {
        sum += whole.pixels[3 * ((kReduction * y + i / kReduction) * whole.width + kReduction * x +
                                 i % kReduction)];
      }
      const int mean = (sum + kReduction * kReduction / 2) / (kReduction * kReduction);
      std::fill_n(&reduced.pixels[3 * (y * reduced.width + x)], 3, static_cast<uint8_t>(mean));
    }
  }
  for (const double side : {300.0, 500.0, 1500.0}) {
    for (const bool flip : {false, true}) {
      Augmentation augmentation;
      augmentation.flip = flip;
      augmentation.rotation_rad = 0.4;
      const CropMap crop = CropOf({Vec2(524, 395), side}, kSize, augmentation);
      std::vector<uint8_t> from_whole(3 * kSize * kSize), from_reduced(3 * kSize * kSize);
      WarpToCrop(whole, crop, augmentation, from_whole.data());
      WarpToCrop(reduced, crop, augmentation, from_reduced.data());
      EXPECT_LT((CenterOfLight(from_reduced, kSize) - crop.CropFromImage(dot)).norm(), 0.1);
      int most = 0;
      for (size_t i = 0; i < from_whole.size(); ++i) {
        most = std::max(most, std::abs(from_whole[i] - from_reduced[i]));
      }
      EXPECT_LE(most, 6) << "side " << side;
    }
  }
}

TEST(Augment, KeypointsFollowAndExchangeSides) {
  const int right = SpinJoints().IndexOf("Right Wrist"), left = SpinJoints().IndexOf("Left Wrist");
  Points2 points = Points2::Zero(kNumSpinJoints, 2);
  VecX confidence = VecX::Zero(kNumSpinJoints);
  points.row(right) << 30, 40;
  confidence[right] = 0.5;
  const CropMap plain({Vec2(32, 32), 64}, 64), mirrored({Vec2(32, 32), 64}, 64, 0, true);
  EXPECT_EQ(KeypointsInCrop(points, confidence, plain).confidence[right], 0.5);
  const CropKeypoints seen = KeypointsInCrop(points, confidence, mirrored);
  EXPECT_EQ(seen.confidence[right], 0);
  EXPECT_EQ(seen.confidence[left], 0.5);
  EXPECT_NEAR(seen.points_px(left, 0), 63 - plain.CropFromImage(Vec2(30, 40)).x(), 1e-12);
  EXPECT_EQ(seen.points_px(right, 0), 0);  // unobserved stays at zero
}

// Keypoints of the body in the crop are the body's keypoints taken through the crop. The mirror is
// only as exact as the body is symmetric, so turn and scale are tested apart from it.
TEST(Augment, BodyReprojectsOntoTransformedKeypoints) {
  const BodyModel body = MakeBuiltinBody();
  const FoldedJoints joints(body, SpinJoints());
  const RestJoints rest(body);
  const auto prior = LoadPosePrior();
  Rng rng(3, RngStream::kTest);
  const Camera camera{900, Vec2(160, 120)};
  for (int trial = 0; trial < 20; ++trial) {
    BodyParams params{SmplLayout()};
    params.pose().tail<kNumPriorPose>() = prior->Sample(rng);
    params.pose().head<3>() = Vec3(rng.Normal(), rng.Normal(), rng.Normal());
    for (double& beta : params.betas()) beta = rng.Normal();
    params.transl() = Vec3(rng.Normal(), rng.Normal(), 6) * 0.7;
    const CropMap crop({Vec2(200, 100), 140}, 224, rng.Uniform(-3, 3), trial % 2 == 1);
    const BodyParams seen = BodyInCrop(params, crop, rest);
    const Camera seen_camera = CameraInCrop(camera, crop);
    Points2 points(kNumSpinJoints, 2);
    const Points3 truth = joints.Positions(params);
    for (int i = 0; i < kNumSpinJoints; ++i) {
      points.row(i) = camera.Project(truth.row(i).transpose()).transpose();
    }
    const CropKeypoints expected = KeypointsInCrop(points, VecX::Ones(kNumSpinJoints), crop);
    const Points3 found = joints.Positions(seen);
    double worst = 0;
    for (int i = 0; i < kNumSpinJoints; ++i) {
      const Vec2 p = seen_camera.Project(found.row(i).transpose());
      worst = std::max(worst, (p - expected.points_px.row(i).transpose()).norm());
    }
    EXPECT_LT(worst, crop.flip() ? 1.0 : 1e-6) << "trial " << trial;
    Points3 superset = truth.bottomRows(24);
    VecX sure = VecX::Ones(24);
    JointsInCrop(crop, &superset, &sure);
    EXPECT_LT((superset - found.bottomRows(24)).cwiseAbs().maxCoeff(), crop.flip() ? 0.01 : 1e-9);
  }
}

TEST(Augment, DrawsHaveSpinsDistribution) {
  const AugmentOptions options;
  const Sample sample;
  int flips = 0, upright = 0, clipped = 0;
  constexpr int kDraws = 4000;
  for (int i = 0; i < kDraws; ++i) {
    Rng rng(1, RngStream::kAugment, 0, i);
    const Augmentation a = DrawAugmentation(options, sample, rng);
    flips += a.flip;
    upright += a.rotation_rad == 0;
    clipped += a.scale == 0.75 || a.scale == 1.25;
    EXPECT_LE(std::abs(a.rotation_rad), std::numbers::pi / 3 + 1e-12);
    EXPECT_TRUE(a.scale >= 0.75 && a.scale <= 1.25);
    for (const double gain : a.gains) EXPECT_TRUE(gain >= 0.6 && gain <= 1.4);
    EXPECT_TRUE(a.occluders.empty());
  }
  EXPECT_NEAR(flips, 0.5 * kDraws, 150);
  EXPECT_NEAR(upright, 0.6 * kDraws, 150);
  EXPECT_NEAR(clipped, 0.317 * kDraws, 150);  // beyond one deviation
}

TEST(Augment, NoneIsNeutralAndGainsAndOccludersShow) {
  Rng rng(1, RngStream::kAugment);
  const Augmentation none = DrawAugmentation(AugmentOptions::None(), Sample(), rng);
  EXPECT_FALSE(none.flip);
  EXPECT_EQ(none.rotation_rad, 0);
  EXPECT_EQ(none.scale, 1);
  ImageBuffer grey{32, 32, 3, std::vector<uint8_t>(3 * 32 * 32, 200)};
  Augmentation bright;
  bright.gains = {0.5, 1, 1.4};
  bright.occluders.push_back({Vec2(0.25, 0.25), Vec2(0.1, 0.1), {0, 0, 0}});
  std::vector<uint8_t> pixels(3 * 32 * 32);
  WarpToCrop(grey, CropMap({Vec2(15.5, 15.5), 32}, 32), bright, pixels.data());
  EXPECT_EQ(pixels[0], 100);
  EXPECT_EQ(pixels[1], 200);
  EXPECT_EQ(pixels[2], 255);  // clipped
  const size_t covered = 3 * (24 * 32 + 24);
  EXPECT_EQ(pixels[covered], 0);
  AugmentOptions wrong;
  wrong.flip_probability = 2;
  EXPECT_THROW(wrong.Check(), UserError);
}

}  // namespace
}  // namespace gyre
