// SPDX-License-Identifier: Apache-2.0
#include "regressor/rotation.h"

#include <gtest/gtest.h>

#include "regressor/regressor_test_util.h"

namespace gyre {
namespace {

// Axis-angles [N,3]: zero, near zero, ordinary, near pi, at pi.
at::Tensor HardAxisAngles() {
  const Vec3 axis = Vec3(0.48, -0.6, 0.64);
  RowMatX w(8, 3);
  w << Vec3::Zero().transpose(), 1e-9 * axis.transpose(), 1e-5 * axis.transpose(),
      1e-3 * axis.transpose(), 1.3 * axis.transpose(), (EIGEN_PI - 1e-7) * axis.transpose(),
      EIGEN_PI * axis.transpose(), EIGEN_PI * Vec3::UnitY().transpose();
  return TensorOf(w);
}

Mat3 MatrixAt(const at::Tensor& R, int i) {
  const at::Tensor row = R[i].contiguous();
  return Eigen::Map<const Eigen::Matrix<double, 3, 3, Eigen::RowMajor>>(row.data_ptr<double>());
}

TEST(Rotation, AxisAngleAgreesWithExp) {
  const at::Tensor w = HardAxisAngles();
  const at::Tensor R = RotationFromAxisAngle(w);
  for (int i = 0; i < w.size(0); ++i) {
    const Vec3 row = Eigen::Map<const Vec3>(w.data_ptr<double>() + 3 * i);
    EXPECT_LT((MatrixAt(R, i) - ExpSO3(row)).norm(), 1e-14) << "row " << i;
  }
}

TEST(Rotation, AxisAngleHasFiniteGradientAndTheRightOneAtZero) {
  at::Tensor w = HardAxisAngles().requires_grad_();
  Rng rng(1, RngStream::kTest);
  const at::Tensor weight = RandomTensor({w.size(0), 3, 3}, rng);
  (RotationFromAxisAngle(w) * weight).sum().backward();
  EXPECT_LT(MaxAbs(w.grad()), 100);
  // At zero, R = I + Hat(w): the derivative along z is W10 - W01.
  EXPECT_NEAR(Value(w.grad()[0][2]), Value(weight[0][1][0] - weight[0][0][1]), 1e-12);
}

TEST(Rotation, LogInvertsExp) {
  const at::Tensor w = HardAxisAngles();
  const at::Tensor R = RotationFromAxisAngle(w);
  const at::Tensor back = AxisAngleFromRotation(R);
  EXPECT_LT(MaxAbs(RotationFromAxisAngle(back) - R), 1e-7);
  EXPECT_LT(MaxAbs((back - w).narrow(0, 0, 5)), 1e-9);
  EXPECT_EQ(AxisAngleFromRotation(R.to(at::kFloat).view({2, 4, 3, 3})).sizes(),
            (at::IntArrayRef{2, 4, 3}));
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

TEST(Rotation, GeodesicAngleIsTheAngleAndFlatAtZeroAndPi) {
  at::Tensor w = HardAxisAngles();
  const at::Tensor identity = RotationFromAxisAngle(at::empty({1, 3}, at::kDouble).zero_());
  at::Tensor R = RotationFromAxisAngle(w).requires_grad_();
  const at::Tensor angle = GeodesicAngle(identity, R);
  EXPECT_LT(MaxAbs(angle - w.norm(2, -1)), 1e-9);
  angle.sum().backward();
  EXPECT_TRUE(R.grad().isfinite().all().item().toBool());
}

}  // namespace
}  // namespace gyre
