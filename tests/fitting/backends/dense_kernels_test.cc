// SPDX-License-Identifier: Apache-2.0
#include "fitting/backends/dense_kernels.h"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <cmath>
#include <vector>

#include "core/rng.h"
#include "core/types.h"

namespace gyre {
namespace {

constexpr int kParams = 85;  // SMPL's
constexpr int kStride = NormalSize<kParams>::kStride, kBlocks = NormalSize<kParams>::kBlocks;

TEST(DenseKernelsTest, StridesAreWholeBlocksWithRoomForTheResidual) {
  EXPECT_EQ(kStride, 88);
  EXPECT_EQ(kBlocks, 22);
  EXPECT_EQ(NormalSize<3>::kStride, 4);
  EXPECT_EQ(NormalSize<4>::kStride, 8);
}

std::vector<const DenseKernels*> AllKernels() {
  return {&PortableKernels<85>(), &BestKernels<85>()};
}

TEST(DenseKernelsTest, GramAddsUpOverItsBlocks) {
  Rng rng(1, RngStream::kTest);
  const std::vector<uint8_t> blocks = {1, 2, 7, 20, 21};
  std::vector<bool> touched(kBlocks, false);
  for (const uint8_t block : blocks) touched[block] = true;
  RowMatX rows(7, kStride);
  for (double& value : rows.reshaped()) value = rng.Normal();
  const RowMatX gram = rows.transpose() * rows;
  for (const DenseKernels* kernels : AllKernels()) {
    RowMatX normal = RowMatX::Ones(kStride, kStride);
    kernels->add_gram(rows.data(), 7, blocks.data(), static_cast<int>(blocks.size()),
                      normal.data());
    for (int i = 0; i < kStride; ++i) {
      for (int j = i; j < kStride; ++j) {
        const bool in = touched[i / kNormalBlock] && touched[j / kNormalBlock];
        EXPECT_NEAR(normal(i, j), 1 + (in ? gram(i, j) : 0), 1e-12)
            << kernels->name << " " << i << " " << j;
      }
    }
  }
}

TEST(DenseKernelsTest, SolvesTheNormalEquations) {
  Rng rng(2, RngStream::kTest);
  RowMatX rows = RowMatX::Zero(100, kStride);
  for (int i = 0; i < 100; ++i) {
    for (int j = 0; j <= kParams; ++j) rows(i, j) = rng.Normal();
  }
  const RowMatX normal = rows.transpose() * rows;
  const VecX damping = VecX::LinSpaced(kParams, 0, 3);
  Eigen::MatrixXd damped = normal.topLeftCorner<kParams, kParams>();
  damped.diagonal() += damping;
  const VecX expected = damped.llt().solve(normal.col(kParams).head<kParams>());
  for (const DenseKernels* kernels : AllKernels()) {
    RowMatX work(kStride, kStride);
    VecX x(kParams);
    ASSERT_TRUE(kernels->solve_normal(normal.data(), damping.data(), work.data(), x.data()));
    EXPECT_LT((x - expected).norm(), 1e-10 * expected.norm()) << kernels->name;

    RowMatX indefinite = normal;
    indefinite(40, 40) = -1;
    EXPECT_FALSE(kernels->solve_normal(indefinite.data(), damping.data(), work.data(), x.data()));
  }
}

TEST(DenseKernelsTest, SolvesBelowATriangleForManyColumns) {
  // U = (2 1; . 4), B = (6 -2 0 4; 11 3 8 -10): x_0 = b_0 / 2, x_1 = (b_1 - x_0) / 4.
  const std::vector<double> small = {2, 1, std::nan(""), 4};
  for (const DenseKernels* kernels : AllKernels()) {
    std::vector<double> x = {6, -2, 0, 4, 11, 3, 8, -10};
    kernels->solve_transposed(small.data(), 2, 2, x.data(), 4);
    EXPECT_EQ(x, (std::vector<double>{3, -1, 0, 2, 2, 1, 2, -3})) << kernels->name;
  }
  Rng rng(4, RngStream::kTest);
  constexpr int kRows = 23, kStrideOfU = 26, kColumns = 20;
  RowMatX upper(kRows, kStrideOfU), b(kRows, kColumns);
  for (double& value : upper.reshaped()) value = rng.Normal();
  for (double& value : b.reshaped()) value = rng.Normal();
  for (int i = 0; i < kRows; ++i) upper(i, i) = 3 + i;
  for (const DenseKernels* kernels : AllKernels()) {
    RowMatX x = b;
    kernels->solve_transposed(upper.data(), kRows, kStrideOfU, x.data(), kColumns);
    const RowMatX product = upper.leftCols<kRows>().triangularView<Eigen::Upper>().transpose() * x;
    EXPECT_LT((product - b).norm(), 1e-12 * b.norm()) << kernels->name;
  }
}

TEST(DenseKernelsTest, NormStopsAboveItsLimit) {
  Rng rng(3, RngStream::kTest);
  RowMatX upper = RowMatX::Zero(69, 72);
  VecX d = VecX::Zero(72);
  for (int i = 0; i < 69; ++i) {
    d[i] = rng.Normal();
    for (int j = i; j < 69; ++j) upper(i, j) = rng.Normal();
  }
  const double expected = (upper * d).squaredNorm();
  for (const DenseKernels* kernels : AllKernels()) {
    EXPECT_NEAR(kernels->upper_norm2(upper.data(), 69, 72, d.data(), 1e300), expected,
                1e-10 * expected);
    const double stopped = kernels->upper_norm2(upper.data(), 69, 72, d.data(), 0.3 * expected);
    EXPECT_GT(stopped, 0.3 * expected);
    EXPECT_LT(stopped, expected);
    VecX y(69);
    kernels->multiply(upper.data(), 69, 72, d.data(), y.data());
    EXPECT_LT((y - upper * d).norm(), 1e-10) << kernels->name;
  }
}

}  // namespace
}  // namespace gyre
