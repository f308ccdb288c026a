// SPDX-License-Identifier: Apache-2.0
#include "regressor/batch_norm.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <barrier>
#include <thread>

#include "regressor/regressor_test_util.h"

namespace gyre {
namespace {

// The mean over two threads that stand for ranks.
class TwoThreads {
 public:
  RankMean Of(int rank) {
    return {2, [this, rank](const at::Tensor& tensor) {
              given_[rank] = tensor.detach().clone();
              barrier_.arrive_and_wait();
              const at::Tensor mean = (given_[0] + given_[1]) / 2;
              barrier_.arrive_and_wait();
              return mean;
            }};
  }

 private:
  std::barrier<> barrier_{2};
  at::Tensor given_[2];
};

template <typename Work>
void OnBoth(const Work& work) {
  std::thread other([&] { work(1); });
  work(0);
  other.join();
}

// A batch in two halves, whose means are far apart, against the whole of it.
TEST(BatchNormTest, SyncedHalvesAreAsTheWhole) {
  for (const std::vector<int64_t>& shape :
       {std::vector<int64_t>{12, 5}, std::vector<int64_t>{6, 5, 7},
        std::vector<int64_t>{4, 5, 3, 2}}) {
    const at::Tensor x = at::randn(shape, at::kDouble), g = at::randn(shape, at::kDouble);
    x.narrow(0, 0, shape[0] / 2).add_(30);
    BatchNorm whole(5);
    whole->to(at::kDouble);
    whole->weight.data().copy_(at::rand({5}) + 0.5);
    whole->bias.data().copy_(at::rand({5}));
    const at::Tensor whole_x = x.clone().requires_grad_();
    const at::Tensor whole_y = whole->forward(whole_x);
    whole_y.backward(g);

    TwoThreads threads;
    BatchNorm norms[2] = {BatchNorm(5), BatchNorm(5)};
    at::Tensor xs[2], ys[2];
    OnBoth([&](int rank) {
      BatchNorm& norm = norms[rank];
      norm->to(at::kDouble);
      norm->weight.data().copy_(whole->weight.data());
      norm->bias.data().copy_(whole->bias.data());
      SyncBatchNorm(*norm, threads.Of(rank));
      xs[rank] = x.chunk(2)[rank].clone().requires_grad_();
      ys[rank] = norm->forward(xs[rank]);
      ys[rank].backward(g.chunk(2)[rank]);
    });
    EXPECT_LT(MaxAbs(at::cat({ys[0], ys[1]}) - whole_y), 1e-12);
    EXPECT_LT(MaxAbs(at::cat({xs[0].grad(), xs[1].grad()}) - whole_x.grad()), 1e-12);
    EXPECT_LT(MaxAbs(norms[0]->weight.grad() + norms[1]->weight.grad() - whole->weight.grad()),
              1e-12);
    EXPECT_LT(MaxAbs(norms[0]->bias.grad() + norms[1]->bias.grad() - whole->bias.grad()), 1e-12);
    for (const BatchNorm& norm : norms) {
      EXPECT_LT(MaxAbs(norm->running_mean - whole->running_mean), 1e-12);
      EXPECT_LT(MaxAbs(norm->running_var - whole->running_var), 1e-12);
      EXPECT_EQ(norm->num_batches_tracked.item<int64_t>(), 1);
    }
    for (BatchNorm* norm : {&norms[0], &whole}) (*norm)->eval();
    EXPECT_LT(MaxAbs(norms[0]->forward(x) - whole->forward(x)), 1e-12);
  }
}

// Bfloat16 comes in and goes out; between them nothing is rounded.
TEST(BatchNormTest, SyncedHalvesOfBfloat16KeepTheWeightsPrecision) {
  const at::Tensor x = at::randn({4, 5, 3, 2}).add_(30).to(at::kBFloat16);
  BatchNorm whole(5);
  const at::Tensor whole_y = whole->forward(x.to(at::kFloat));
  TwoThreads threads;
  OnBoth([&](int rank) {
    BatchNorm norm(5);
    SyncBatchNorm(*norm, threads.Of(rank));
    const at::Tensor half = x.chunk(2)[rank].clone().requires_grad_();
    const at::Tensor y = norm->forward(half);
    EXPECT_EQ(y.scalar_type(), at::kBFloat16);
    EXPECT_LT(MaxAbs(y - whole_y.chunk(2)[rank]), MaxAbs(whole_y) / 256);
    EXPECT_LT(MaxAbs(norm->running_mean - whole->running_mean), 1e-5);
    EXPECT_LT(MaxAbs(norm->running_var - whole->running_var), 1e-5);
    y.sum().backward();
    EXPECT_EQ(half.grad().scalar_type(), at::kBFloat16);
    EXPECT_EQ(norm->weight.grad().scalar_type(), at::kFloat);
  });
}

}  // namespace
}  // namespace gyre
