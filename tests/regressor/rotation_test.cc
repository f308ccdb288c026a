// SPDX-License-Identifier: Apache-2.0
#include "regressor/rotation.h"

#include <gtest/gtest.h>

#include "regressor/regressor_test_util.h"

namespace gyre {
namespace {

Mat3 MatrixAt(const at::Tensor& R, int i) {
  const at::Tensor row = R[i].contiguous();
  return Eigen::Map<const Eigen::Matrix<double, 3, 3, Eigen::RowMajor>>(row.data_ptr<double>());
}

TEST(Rotation, SixDAgreesWithCoreInBothLayouts) {
  Rng rng(2, RngStream::kTest);
  const at::Tensor x = RandomTensor({5, 6}, rng);
  for (const SixDLayout layout : {SixDLayout::kSpin, SixDLayout::kRows}) {
    const at::Tensor R = RotationFromSixD(x, layout);
    for (int i = 0; i < 5; ++i) {
      const Eigen::Matrix<double, 6, 1> row =
          Eigen::Map<const Eigen::Matrix<double, 6, 1>>(x.data_ptr<double>() + 6 * i);
      EXPECT_LT((MatrixAt(R, i) - RotationFromSixD(row, layout)).norm(), 1e-12);
    }
  }
}

TEST(Rotation, SixDIsFiniteWhenDegenerate) {
  at::Tensor x = at::empty({2, 6}, at::kDouble).zero_();
  x[1].fill_(1);  // parallel columns
  x.requires_grad_();
  const at::Tensor R = RotationFromSixD(x);
  R.sum().backward();
  EXPECT_TRUE(R.isfinite().all().item().toBool());
  EXPECT_TRUE(x.grad().isfinite().all().item().toBool());
}

TEST(Rotation, AxisAngleIsTheLogarithmAtEveryTurn) {
  const double pi = 3.14159265358979323846;
  // No turn, next to none, a turn, next to half a turn and half a turn about each axis and others.
  std::vector<Vec3> turns = {{0, 0, 0}, {1e-9, -2e-9, 0}, {1e-5, 2e-5, -1e-5}, {0.3, -1.1, 0.7}};
  for (const Vec3& axis : {Vec3(1, 0, 0), Vec3(0, -1, 0), Vec3(0, 0, 1), Vec3(0.6, 0, -0.8)}) {
    for (const double angle : {pi - 1e-3, pi - 1e-7, pi}) turns.push_back(angle * axis);
  }
  for (const Vec3& turn : turns) {
    const Mat3 rotation = ExpSO3(turn);
    const at::Tensor found = AxisAngleFromRotation(TensorOf(rotation));
    const Vec3 angle(Value(found[0]), Value(found[1]), Value(found[2]));
    EXPECT_LT((ExpSO3(angle) - rotation).norm(), 1e-8) << turn.transpose();
    EXPECT_LE(angle.norm(), pi + 1e-12);
  }
}

// Against central differences along rotations, where the logarithm is smooth; finite elsewhere.
TEST(Rotation, AxisAngleHasItsGradient) {
  const Vec3 weight(0.3, -1.2, 0.8);
  for (const Vec3& turn : {Vec3(0, 0, 0), Vec3(0.4, -0.2, 0.9), Vec3(2.9, 0.5, -0.4)}) {
    const auto value = [&](const Vec3& by) {
      const at::Tensor a = AxisAngleFromRotation(TensorOf(ExpSO3(by) * ExpSO3(turn)));
      return weight.dot(Vec3(Value(a[0]), Value(a[1]), Value(a[2])));
    };
    at::Tensor rotation = TensorOf(ExpSO3(turn)).requires_grad_();
    (AxisAngleFromRotation(rotation) * TensorOf(weight.transpose())[0]).sum().backward();
    const Mat3 gradient = Eigen::Map<const Eigen::Matrix<double, 3, 3, Eigen::RowMajor>>(
        rotation.grad().contiguous().data_ptr<double>());
    for (int axis = 0; axis < 3; ++axis) {
      const Vec3 step = 1e-6 * Vec3::Unit(axis);
      const Mat3 direction = (ExpSO3(step) - ExpSO3(-step)) / 2e-6 * ExpSO3(turn);
      EXPECT_NEAR(gradient.cwiseProduct(direction).sum(), (value(step) - value(-step)) / 2e-6, 1e-5)
          << turn.transpose();
    }
  }
  at::Tensor half = TensorOf(ExpSO3(Vec3(0, 3.14159265358979, 0))).requires_grad_();
  AxisAngleFromRotation(half).sum().backward();
  EXPECT_TRUE(half.grad().isfinite().all().item().toBool());
}

}  // namespace
}  // namespace gyre
