// SPDX-License-Identifier: Apache-2.0
#include "core/lens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"

namespace gyre {
namespace {

Lens WithFocal(double fx, double fy) {
  Lens lens;
  lens.fx = fx, lens.fy = fy;
  lens.center_px = Vec2(310, 205);
  return lens;
}

TEST(Lens, WithoutBendingIsItsPinhole) {
  const Lens lens = WithFocal(700, 700);
  EXPECT_TRUE(lens.IsPinhole());
  EXPECT_EQ(lens.Pinhole().focal_px, 700);
  EXPECT_EQ(lens.PhotographFromPinhole(Vec2(12.5, 300)), Vec2(12.5, 300));
  EXPECT_EQ(lens.PinholeFromPhotograph(Vec2(12.5, 300)).value(), Vec2(12.5, 300));
}

// fx = 900, fy = 400: the pinhole has 600, so 600 px to the right are 900 in the photograph.
TEST(Lens, MakesPixelsSquare) {
  Lens lens = WithFocal(900, 400);
  EXPECT_FALSE(lens.IsPinhole());
  EXPECT_DOUBLE_EQ(lens.Pinhole().focal_px, 600);
  EXPECT_EQ(lens.Pinhole().center_px, Vec2(310, 205));
  EXPECT_TRUE(lens.PhotographFromPinhole(Vec2(910, 505)).isApprox(Vec2(1210, 405), 1e-12));
  EXPECT_TRUE(lens.PinholeFromPhotograph(Vec2(1210, 405)).value().isApprox(Vec2(910, 505), 1e-9));
  lens.skew = 30;
  EXPECT_TRUE(lens.PhotographFromPinhole(Vec2(910, 505)).isApprox(Vec2(1225, 405), 1e-12));
}

// At x = 0.5, y = 0.25 (r^2 = 0.3125), by hand:
//   radial = (1 + 0.1 r^2 - 0.05 r^4 + 0.02 r^6) = 1.02697753906..., divided by 1 + 0.03 r^2
//   tangential: (2 p1 xy + p2 (r^2 + 2 x^2), p1 (r^2 + 2 y^2) + 2 p2 xy), p1 = 0.01, p2 = -0.02
TEST(Lens, BendsAsOpenCvDoes) {
  Lens lens = WithFocal(1000, 1000);
  lens.distortion = {0.1, -0.05, 0.01, -0.02, 0.02};
  const double radial = 1 + 0.1 * 0.3125 - 0.05 * 0.09765625 + 0.02 * 0.030517578125;
  const Vec2 tangential(2 * 0.01 * 0.125 - 0.02 * (0.3125 + 0.5),
                        0.01 * (0.3125 + 0.125) - 2 * 0.02 * 0.125);
  const Vec2 point = Vec2(310, 205) + 1000 * Vec2(0.5, 0.25);
  Vec2 expected = Vec2(310, 205) + 1000 * (radial * Vec2(0.5, 0.25) + tangential);
  EXPECT_TRUE(lens.PhotographFromPinhole(point).isApprox(expected, 1e-12));
  lens.distortion.insert(lens.distortion.end(), {0.03, 0, 0, 0.004, 0.001, -0.002, 0.003});
  const double divided = radial / (1 + 0.03 * 0.3125);
  const Vec2 prism(0.004 * 0.3125 + 0.001 * 0.09765625, -0.002 * 0.3125 + 0.003 * 0.09765625);
  expected = Vec2(310, 205) + 1000 * (divided * Vec2(0.5, 0.25) + tangential + prism);
  EXPECT_TRUE(lens.PhotographFromPinhole(point).isApprox(expected, 1e-12));
}

// A ray of 45 degrees: t = pi / 4.
TEST(Lens, BendsAsAFisheye) {
  Lens lens = WithFocal(500, 500);
  lens.fisheye = true;
  lens.distortion = {0.2, 0, 0, -0.1};
  const double t = std::acos(-1) / 4;
  const double bent = t * (1 + 0.2 * t * t - 0.1 * std::pow(t, 8));
  const Vec2 found = lens.PhotographFromPinhole(Vec2(310 + 500 * 0.6, 205 - 500 * 0.8));
  EXPECT_TRUE(found.isApprox(Vec2(310 + 500 * bent * 0.6, 205 - 500 * bent * 0.8), 1e-12));
}

TEST(Lens, UndoesWhatItBends) {
  Lens barrel = WithFocal(810, 790);
  barrel.distortion = {-0.28, 0.07, 0.001, -0.0007, 0.01};
  Lens fisheye = WithFocal(420, 431);
  fisheye.fisheye = true;
  fisheye.distortion = {-0.03, 0.012, -0.008, 0.0015};
  for (const Lens& lens : {barrel, fisheye}) {
    for (const Vec2& point : {Vec2(310, 205), Vec2(0, 0), Vec2(641, 17.5), Vec2(-30, 433)}) {
      const auto back = lens.PinholeFromPhotograph(lens.PhotographFromPinhole(point));
      ASSERT_TRUE(back.has_value()) << point.transpose();
      EXPECT_LT((*back - point).norm(), 1e-4) << point.transpose();
    }
  }
}

// With k1 = -0.5 nothing lies farther from the centre than at r = sqrt(2/3): 0.544 f.
TEST(Lens, ShowsNothingBehindItsFold) {
  Lens lens = WithFocal(1000, 1000);
  lens.distortion = {-0.5, 0, 0, 0};
  EXPECT_TRUE(lens.PinholeFromPhotograph(Vec2(310 + 540, 205)).has_value());
  EXPECT_FALSE(lens.PinholeFromPhotograph(Vec2(310 + 550, 205)).has_value());
}

TEST(Lens, RefusesWhatIsNone) {
  const auto refusal = [](Lens lens) {
    try {
      lens.Check("a.yml");
    } catch (const UserError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  Lens lens = WithFocal(700, 690);
  lens.distortion = {0.1, 0, 0, 0, 0.2};
  EXPECT_EQ(refusal(lens), "");
  lens.distortion.pop_back();
  lens.distortion.pop_back();
  EXPECT_THAT(refusal(lens), testing::HasSubstr("a.yml: has 3 distortion coefficients"));
  lens.distortion = {0.1, 0, std::nan(""), 0};
  EXPECT_THAT(refusal(lens), testing::HasSubstr("not finite"));
  EXPECT_THAT(refusal(WithFocal(0.5, 700)), testing::HasSubstr("focal lengths are 0.5 and 700"));
  lens.distortion = {0.1, 0, 0, 0, 0.2};
  lens.fisheye = true;
  EXPECT_THAT(refusal(lens), testing::HasSubstr("expected 4 of a fisheye lens"));
}

}  // namespace
}  // namespace gyre
