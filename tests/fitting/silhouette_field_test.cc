// SPDX-License-Identifier: Apache-2.0
#include "fitting/silhouette_field.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace gyre {
namespace {

constexpr uint8_t kNone = SilhouetteMask::kBackground, kUnsure = SilhouetteMask::kUnknown,
                  kShown = SilhouetteMask::kBody;

struct Rectangle {
  int left, top, right, bottom;  // pixels, the last ones included
  uint8_t value;
};

SilhouetteMask Painted(int width, int height, const std::vector<Rectangle>& rectangles) {
  SilhouetteMask mask{width, height, std::vector<uint8_t>(static_cast<size_t>(width) * height, 0)};
  for (const Rectangle& r : rectangles) {
    for (int y = r.top; y <= r.bottom; ++y) {
      std::fill_n(&mask.pixels[static_cast<size_t>(y) * width + r.left], r.right - r.left + 1,
                  r.value);
    }
  }
  return mask;
}

// Sides, as they are counted on the contour.
struct Sides {
  int left = 0, right = 0, top = 0, bottom = 0;
};
Sides SidesOf(const std::vector<BorderPoint>& contour) {
  Sides sides;
  for (const BorderPoint& point : contour) {
    sides.left += point.normal.x() < -0.9;
    sides.right += point.normal.x() > 0.9;
    sides.top += point.normal.y() < -0.9;
    sides.bottom += point.normal.y() > 0.9;
  }
  return sides;
}

TEST(SilhouetteField, DistanceFromTheMask) {
  const auto field = SilhouetteField::Of(Painted(60, 50, {{10, 8, 14, 19, kShown}}), 1);
  ASSERT_NE(field, nullptr);
  Vec2 gradient;
  // Between the pixels 18 and 19, 4 and 5 from pixel 14.
  EXPECT_NEAR(field->Outside({18.25, 12}, &gradient), 3.75, 1e-6);
  EXPECT_NEAR(gradient.x(), 1, 1e-6);
  EXPECT_NEAR(gradient.y(), 0, 1e-6);
  EXPECT_NEAR(field->Outside({17, 22}, nullptr), std::sqrt(18.0) - 0.5, 1e-6);
  EXPECT_EQ(field->Outside({12.5, 15}, &gradient), 0);
  EXPECT_EQ(gradient, Vec2::Zero());
  EXPECT_NEAR(field->Outside({14.5, 15}, nullptr), 0, 1e-6);
}

TEST(SilhouetteField, NothingPullsBeyondThePictureNorBehindAnOccluder) {
  const auto field =
      SilhouetteField::Of(Painted(60, 50, {{0, 8, 14, 19, kShown}, {15, 5, 27, 31, kUnsure}}), 1);
  Vec2 gradient;
  for (const Vec2& free : {Vec2(-3, 12), {-20, 70}, {21, 12}, {26, 30.5}}) {
    EXPECT_EQ(field->Outside(free, &gradient), 0) << free.transpose();
    EXPECT_EQ(gradient, Vec2::Zero());
  }
  // 3 right of the occluder, where it is the nearest thing that may hide the body.
  EXPECT_NEAR(field->Outside({30, 12}, nullptr), 2.5, 1e-6);
  EXPECT_EQ(field->At({-0.6, 12}), kUnsure);
  EXPECT_EQ(field->At({0, 8}), kShown);
  EXPECT_EQ(field->At({20, 20}), kUnsure);
  EXPECT_EQ(field->At({7, 20}), kNone);
  EXPECT_EQ(field->BodyArea(), 15 * 12);
}

TEST(SilhouetteField, ThePicturesEdgeAndAnOccludersAreNoContour) {
  const auto whole = SilhouetteField::Of(Painted(90, 80, {{20, 18, 49, 57, kShown}}), 1);
  const Sides all = SidesOf(whole->Contour(3));
  EXPECT_GE(all.left, 8);
  EXPECT_GE(all.right, 8);
  EXPECT_GE(all.top, 6);
  EXPECT_GE(all.bottom, 6);

  const auto cut = SilhouetteField::Of(
      Painted(50, 80, {{20, 18, 49, 79, kShown}, {20, 12, 39, 20, kUnsure}}), 1);
  const auto contour = cut->Contour(3);
  const Sides left = SidesOf(contour);
  EXPECT_GE(left.left, 10);
  EXPECT_EQ(left.right, 0);   // of the picture
  EXPECT_EQ(left.bottom, 0);  // of the picture
  EXPECT_GE(left.top, 1);     // beside the occluder
  for (const BorderPoint& point : contour) {
    EXPECT_TRUE(point.at_px.y() > 22 || point.at_px.x() > 41) << point.at_px.transpose();
  }
}

TEST(SilhouetteField, ContourKeepsItsSpacingAndHasAnEnd) {
  const auto field =
      SilhouetteField::Of(Painted(2000, 1500, {{200, 180, 1700, 1300, kShown}}), 0.5);
  const auto sparse = field->Contour(40);
  EXPECT_GE(sparse.size(), 2 * (1500 + 1120) / 80);
  EXPECT_LE(sparse.size(), 2 * (1500 + 1120) / 40 + 1);
  for (size_t i = 0; i < sparse.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      EXPECT_GE((sparse[i].at_px - sparse[k].at_px).norm(), 40);
    }
  }
  EXPECT_EQ(field->Contour(1).size(), 1000);
  EXPECT_EQ(field->Contour(1e-9).size(), 1000);
}

TEST(SilhouetteField, LargePeopleAreLookedAtInSteps) {
  const SilhouetteMask mask = Painted(900, 1100, {{301, 203, 598, 896, kShown}});
  const auto field = SilhouetteField::Of(mask, 0.1);  // 0.5 px of the crop are 5 px
  EXPECT_EQ(field->frame().cell_px, 5);
  EXPECT_NEAR(field->Outside({700, 500}, nullptr), 700 - 598.5, 5);
  EXPECT_NEAR(field->BodyArea(), 298 * 694, 5 * 2 * (298 + 694));
  EXPECT_EQ(SilhouetteField::Of(mask, 3.5)->frame().cell_px, 1);
}

TEST(SilhouetteField, OfNobodyOrNothingElseThereIsNone) {
  EXPECT_EQ(SilhouetteField::Of(Painted(30, 20, {}), 1), nullptr);
  EXPECT_EQ(SilhouetteField::Of(Painted(30, 20, {{0, 0, 29, 19, kUnsure}}), 1), nullptr);
  EXPECT_EQ(SilhouetteField::Of(Painted(30, 20, {{0, 0, 29, 19, kShown}}), 1), nullptr);
  EXPECT_EQ(
      SilhouetteField::Of(Painted(30, 20, {{0, 0, 29, 19, kShown}, {3, 0, 9, 19, kUnsure}}), 1),
      nullptr);
  EXPECT_NE(SilhouetteField::Of(Painted(1, 2, {{0, 0, 0, 0, kShown}}), 1), nullptr);
  EXPECT_NE(SilhouetteField::Of(Painted(2, 1, {{1, 0, 1, 0, kShown}}), 1e9), nullptr);
  // Of a person a million pixels tall the mask is too small.
  EXPECT_EQ(SilhouetteField::Of(Painted(1, 2, {{0, 0, 0, 0, kShown}}), 1e-9), nullptr);
}

}  // namespace
}  // namespace gyre
