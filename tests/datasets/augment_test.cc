// SPDX-License-Identifier: Apache-2.0
#include "datasets/decorators/augment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <set>
#include <utility>
#include <vector>

#include "body/kinematics.h"
#include "body/pose_prior.h"
#include "body/symmetry.h"
#include "core/error.h"
#include "core/so3.h"
#include "person/crops.h"

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
    Keypoints keypoints;
    keypoints.confidence.setOnes();
    const Points3 truth = joints.Positions(params);
    for (int i = 0; i < kNumSpinJoints; ++i) {
      keypoints.px.row(i) = camera.Project(truth.row(i).transpose()).transpose();
    }
    const Keypoints expected = KeypointsInCrop(keypoints, crop);
    const Points3 found = joints.Positions(seen);
    double worst = 0;
    for (int i = 0; i < kNumSpinJoints; ++i) {
      const Vec2 p = seen_camera.Project(found.row(i).transpose());
      worst = std::max(worst, (p - expected.px.row(i).transpose()).norm());
    }
    EXPECT_LT(worst, crop.flip() ? 1.0 : 1e-6) << "trial " << trial;
    SpaceJoints superset(FindKeypointSet("superset24"));
    superset.m = truth.bottomRows(24);
    JointsInCrop(crop, &superset);
    EXPECT_LT((superset.m - found.bottomRows(24)).cwiseAbs().maxCoeff(), crop.flip() ? 0.01 : 1e-9);
  }
}

TEST(Augment, DrawsHaveSpinsDistribution) {
  const AugmentOptions options;
  const Person person;
  int flips = 0, upright = 0, clipped = 0, clockwise = 0, brighter = 0, larger = 0;
  constexpr int kDraws = 4000;
  for (int i = 0; i < kDraws; ++i) {
    Rng rng(1, RngStream::kAugment, 0, i);
    const Augmentation a = DrawAugmentation(options, person, rng);
    flips += a.flip;
    upright += a.rotation_rad == 0;
    clipped += a.scale == 0.75 || a.scale == 1.25;
    EXPECT_LE(std::abs(a.rotation_rad), std::numbers::pi / 3 + 1e-12);
    EXPECT_TRUE(a.scale >= 0.75 && a.scale <= 1.25);
    for (const double gain : a.gains) EXPECT_TRUE(gain >= 0.6 && gain <= 1.4);
    clockwise += a.rotation_rad > 0;
    brighter += a.gains[i % 3] > 1;
    larger += a.scale > 1;
    EXPECT_TRUE(a.occluders.empty());
  }
  EXPECT_NEAR(flips, 0.5 * kDraws, 150);
  EXPECT_NEAR(upright, 0.6 * kDraws, 150);
  EXPECT_NEAR(clipped, 0.317 * kDraws, 150);  // beyond one deviation
  // Both ways alike.
  EXPECT_NEAR(clockwise, 0.2 * kDraws, 120);
  EXPECT_NEAR(brighter, 0.5 * kDraws, 150);
  EXPECT_NEAR(larger, 0.5 * kDraws, 150);
}

// Each channel has its own gain: colours change, not brightness alone.
TEST(Augment, ColoursVaryApart) {
  constexpr int kDraws = 2000;
  int apart = 0, blue_above_red = 0;
  for (int i = 0; i < kDraws; ++i) {
    Rng rng(5, RngStream::kAugment, 0, i);
    const auto gains = DrawAugmentation(AugmentOptions(), Person(), rng).gains;
    apart += gains[0] != gains[1] && gains[1] != gains[2] && gains[2] != gains[0];
    blue_above_red += gains[0] > gains[2];
  }
  EXPECT_EQ(apart, kDraws);
  EXPECT_NEAR(blue_above_red, kDraws / 2, 100);  // four deviations
}

