// SPDX-License-Identifier: Apache-2.0
#include "io/tflite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "io/tiny_tflite.h"

namespace gyre {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string ErrorOfModel(const std::string& bytes) {
  try {
    ParseTflite(bytes, "net.tflite");
  } catch (const UserError& error) {
    return error.what();
  }
  return "none";
}

TEST(TfliteTest, ReadsTensorsOperatorsAndConstants) {
  TinyTflite tiny;
  const int image = tiny.Tensor({1, 5, 7, 2});
  // 1, -2, 0.5, 65504 in half precision.
  const int halves = tiny.Halves({1, 2, 1, 2}, {0x3c00, 0xc000, 0x3800, 0x7bff});
  const int weight = tiny.Tensor({1, 2, 1, 2}), out = tiny.Tensor({1, 3, 2, 1});
  tiny.Operator(TfliteOp::kDequantize, {halves}, weight);
  // Padding VALID, stride 3 along the width and 2 along the height, ReLU6, dilation 4 and 5.
  tiny.Operator(TfliteOp::kConv2d, {image, weight}, out,
                {{0, uint8_t{1}}, {1, 3}, {2, 2}, {3, uint8_t{3}}, {4, 4}, {5, 5}});
  const TfliteModel model = ParseTflite(tiny.File({image}, {out}), "net.tflite");
  ASSERT_EQ(model.tensors.size(), 4u);
  EXPECT_THAT(model.tensors[0].shape, ElementsAre(1, 5, 7, 2));
  EXPECT_EQ(model.tensors[0].name, "tensor 0");
  EXPECT_TRUE(model.tensors[0].data.empty());
  EXPECT_EQ(model.tensors[1].type, TfliteType::kFloat16);
  EXPECT_THAT(TfliteFloats(model, 1), ElementsAre(1, -2, 0.5, 65504));
  ASSERT_EQ(model.operators.size(), 2u);
  const TfliteOperator& conv = model.operators[1];
  EXPECT_EQ(conv.op, TfliteOp::kConv2d);
  EXPECT_THAT(conv.inputs, ElementsAre(image, weight));
  EXPECT_THAT(conv.outputs, ElementsAre(out));
  EXPECT_EQ(conv.padding, TflitePadding::kValid);
  EXPECT_EQ(conv.activation, TfliteActivation::kRelu6);
  EXPECT_THAT(conv.stride, ElementsAre(2, 3));
  EXPECT_THAT(conv.dilation, ElementsAre(5, 4));
  EXPECT_THAT(model.inputs, ElementsAre(image));
  EXPECT_THAT(model.outputs, ElementsAre(out));
}

TEST(TfliteTest, FillsSparseRows) {
  TinyTflite tiny;
  // Rows: nothing but 7 in column 3; empty; 8 and 9 in columns 0 and 2.
  const int sparse = tiny.Sparse(3, 4, {0, 1, 1, 3}, {3, 0, 2}, {7, 8, 9});
  const int dense = tiny.Tensor({3, 4});
  tiny.Operator(TfliteOp::kDensify, {sparse}, dense);
  const TfliteModel model = ParseTflite(tiny.File({dense}, {dense}), "net.tflite");
  EXPECT_THAT(TfliteFloats(model, sparse), ElementsAre(0, 0, 0, 7, 0, 0, 0, 0, 8, 0, 9, 0));
}

TEST(TfliteTest, SparseRowsMayAllBeEmpty) {
  TinyTflite tiny;
  const int sparse = tiny.Sparse(3, 2, {0, 0, 0, 0}, {}, {});
  const TfliteModel model = ParseTflite(tiny.File({sparse}, {sparse}), "net.tflite");
  EXPECT_THAT(TfliteFloats(model, sparse), ElementsAre(0, 0, 0, 0, 0, 0));
}

TEST(TfliteTest, SparseRowsThatDoNotFitAreRefused) {
  const auto file = [](const std::vector<uint8_t>& begins, const std::vector<uint16_t>& at) {
    TinyTflite tiny;
    const int sparse = tiny.Sparse(2, 3, begins, at, {1, 2});
    return tiny.File({sparse}, {sparse});
  };
  EXPECT_EQ(ErrorOfModel(file({0, 1, 2}, {2, 0})), "none");
  EXPECT_THAT(ErrorOfModel(file({0, 1, 2}, {3, 0})), HasSubstr("do not fit its shape"));
  EXPECT_THAT(ErrorOfModel(file({0, 2}, {2, 0})), HasSubstr("do not fit its shape"));
  EXPECT_THAT(ErrorOfModel(file({0, 2, 1}, {2, 0})), HasSubstr("do not fit its shape"));
  EXPECT_THAT(ErrorOfModel(file({1, 1, 2}, {2, 0})), HasSubstr("do not fit its shape"));
}

TEST(TfliteTest, SaysWhatItDoesNotRead) {
  TinyTflite tiny;
  const int in = tiny.Tensor({1, 3}), out = tiny.Tensor({1, 3});
  tiny.Operator(static_cast<TfliteOp>(9), {in}, out);  // fully connected
  EXPECT_THAT(ErrorOfModel(tiny.File({in}, {out})), HasSubstr("operator 9 of TensorFlow Lite"));
  EXPECT_THAT(ErrorOfModel("PK\x03\x04 no network"), HasSubstr("is no file of the kind 'TFL3'"));
  EXPECT_THAT(ErrorOfModel(""), HasSubstr("is no file of the kind 'TFL3'"));
  TinyTflite beyond;
  const int one = beyond.Tensor({1, 3});
  EXPECT_THAT(ErrorOfModel(beyond.File({one}, {7})), HasSubstr("tensor 7 of 1 is used"));
  TinyTflite large;
  EXPECT_THAT(ErrorOfModel(large.File({large.Tensor({1 << 14, 1 << 14})}, {0})),
              HasSubstr("more than 67108864 elements"));
}

TEST(TfliteTest, EveryCutIsRefusedOrReadAsWritten) {
  TinyTflite tiny;
  const int in = tiny.Tensor({1, 3, 2, 1});
  const int other = tiny.Floats({1, 3, 2, 1}, {1, 2, 3, 4, 5, 6}), out = tiny.Tensor({1, 3, 2, 1});
  tiny.Operator(TfliteOp::kAdd, {in, other}, out, {{0, uint8_t{1}}});
  const std::string whole = tiny.File({in}, {out});
  ASSERT_EQ(ErrorOfModel(whole), "none");
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(ErrorOfModel(whole.substr(0, size)), "none") << size;
  }
}

}  // namespace
}  // namespace gyre
