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

}  // namespace
}  // namespace gyre
