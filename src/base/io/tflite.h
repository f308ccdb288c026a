// SPDX-License-Identifier: Apache-2.0
// Networks in TensorFlow Lite files (.tflite): tensors, operators in the order in which they run,
// and constants. Read are the operators that pose networks are made of; another one is a UserError
// that names it. Images are channels last, [1,H,W,C]. What runs them: regressor/tflite_network.h.
// Source: the TensorFlow Lite schema, version 3.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gyre {

enum class TfliteType : uint8_t { kFloat32 = 0, kFloat16 = 1, kInt32 = 2 };

// The schema's numbers.
enum class TfliteOp : int {
  kAdd = 0,
  kConcatenation = 2,
  kConv2d = 3,
  kDepthwiseConv2d = 4,
  kDepthToSpace = 5,
  kDequantize = 6,
  kLogistic = 14,
  kMaxPool2d = 17,
  kReshape = 22,
  kResizeBilinear = 23,
  kPad = 34,
  kDensify = 124,
};
enum class TflitePadding : uint8_t { kSame = 0, kValid = 1 };
enum class TfliteActivation : uint8_t { kNone = 0, kRelu = 1, kRelu6 = 3 };

// Non-zero values of a matrix, row by row (compressed sparse rows); a tensor's leading axes are its
// rows, its last axis the columns.
struct TfliteSparsity {
  std::vector<int> row_begins;  // [rows + 1]
  std::vector<int> columns;
};

struct TfliteTensor {
  std::string name;
  std::vector<int> shape;
  TfliteType type = TfliteType::kFloat32;
  std::string_view data;                           // of a constant; empty: it is computed
  std::shared_ptr<const TfliteSparsity> sparsity;  // of a constant whose data are not dense
};

struct TfliteOperator {
  TfliteOp op{};
  std::vector<int> inputs, outputs;  // positions in `tensors`
  // Of convolutions and pooling.
  TflitePadding padding = TflitePadding::kSame;
  TfliteActivation activation = TfliteActivation::kNone;  // of sums and concatenations, too
  std::array<int, 2> stride = {1, 1}, dilation = {1, 1}, window = {1, 1};  // height, width
  int axis = 0;                                                            // of a concatenation
  int block = 1;                                                           // of depth to space
  bool align_corners = false, half_pixels = false;                         // of resizing
};

struct TfliteModel {
  std::string what;                          // the file's path, for messages
  std::shared_ptr<const std::string> bytes;  // what `data` of tensors look at
  std::vector<TfliteTensor> tensors;
  std::vector<TfliteOperator> operators;
  std::vector<int> inputs, outputs;
};

TfliteModel ReadTflite(const std::filesystem::path& path);
// `bytes` is a whole file; `what` names it in errors.
TfliteModel ParseTflite(std::string bytes, const std::string& what);

// A constant's numbers, dense, in C order of its shape; UserError when it is none of that kind.
std::vector<float> TfliteFloats(const TfliteModel& model, int tensor);
std::vector<int> TfliteInts(const TfliteModel& model, int tensor);

}  // namespace gyre
