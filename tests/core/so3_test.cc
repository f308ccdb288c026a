// SPDX-License-Identifier: Apache-2.0
#include "core/so3.h"

#include <gtest/gtest.h>

#include <Eigen/Geometry>
#include <Eigen/LU>
#include <cmath>
#include <numbers>
#include <vector>

#include "core/rng.h"

namespace gyre {
namespace {

constexpr double kPi = std::numbers::pi;
using Vec6 = Eigen::Matrix<double, 6, 1>;

Vec3 RandomDirection(Rng& rng) {
  return Vec3(rng.Normal(), rng.Normal(), rng.Normal()).normalized();
}

// Angles where formulas change branch or lose precision.
const std::vector<double> kAngles = {0,    1e-300, 1e-12, 1e-9,      1e-6,       1e-4,      9e-3,
                                     0.02, 0.5,    2,     kPi - 0.1, kPi - 1e-4, kPi - 1e-7};

TEST(So3, ExpMatchesEigensAngleAxis) {
  Rng rng(1, RngStream::kTest);
  for (const double angle : kAngles) {
    const Vec3 axis = RandomDirection(rng);
    const Mat3 expected = Eigen::AngleAxisd(angle, axis).toRotationMatrix();
    EXPECT_LT((ExpSO3(angle * axis) - expected).norm(), 1e-14) << angle;
  }
  EXPECT_EQ(ExpSO3(Vec3::Zero()), Mat3::Identity());
}

TEST(So3, ExpTurnsAsTheRightHandRuleSays) {
  EXPECT_LT((ExpSO3(Vec3(0, 0, kPi / 2)) * Vec3::UnitX() - Vec3::UnitY()).norm(), 1e-15);
  EXPECT_LT((Hat(Vec3(1, 2, 3)) * Vec3(4, 5, 6) - Vec3(1, 2, 3).cross(Vec3(4, 5, 6))).norm(),
            1e-15);
}

TEST(So3, LogInvertsExp) {
  Rng rng(2, RngStream::kTest);
  for (const double angle : kAngles) {
    for (int trial = 0; trial < 20; ++trial) {
      const Vec3 w = angle * RandomDirection(rng);
      EXPECT_LT((LogSO3(ExpSO3(w)) - w).norm(), 1e-14 + 1e-9 * angle) << angle;
    }
  }
}

TEST(So3, LogTakesTheShorterWay) {
  const Vec3 axis = Vec3(1, -2, 0.5).normalized();
  EXPECT_LT((LogSO3(ExpSO3((kPi + 0.3) * axis)) + (kPi - 0.3) * axis).norm(), 1e-12);
  EXPECT_LT((LogSO3(ExpSO3(0.7 * axis + 2 * kPi * axis)) - 0.7 * axis).norm(), 1e-12);
}

// At pi both signs of the axis are right; the rotation must come back.
TEST(So3, LogIsFiniteAtPi) {
  Rng rng(3, RngStream::kTest);
  std::vector<Vec3> axes = {Vec3::UnitX(), Vec3::UnitY(), Vec3::UnitZ(), -Vec3::UnitY()};
  for (int trial = 0; trial < 50; ++trial) axes.push_back(RandomDirection(rng));
  for (const Vec3& axis : axes) {
    const Mat3 turn = 2 * axis * axis.transpose() - Mat3::Identity();  // exactly half a turn
    const Vec3 w = LogSO3(turn);
    ASSERT_TRUE(w.allFinite());
    EXPECT_NEAR(w.norm(), kPi, 1e-7);
    EXPECT_LT((ExpSO3(w) - turn).norm(), 1e-7);
  }
}

TEST(So3, JacobiansMatchFiniteDifferences) {
  Rng rng(4, RngStream::kTest);
  for (const double angle : {0.0, 1e-6, 5e-3, 0.0099, 0.0101, 0.3, 1.5, 3.0, kPi, 4.0}) {
    const Vec3 w = angle * RandomDirection(rng);
    constexpr double kStep = 1e-5;
    for (int axis = 0; axis < 3; ++axis) {
      const Vec3 dw = kStep * Vec3::Unit(axis);
      const Mat3 plus = ExpSO3(w + dw), minus = ExpSO3(w - dw);
      const Vec3 left = LogSO3(plus * minus.transpose()) / (2 * kStep);
      const Vec3 right = LogSO3(minus.transpose() * plus) / (2 * kStep);
      EXPECT_LT((LeftJacobianSO3(w).col(axis) - left).norm(), 1e-8) << angle;
      EXPECT_LT((RightJacobianSO3(w).col(axis) - right).norm(), 1e-8) << angle;
    }
  }
}

TEST(So3, JacobianIsContinuousWhereItsSeriesEnds) {
  const Vec3 axis = Vec3(1, 2, -2) / 3;
  const Mat3 below = LeftJacobianSO3((0.01 - 1e-12) * axis);
  const Mat3 above = LeftJacobianSO3((0.01 + 1e-12) * axis);
  EXPECT_LT((below - above).norm(), 1e-11);
  EXPECT_EQ(LeftJacobianSO3(Vec3::Zero()), Mat3::Identity());
}

TEST(So3, AngleBetweenRotations) {
  Rng rng(5, RngStream::kTest);
  const Mat3 base = ExpSO3(2.0 * RandomDirection(rng));
  for (const double angle : kAngles) {
    const Mat3 turned = base * ExpSO3(angle * RandomDirection(rng));
    EXPECT_NEAR(RotationAngle(base, turned), angle, 1e-14) << angle;
    EXPECT_NEAR(RotationAngle(turned, base), angle, 1e-14) << angle;
  }
  EXPECT_NEAR(RotationAngle(base, base * ExpSO3(kPi * Vec3::UnitY())), kPi, 1e-14);
}

TEST(So3, NearestRotationOfARotationIsItself) {
  const Mat3 rotation = ExpSO3(Vec3(0.3, -2, 1));
  EXPECT_LT((NearestRotation(rotation) - rotation).norm(), 1e-14);
  EXPECT_LT((NearestRotation(3 * rotation) - rotation).norm(), 1e-14);
}

// No rotation in the neighbourhood is nearer, also for matrices that mirror.
TEST(So3, NearestRotationIsProperAndNearest) {
  Rng rng(6, RngStream::kTest);
  int mirrored = 0;
  for (int trial = 0; trial < 20; ++trial) {
    Mat3 m;
    for (double& x : m.reshaped()) x = rng.Normal();
    mirrored += m.determinant() < 0;
    const Mat3 nearest = NearestRotation(m);
    EXPECT_NEAR(nearest.determinant(), 1, 1e-12);
    EXPECT_LT((nearest * nearest.transpose() - Mat3::Identity()).norm(), 1e-12);
    const double best = (nearest - m).norm();
    for (int other = 0; other < 50; ++other) {
      const double angle = other % 2 ? 1e-3 : rng.Uniform(0, kPi);
      EXPECT_LE(best, (ExpSO3(angle * RandomDirection(rng)) * nearest - m).norm() + 1e-12);
    }
  }
  EXPECT_GT(mirrored, 3);
  EXPECT_NEAR(NearestRotation(Mat3(Vec3(1, 1, -1).asDiagonal())).determinant(), 1, 1e-12);
}

TEST(So3, SixDLayoutsRoundTrip) {
  const Mat3 rotation = ExpSO3(Vec3(1, -0.4, 2));
  for (const SixDLayout layout : {SixDLayout::kSpin, SixDLayout::kRows}) {
    const Vec6 x = SixDFromRotation(rotation, layout);
    EXPECT_LT((RotationFromSixD(x, layout) - rotation).norm(), 1e-14);
  }
}

// kSpin holds a row-major 3x2 block whose columns are made the first two columns, kRows two rows.
TEST(So3, SixDLayoutsPlaceTheirNumbers) {
  Vec6 x;
  x << 2, 1, 0, 3, 0, 0;  // columns (2,0,0) and (1,3,0) for kSpin
  EXPECT_LT((RotationFromSixD(x, SixDLayout::kSpin) - Mat3::Identity()).norm(), 1e-15);
  x << 0, 5, 0, 0, 1, 2;  // rows (0,5,0) and (0,1,2) for kRows
  Mat3 expected;
  expected << 0, 1, 0, 0, 0, 1, 1, 0, 0;
  EXPECT_LT((RotationFromSixD(x, SixDLayout::kRows) - expected).norm(), 1e-15);
  Vec6 spin = SixDFromRotation(expected, SixDLayout::kSpin);
  Vec6 columns;
  columns << 0, 1, 0, 0, 1, 0;
  EXPECT_EQ(spin, columns);
}

TEST(So3, SixDOfAnyNumbersIsARotation) {
  Rng rng(7, RngStream::kTest);
  for (int trial = 0; trial < 50; ++trial) {
    Vec6 x;
    for (double& v : x) v = rng.Normal();
    for (const SixDLayout layout : {SixDLayout::kSpin, SixDLayout::kRows}) {
      const Mat3 r = RotationFromSixD(x, layout);
      EXPECT_LT((r * r.transpose() - Mat3::Identity()).norm(), 1e-12);
      EXPECT_NEAR(r.determinant(), 1, 1e-12);
    }
  }
}

}  // namespace
}  // namespace gyre