TEST(Augment, NoneIsNeutralAndGainsAndOccludersShow) {
  Rng rng(1, RngStream::kAugment);
  const Augmentation none = DrawAugmentation(AugmentOptions::None(), Person(), rng);
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

// An occluder belongs to the person: it lies where it lies in the box as it was before scaling, and
// covers the same of the picture at any scale.
TEST(Augment, OccludersStayOnThePerson) {
  const ImageBuffer white{90, 70, 3, std::vector<uint8_t>(3 * 90 * 70, 255)};
  const Box box{Vec2(40.5, 30.5), 40};
  for (const double scale : {0.8, 1.0, 1.25}) {
    Augmentation augmentation;
    augmentation.scale = scale;
    augmentation.occluders.push_back({Vec2(0.2, -0.1), Vec2(0.15, 0.05), {10, 20, 30}});
    constexpr int kSize = 200;
    const CropMap crop = CropOf(box, kSize, augmentation);
    std::vector<uint8_t> pixels(3 * kSize * kSize);
    WarpToCrop(white, crop, augmentation, pixels.data());
    Vec2 sum = Vec2::Zero();
    int covered = 0;
    for (int i = 0; i < kSize * kSize; ++i) {
      if (pixels[3 * i] != 10) continue;
      EXPECT_EQ(pixels[3 * i + 1], 20);
      EXPECT_EQ(pixels[3 * i + 2], 30);
      sum += crop.ImageFromCrop(Vec2(i % kSize, i / kSize));
      ++covered;
    }
    EXPECT_LT((sum / covered - Vec2(48.5, 26.5)).norm(), 0.2) << scale;
    const double covered_px2 = covered / (crop.scale() * crop.scale());
    EXPECT_NEAR(covered_px2, 12 * 4, 6) << scale;  // of scale^2 it would be 75 or 31
  }
}

TEST(Augment, OccludersLieOnObservedKeypoints) {
  AugmentOptions options;
  options.occlusion_probability = 1;
  options.occlusion_side_min = 0.1;
  options.occlusion_side_max = 0.2;
  Person person;
  person.keypoints = Keypoints(FindKeypointSet("coco17"));
  person.box = {Vec2(50, 40), 80};
  person.keypoints.px.row(3) << 60, 30;
  person.keypoints.px.row(9) << 20, 20;  // not observed
  person.keypoints.confidence[3] = 0.5;
  for (int i = 0; i < 20; ++i) {
    Rng rng(1, RngStream::kAugment, 0, i);
    const Augmentation a = DrawAugmentation(options, person, rng);
    ASSERT_EQ(a.occluders.size(), 1u);
    EXPECT_EQ(a.occluders[0].center, Vec2(0.125, -0.125));
    EXPECT_GE(a.occluders[0].half_size.minCoeff(), 0.05);
    EXPECT_LE(a.occluders[0].half_size.maxCoeff(), 0.1);
  }
}

// As if the picture ended there: black to the crop's edge however the crop is turned, and nothing
// on the other side of the line.
TEST(Augment, FramesEndWithinTheBoxOnEachOfItsSides) {
  AugmentOptions options;
  options.cutoff_probability = 1;
  options.cutoff_max = 0.3;
  Person person;
  person.keypoints = Keypoints(FindKeypointSet("coco17"));
  person.box = {Vec2(50, 40), 80};
  const ImageBuffer image{101, 81, 3, std::vector<uint8_t>(size_t{3} * 101 * 81, 200)};
  std::set<std::pair<int, int>> sides;  // axis and sign
  for (int i = 0; i < 40; ++i) {
    Rng rng(1, RngStream::kAugment, 0, i);
    Augmentation a = DrawAugmentation(options, person, rng);
    ASSERT_EQ(a.occluders.size(), 1u);
    const Vec2 center = a.occluders[0].center, half = a.occluders[0].half_size;
    const int axis = center.x() == 0 ? 1 : 0, sign = center[axis] < 0 ? -1 : 1;
    sides.insert({axis, sign});
    const double end = sign * center[axis] - half[axis];  // of the visible side, from the centre
    EXPECT_GE(end, 0.2);
    EXPECT_LE(end, 0.5);
    a.gains = {1, 1, 1};
    a.scale = 1.25;
    a.rotation_rad = 0.9;
    const CropMap crop = CropOf(person.box, 64, a);
    std::vector<uint8_t> pixels(size_t{3} * 64 * 64);
    WarpToCrop(image, crop, a, pixels.data());
    for (int k = 0; k < 64 * 64; ++k) {
      const Vec2 at = (crop.ImageFromCrop(Vec2(k % 64, k / 64)) - Vec2(50, 40)) / 80;
      const bool pictured = std::abs(at.x()) < 0.6 && std::abs(at.y()) < 0.48;
      const double beyond = sign * at[axis] - end;
      if (std::abs(beyond) < 0.03 || (beyond < 0 && !pictured)) continue;
      EXPECT_EQ(pixels[3 * k], beyond > 0 ? 0 : 200) << i;
    }
  }
  EXPECT_EQ(sides.size(), 4u);
}

}  // namespace
}  // namespace gyre
