// SPDX-License-Identifier: Apache-2.0
// Each operator on numbers worked out by hand. Files hold [H,W,C], tensors here [C,H,W].
#include "regressor/tflite_network.h"

#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "io/tiny_tflite.h"

namespace gyre {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<float> Computed(const std::string& file, const at::Tensor& input) {
  TfliteNetwork network(ParseTflite(file, "net.tflite"));
  const at::Tensor out = network->forward(input).at(0).contiguous();
  return {out.data_ptr<float>(), out.data_ptr<float>() + out.numel()};
}

at::Tensor Map(const std::vector<float>& values, std::vector<int64_t> shape) {
  return at::tensor(values).reshape(shape);
}

TEST(TfliteNetworkTest, ConvolvesWithTheLargerMarginBehind) {
  TinyTflite tiny;
  const int in = tiny.Tensor({1, 4, 3, 1}), out = tiny.Tensor({1, 2, 2, 1});
  const int weight = tiny.Floats({1, 3, 2, 1}, {1, 2, 3, 4, 5, 6}),
            bias = tiny.Floats({1}, {-0.5f});
  // SAME with stride 2: of 4 rows a window of 3 needs one more row, below; of 3 columns a window of
  // 2 needs one more column, on the right.
  tiny.Operator(TfliteOp::kConv2d, {in, weight, bias}, out, {{1, 2}, {2, 2}});
  const at::Tensor image = Map({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, {1, 1, 4, 3});
  // 1*1+2*2+4*3+5*4+7*5+8*6 = 120; 3*1+6*3+9*5 = 66; 7*1+8*2+10*3+11*4 = 97; 9*1+12*3 = 45.
  EXPECT_THAT(Computed(tiny.File({in}, {out}), image), ElementsAre(119.5, 65.5, 96.5, 44.5));
}

TEST(TfliteNetworkTest, ConvolvesChannelsApart) {
  TinyTflite tiny;
  const int in = tiny.Tensor({1, 1, 2, 2}), out = tiny.Tensor({1, 1, 1, 2});
  const int weight = tiny.Floats({1, 1, 2, 2}, {1, 10, 2, 20});  // [1,H,W,C]
  tiny.Operator(TfliteOp::kDepthwiseConv2d, {in, weight}, out, {{0, uint8_t{1}}, {4, uint8_t{3}}});
  // Channel 0: 0.5*1 + 1.5*2 = 3.5; channel 1: 3*10 - 1*20 = 10, cut at 6.
  EXPECT_THAT(Computed(tiny.File({in}, {out}), Map({0.5, 1.5, 3, -1}, {1, 2, 1, 2})),
              ElementsAre(3.5, 6));
}

TEST(TfliteNetworkTest, PadsPoolsAndAdds) {
  TinyTflite tiny;
  const int in = tiny.Tensor({1, 2, 3, 1}), padded = tiny.Tensor({1, 3, 4, 2});
  const int pooled = tiny.Tensor({1, 2, 2, 2}), out = tiny.Tensor({1, 2, 2, 2});
  tiny.Operator(TfliteOp::kPad, {in, tiny.Ints({0, 0, 1, 0, 0, 1, 0, 1})}, padded);
  tiny.Operator(TfliteOp::kMaxPool2d, {padded}, pooled, {{1, 2}, {2, 2}, {3, 2}, {4, 2}});
  const int more = tiny.Floats({1, 2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  tiny.Operator(TfliteOp::kAdd, {pooled, more}, out, {{0, uint8_t{1}}});
  // A row of zeros above, a column on the right, a channel behind:  0 0 0 0 / -1 2 3 0 / -4 -5 -6
  // 0. Pooled: 2 3 / -4 0 (below the last row there is nothing); the other channel is 0.
  EXPECT_THAT(Computed(tiny.File({in}, {out}), Map({-1, 2, 3, -4, -5, -6}, {1, 1, 2, 3})),
              ElementsAre(3, 6, 1, 7, 2, 4, 6, 8));
}

TEST(TfliteNetworkTest, ReshapesAsTheFileLiesInMemory) {
  TinyTflite tiny;
  const int in = tiny.Tensor({1, 1, 2, 3}), rows = tiny.Tensor({1, 2, 3}),
            out = tiny.Tensor({1, 3, 3});
  tiny.Operator(TfliteOp::kReshape, {in}, rows);
  const int flat = tiny.Tensor({1, 1, 3});
  const int first = tiny.Tensor({1, 1, 1, 3});
  tiny.Operator(TfliteOp::kMaxPool2d, {in}, first,
                {{0, uint8_t{1}}, {1, 2}, {2, 1}, {3, 2}, {4, 1}});
  tiny.Operator(TfliteOp::kReshape, {first}, flat);
  tiny.Operator(TfliteOp::kConcatenation, {rows, flat}, out, {{0, 1}});
  // Pixels (1, 3, 5) and (2, 4, 0); the larger of each channel behind them.
  EXPECT_THAT(Computed(tiny.File({in}, {out}), Map({1, 2, 3, 4, 5, 0}, {1, 3, 1, 2})),
              ElementsAre(1, 3, 5, 2, 4, 0, 2, 4, 5));
}

TEST(TfliteNetworkTest, ResizesByHalfPixels) {
  TinyTflite tiny;
  const int in = tiny.Tensor({1, 1, 2, 1}), out = tiny.Tensor({1, 1, 4, 1});
  tiny.Operator(TfliteOp::kResizeBilinear, {in, tiny.Ints({1, 4})}, out, {{3, uint8_t{1}}});
  EXPECT_THAT(Computed(tiny.File({in}, {out}), Map({1, 5}, {1, 1, 1, 2})), ElementsAre(1, 2, 4, 5));
}

TEST(TfliteNetworkTest, TurnsDepthToSpaceBlockByBlock) {
  TinyTflite tiny;
  const int in = tiny.Tensor({1, 1, 1, 8}), out = tiny.Tensor({1, 2, 2, 2});
  tiny.Operator(TfliteOp::kDepthToSpace, {in}, out, {{0, 2}});
  // Pixels (1, 2) (3, 4) / (5, 6) (7, 8), here channel by channel.
  EXPECT_THAT(Computed(tiny.File({in}, {out}), Map({1, 2, 3, 4, 5, 6, 7, 8}, {1, 8, 1, 1})),
              ElementsAre(1, 3, 5, 7, 2, 4, 6, 8));
}

TEST(TfliteNetworkTest, EachOfABatchForItselfAndDifferentiable) {
  TinyTflite tiny;
  const int in = tiny.Tensor({1, 1, 1, 2}), weight = tiny.Floats({1, 1, 1, 2}, {3, -1});
  const int sum = tiny.Tensor({1, 1, 1, 1}), out = tiny.Tensor({1, 1, 1, 1});
  tiny.Operator(TfliteOp::kConv2d, {in, weight}, sum);
  tiny.Operator(TfliteOp::kLogistic, {sum}, out);
  TfliteNetwork network(ParseTflite(tiny.File({in}, {out}), "net.tflite"));
  EXPECT_FALSE(network->parameters().at(0).requires_grad());
  network->parameters().at(0).requires_grad_(true);
  const at::Tensor images = Map({1, 3, 0, 0.5}, {2, 2, 1, 1});
  const at::Tensor found = network->forward(images).at(0);
  EXPECT_FLOAT_EQ(found[0].item<float>(), 0.5f);                      // 3 - 3
  EXPECT_FLOAT_EQ(found[1].item<float>(), 1 / (1 + std::exp(0.5f)));  // -0.5
  found.sum().backward();
  const at::Tensor gradient = network->parameters().at(0).grad().flatten();
  const float second = found[1].item<float>() * (1 - found[1].item<float>());
  EXPECT_FLOAT_EQ(gradient[0].item<float>(), 0.25f);
  EXPECT_FLOAT_EQ(gradient[1].item<float>(), 0.75f + 0.5f * second);
}

TEST(TfliteNetworkTest, WhatDoesNotFitIsOneSentence) {
  const auto error_of = [](const std::string& file, const at::Tensor& input) -> std::string {
    try {
      Computed(file, input);
    } catch (const UserError& error) {
      return error.what();
    }
    return "none";
  };
  {
    TinyTflite tiny;  // three channels of weights for two
    const int in = tiny.Tensor({1, 1, 1, 2}), out = tiny.Tensor({1, 1, 1, 1});
    tiny.Operator(TfliteOp::kConv2d, {in, tiny.Floats({1, 1, 1, 3}, {1, 2, 3})}, out);
    EXPECT_THAT(error_of(tiny.File({in}, {out}), Map({1, 2}, {1, 2, 1, 1})),
                HasSubstr("'tensor 1' does not get the shape"));
  }
  {
    TinyTflite tiny;  // eight numbers for two times six
    const int in = tiny.Tensor({1, 2, 2, 2}), out = tiny.Tensor({1, 6});
    tiny.Operator(TfliteOp::kReshape, {in}, out);
    EXPECT_THAT(error_of(tiny.File({in}, {out}), at::zeros({2, 2, 2, 2})),
                HasSubstr("'tensor 1' does not get the shape"));
  }
  {
    TinyTflite tiny;  // used before it is there
    const int in = tiny.Tensor({1, 1, 1, 1}), late = tiny.Tensor({1, 1, 1, 1}),
              out = tiny.Tensor({1, 1, 1, 1});
    tiny.Operator(TfliteOp::kAdd, {in, late}, out);
    EXPECT_THAT(error_of(tiny.File({in}, {out}), Map({1}, {1, 1, 1, 1})),
                HasSubstr("'tensor 1' is used and not computed before"));
  }
  {
    TinyTflite tiny;  // a margin that the shape does not have
    const int in = tiny.Tensor({1, 1, 1, 1}), out = tiny.Tensor({1, 1, 1, 1});
    tiny.Operator(TfliteOp::kPad, {in, tiny.Ints({0, 0, 9, 0, 0, 0, 0, 0})}, out);
    EXPECT_THAT(error_of(tiny.File({in}, {out}), Map({1}, {1, 1, 1, 1})), HasSubstr("cannot make"));
  }
  TinyTflite flat;
  const int vector = flat.Tensor({1, 4});
  EXPECT_THAT(error_of(flat.File({vector}, {vector}), Map({1}, {1, 1, 1, 1})),
              HasSubstr("expected is a network of one picture"));
}

}  // namespace
}  // namespace gyre
