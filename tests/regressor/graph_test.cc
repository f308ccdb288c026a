// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/graph.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/einsum.h>
#include <ATen/ops/group_norm.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randperm.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <Eigen/LU>
#include <cmath>

#include "core/error.h"
#include "regressor/layers/nearest_rotation.h"
#include "regressor/regressor_test_util.h"
#include "regressor/runtime.h"
#include "regressor/weights.h"

namespace gyre {
namespace {

// Means over a neighbourhood of 5 vertices, not symmetric.
at::Tensor SmallMeans() {
  at::Tensor dense = at::zeros({5, 5}, at::kDouble);
  const double rows[5][5] = {{0.25, 0.75, 0, 0, 0},
                             {0.1, 0.2, 0.7, 0, 0},
                             {0, 0, 1, 0, 0},
                             {0.5, 0, 0.125, 0.375, 0},
                             {0.2, 0.2, 0.2, 0.2, 0.2}};
  for (int i = 0; i < 5; ++i) {
    for (int j = 0; j < 5; ++j) dense[i][j] = rows[i][j];
  }
  return dense.to_sparse();
}

// Central differences of sum(weights * f(x)) along a few entries of x.
template <typename F>
void ExpectGradient(const F& f, const at::Tensor& at_point, const at::Tensor& weights) {
  at::Tensor x = at_point.clone().requires_grad_();
  (f(x) * weights).sum().backward();
  const double h = 1e-6;
  const at::NoGradGuard no_grad;
  for (int64_t i = 0; i < x.numel(); i += 1 + x.numel() / 37) {
    at::Tensor up = at_point.clone(), down = at_point.clone();
    up.view(-1)[i] += h;
    down.view(-1)[i] -= h;
    const double difference = Value(((f(up) - f(down)) * weights).sum()) / (2 * h);
    EXPECT_NEAR(Value(x.grad().reshape(-1)[i]), difference, 1e-6 * (1 + std::abs(difference))) << i;
  }
}

TEST(GraphProduct, IsTheSumOverNeighboursAndItsGradient) {
  Rng rng(1, RngStream::kTest);
  const at::Tensor means = SmallMeans(), x = RandomTensor({2, 3, 5}, rng);
  const at::Tensor y = GraphProduct(means, x);
  EXPECT_NEAR(Value(y[1][2][0]), 0.25 * Value(x[1][2][0]) + 0.75 * Value(x[1][2][1]), 1e-14);
  EXPECT_NEAR(Value(y[0][1][3]),
              0.5 * Value(x[0][1][0]) + 0.125 * Value(x[0][1][2]) + 0.375 * Value(x[0][1][3]),
              1e-14);
  EXPECT_LT(MaxAbs(y - at::einsum("vw,bcw->bcv", {means.to_dense(), x})), 1e-14);
  ExpectGradient([&](const at::Tensor& t) { return GraphProduct(means, t); }, x,
                 RandomTensor({2, 3, 5}, rng));
}

TEST(GraphLinear, OfPartsIsThatOfTheWhole) {
  SeedTorch(3);
  GraphLinear linear(3 + 7, 6, GraphStart::kMean);
  linear->to(at::kDouble);
  Rng rng(2, RngStream::kTest);
  const at::Tensor vertices = RandomTensor({1, 3, 11}, rng), feature = RandomTensor({4, 7}, rng);
  const at::Tensor whole =
      at::cat({vertices.expand({4, 3, 11}), feature.unsqueeze(2).expand({4, 7, 11})}, 1);
  EXPECT_LT(MaxAbs(linear->ForwardOfParts(vertices, feature) - linear->forward(whole)), 1e-13);
  EXPECT_THROW(linear->ForwardOfParts(vertices, feature.narrow(1, 0, 6)), std::exception);
}

// Relabelled vertices give relabelled outputs.
TEST(GraphBlock, DoesNotKnowTheVerticesNumbers) {
  SeedTorch(4);
  GraphBlock block(16, 48, GraphStart::kMean);
  block->to(at::kDouble);
  Rng rng(3, RngStream::kTest);
  const at::Tensor means = SmallMeans().to_dense(), x = RandomTensor({2, 16, 5}, rng);
  const at::Tensor order = at::randperm(5, at::kLong);
  const at::Tensor relabelled = means.index_select(0, order).index_select(1, order);
  const at::Tensor y = block(x, means.to_sparse());
  EXPECT_EQ(y.sizes(), (std::vector<int64_t>{2, 48, 5}));
  EXPECT_LT(
      MaxAbs(block(x.index_select(2, order), relabelled.to_sparse()) - y.index_select(2, order)),
      1e-12);
  EXPECT_GT(MaxAbs(block(x.index_select(2, order), means.to_sparse()) - y.index_select(2, order)),
            1e-3);
}

TEST(GraphBlock, SkipsByItselfOnlyWhereNothingChanges) {
  const at::Tensor means = SmallMeans();
  Rng rng(5, RngStream::kTest);
  const at::Tensor x = RandomTensor({1, 16, 5}, rng);
  for (const int64_t out : {16, 32}) {
    SeedTorch(6);
    GraphBlock block(16, out, GraphStart::kMean);
    block->to(at::kDouble);
    const at::NoGradGuard no_grad;
    auto parameters = block->named_parameters();
    parameters["lin2.W"].zero_();
    parameters["lin2.b"].fill_(0.5);
    const at::Tensor skipped = out == 16
                                   ? x
                                   : at::einsum("oi,biv->bov", {parameters["skip_conv.W"], x}) +
                                         parameters["skip_conv.b"].unsqueeze(1);
    EXPECT_LT(MaxAbs(block(x, means) - skipped - 0.5), 1e-12) << out;
  }
}

TEST(GraphStart, ReleasedIsLargeInConvolutionsAndTinyBetween) {
  SeedTorch(7);
  const GraphConvolution conv(12, 20, GraphStart::kReleased);
  const GraphLinear linear(12, 20, GraphStart::kReleased);
  const double large = 6 / std::sqrt(32.0), tiny = 1.0 / 240;
  for (const auto& [tensor, bound] : {std::pair(conv->weight, large), std::pair(linear->W, tiny)}) {
    EXPECT_LE(MaxAbs(tensor), bound);
    EXPECT_GT(MaxAbs(tensor), 0.95 * bound);
  }
  GraphLinear kept(600, 400, GraphStart::kMean);
  const at::Tensor x = at::randn({1, 600, 50}).relu();
  EXPECT_NEAR(Value(kept->forward(x).square().mean()), 1, 0.15);  // what a ReLU took is made up for
}

TEST(NearestRotation, ProjectsAndTurnsReflectionsTheShortWay) {
  Rng rng(8, RngStream::kTest);
  const at::Tensor m = RandomTensor({9, 2, 3, 3}, rng);
  const at::Tensor nearest = RotationFromMatrix(m);
  int reflections = 0;
  for (int i = 0; i < 18; ++i) {
    using RowMat3d = Eigen::Matrix<double, 3, 3, Eigen::RowMajor>;
    const Mat3 from = Eigen::Map<const RowMat3d>(m.data_ptr<double>() + 9 * i);
    const Mat3 to = Eigen::Map<const RowMat3d>(nearest.data_ptr<double>() + 9 * i);
    EXPECT_LT((to - NearestRotation(from)).norm(), 1e-10);
    EXPECT_NEAR(to.determinant(), 1, 1e-10);
    const Mat3 released = Eigen::Map<const RowMat3d>(
        RotationFromMatrix(m, RotationRule::kReleased).contiguous().data_ptr<double>() + 9 * i);
    EXPECT_NEAR(released.determinant(), 1, 1e-10);
    if (from.determinant() < 0) {
      ++reflections;
      EXPECT_GT((released - from).norm(), (to - from).norm() + 1e-3);
    } else {
      EXPECT_LT((released - to).norm(), 1e-10);
    }
  }
  EXPECT_TRUE(reflections > 3 && reflections < 15);
}

TEST(NearestRotation, GradientIsThatOfDifferences) {
  Rng rng(9, RngStream::kTest);
  const at::Tensor m = RandomTensor({6, 3, 3}, rng), weights = RandomTensor({6, 3, 3}, rng);
  for (const RotationRule rule : {RotationRule::kNearest, RotationRule::kReleased}) {
    ExpectGradient([&](const at::Tensor& t) { return RotationFromMatrix(t, rule); }, m, weights);
  }
}

TEST(NearestRotation, IsFiniteWhereThereIsNoNearest) {
  at::Tensor m = at::zeros({3, 3, 3}, at::kDouble);
  m[1][0][0] = 2;  // rank 1
  m[2].fill_diagonal_(1);
  m[2][0][0] = -1;  // a reflection: all others are as near
  m.requires_grad_();
  const at::Tensor r = RotationFromMatrix(m);
  (r * at::rand({3, 3, 3}, at::kDouble)).sum().backward();
  EXPECT_TRUE(r.isfinite().all().item().toBool());
  EXPECT_TRUE(m.grad().isfinite().all().item().toBool());
  const at::Tensor nothing = at::zeros({1, 3, 3}) * NAN;
  EXPECT_TRUE(RotationFromMatrix(nothing).isnan().all().item().toBool());
}

}  // namespace
}  // namespace gyre
