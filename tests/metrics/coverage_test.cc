// SPDX-License-Identifier: Apache-2.0
#include "metrics/coverage.h"

#include <gtest/gtest.h>

#include <cmath>

namespace gyre {
namespace {

// Of tables.
TEST(Coverage, ChiSquared) {
  EXPECT_NEAR(ChiSquaredShare(2, 5.991465), 0.95, 1e-7);
  EXPECT_NEAR(ChiSquaredShare(2, 2.278869), 0.68, 1e-7);
  EXPECT_NEAR(ChiSquaredShare(3, 7.814728), 0.95, 1e-7);
  EXPECT_NEAR(ChiSquaredShare(3, 0.584374), 0.10, 1e-6);
  EXPECT_EQ(ChiSquaredShare(2, 0), 0);
  EXPECT_THROW(ChiSquaredShare(1, 1), std::logic_error);
}

// A narrow and a wide direction that are no axes.
TEST(Coverage, IsByTheCovariancesOwnMeasure) {
  Eigen::Matrix2d covariance;
  covariance << 5, -4, -4, 5;  // 9 along (1, -1), 1 along (1, 1)
  Coverage coverage;
  const double narrow = std::sqrt(0.5), wide = std::sqrt(4.5);
  coverage.Add<2>(1.5 * wide * Vec2(1, -1), covariance, 10);     // 1.5 deviations: 0.6753
  coverage.Add<2>(1.52 * narrow * Vec2(1, 1), covariance, 10);   // 0.6850
  coverage.Add<2>(2.4 * narrow * Vec2(-1, -1), covariance, 10);  // 0.9439
  coverage.Add<2>(2.5 * wide * Vec2(-1, 1), covariance, 10);     // 0.9561
  EXPECT_EQ(coverage.count(), 4);
  EXPECT_EQ(coverage.Within(0.68), 0.25);
  EXPECT_EQ(coverage.Within(0.95), 0.75);
  EXPECT_NEAR(coverage.errors().Median(), (2.4 + 4.5) / 2 / 10, 1e-12);
  EXPECT_NEAR(coverage.deviations().Median(), std::sqrt(5) / 10, 1e-12);
}

TEST(Coverage, InSpace) {
  Coverage coverage;
  const Mat3 covariance = Vec3(4, 9, 0.25).asDiagonal();
  coverage.Add<3>({2, 3, 0.5}, covariance, 0.5);   // 3: 0.6084
  coverage.Add<3>({2, 3, -0.7}, covariance, 0.5);  // 3.96: 0.7341
  EXPECT_EQ(coverage.Within(0.68), 0.5);
  EXPECT_EQ(coverage.Within(0.6), 0);
}

TEST(Coverage, WhatIsNotKnownIsNowhere) {
  Coverage coverage;
  coverage.Add<2>({0.1, 0.1}, Eigen::Matrix2d::Constant(std::nan("")), 1);
  coverage.Add<2>({0.1, 0.1}, Eigen::Matrix2d::Identity(), 1);
  EXPECT_EQ(coverage.Within(0.95), 0.5);
  coverage.Add<2>({0.1, 0.1}, Vec2(1, -1).asDiagonal().toDenseMatrix(), 1);
  EXPECT_NEAR(coverage.Within(0.95), 1.0 / 3, 1e-12);
}

}  // namespace
}  // namespace gyre
