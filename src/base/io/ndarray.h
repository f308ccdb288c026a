// SPDX-License-Identifier: Apache-2.0
// An array as it stands in a .npy file or a pickle: shape, element type and bytes in C order.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/enum_names.h"
#include "core/types.h"

namespace gyre {

enum class DType {
  kBool,
  kInt8,
  kUInt8,
  kInt16,
  kUInt16,
  kInt32,
  kUInt32,
  kInt64,
  kUInt64,
  kFloat16,
  kFloat32,
  kFloat64,
  kString
};
// As numpy says.
template <>
struct EnumNames<DType> {
  static constexpr NameOf<DType> kAll[] = {
      {DType::kBool, "bool"},       {DType::kInt8, "int8"},       {DType::kUInt8, "uint8"},
      {DType::kInt16, "int16"},     {DType::kUInt16, "uint16"},   {DType::kInt32, "int32"},
      {DType::kUInt32, "uint32"},   {DType::kInt64, "int64"},     {DType::kUInt64, "uint64"},
      {DType::kFloat16, "float16"}, {DType::kFloat32, "float32"}, {DType::kFloat64, "float64"},
      {DType::kString, "str"}};
};

size_t DTypeSize(DType type);  // 0 for kString

struct NdArray {
  DType dtype = DType::kFloat64;
  std::vector<int64_t> shape;
  std::string bytes;                 // little endian, C order; empty for strings
  std::vector<std::string> strings;  // UTF-8, for kString

  int64_t size() const;             // number of elements
  int64_t dim(int axis) const;      // negative axes count from the end
  std::string ShapeString() const;  // "(3, 4)"

  // All elements converted to T (double, float, int64_t, int32_t, ...). Throws UserError, with
  // `what` naming the file and key, when the array holds strings or a value does not fit T.
  template <typename T>
  std::vector<T> As(const std::string& what = "array") const;
  // Throws UserError unless the array has this shape; -1 accepts any extent.
  void CheckShape(std::initializer_list<int64_t> expected, const std::string& what) const;

  template <typename T>
  static NdArray From(std::vector<int64_t> shape, std::span<const T> values);
  static NdArray FromStrings(const std::vector<std::string>& values);
  static NdArray FromMatrix(const Eigen::Ref<const RowMatX>& m);  // float64 [rows, cols]
  static NdArray FromScalar(double value);
};

}  // namespace gyre
