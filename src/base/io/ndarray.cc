// SPDX-License-Identifier: Apache-2.0
#include "io/ndarray.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "core/error.h"

namespace gyre {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are kept little endian");

// IEEE binary16. 5 exponent bits, bias 15; 10 fraction bits.
struct Half {
  uint16_t bits;

  explicit operator double() const {
    const int exponent = (bits >> 10) & 31;
    const int fraction = bits & 1023;
    double magnitude;
    if (exponent == 31) {
      magnitude = fraction ? std::numeric_limits<double>::quiet_NaN()
                           : std::numeric_limits<double>::infinity();
    } else if (exponent == 0) {
      magnitude = std::ldexp(fraction, -24);
    } else {
      magnitude = std::ldexp(1024 + fraction, exponent - 25);
    }
    return bits & 0x8000 ? -magnitude : magnitude;
  }
};

// Whether a value survives the conversion: integers exactly, floating point up to rounding.
template <typename To, typename From>
bool Fits(From value) {
  if constexpr (std::is_integral_v<To> && std::is_integral_v<From>) {
    return std::in_range<To>(value);
  } else if constexpr (std::is_integral_v<To>) {
    // The upper limit 2^digits is exact as a double, unlike max().
    const double limit = std::ldexp(1.0, std::numeric_limits<To>::digits);
    const double v = static_cast<double>(value);
    return v == std::floor(v) && v < limit && v >= (std::is_signed_v<To> ? -limit : 0.0);
  } else if constexpr (std::is_same_v<To, float> && std::is_same_v<From, double>) {
    return !std::isfinite(value) || std::abs(value) <= std::numeric_limits<float>::max();
  } else {
    return true;
  }
}

template <typename From, typename To>
void Convert(const std::string& bytes, std::vector<To>& out, const std::string& what) {
  for (size_t i = 0; i < out.size(); ++i) {
    From stored;
    std::memcpy(&stored, bytes.data() + i * sizeof(From), sizeof(From));
    const auto value = [&] {
      if constexpr (std::is_same_v<From, Half>) {
        return static_cast<double>(stored);
      } else {
        return stored;
      }
    }();
    if (!Fits<To>(value)) {
      ThrowUserError("{}: element {} is {}, which does not fit the expected {} number", what, i,
                     value, std::is_integral_v<To> ? "whole" : "single-precision");
    }
    out[i] = static_cast<To>(value);
  }
}

template <typename T>
constexpr DType DTypeOf() {
  if constexpr (std::is_same_v<T, bool>) return DType::kBool;
  if constexpr (std::is_same_v<T, int8_t>) return DType::kInt8;
  if constexpr (std::is_same_v<T, uint8_t>) return DType::kUInt8;
  if constexpr (std::is_same_v<T, int16_t>) return DType::kInt16;
  if constexpr (std::is_same_v<T, uint16_t>) return DType::kUInt16;
  if constexpr (std::is_same_v<T, int32_t>) return DType::kInt32;
  if constexpr (std::is_same_v<T, uint32_t>) return DType::kUInt32;
  if constexpr (std::is_same_v<T, int64_t>) return DType::kInt64;
  if constexpr (std::is_same_v<T, uint64_t>) return DType::kUInt64;
  if constexpr (std::is_same_v<T, float>) return DType::kFloat32;
  return DType::kFloat64;
}

}  // namespace

size_t DTypeSize(DType type) {
  switch (type) {
    case DType::kBool:
    case DType::kInt8:
    case DType::kUInt8:
      return 1;
    case DType::kInt16:
    case DType::kUInt16:
    case DType::kFloat16:
      return 2;
    case DType::kInt32:
    case DType::kUInt32:
    case DType::kFloat32:
      return 4;
    case DType::kInt64:
    case DType::kUInt64:
    case DType::kFloat64:
      return 8;
    case DType::kString:
      return 0;
  }
  return 0;
}

int64_t NdArray::size() const {
  int64_t count = 1;
  for (const int64_t extent : shape) count *= extent;
  return count;
}

int64_t NdArray::dim(int axis) const {
  const int rank = static_cast<int>(shape.size());
  GYRE_CHECK(axis >= -rank && axis < rank, "axis {} of an array of shape {}", axis, ShapeString());
  return shape[axis < 0 ? axis + rank : axis];
}

std::string NdArray::ShapeString() const {
  return fmt::format("({}{})", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
}

template <typename T>
std::vector<T> NdArray::As(const std::string& what) const {
  if (dtype == DType::kString) {
    ThrowUserError("{}: expected numbers, but the array of shape {} holds text", what,
                   ShapeString());
  }
  GYRE_CHECK(bytes.size() == static_cast<size_t>(size()) * DTypeSize(dtype),
             "{}: {} bytes for shape {} of {}", what, bytes.size(), ShapeString(), EnumName(dtype));
  std::vector<T> out(static_cast<size_t>(size()));
  switch (dtype) {
    case DType::kBool:
    case DType::kUInt8:
      Convert<uint8_t>(bytes, out, what);
      break;
    case DType::kInt8:
      Convert<int8_t>(bytes, out, what);
      break;
    case DType::kInt16:
      Convert<int16_t>(bytes, out, what);
      break;
    case DType::kUInt16:
      Convert<uint16_t>(bytes, out, what);
      break;
    case DType::kInt32:
      Convert<int32_t>(bytes, out, what);
      break;
    case DType::kUInt32:
      Convert<uint32_t>(bytes, out, what);
      break;
    case DType::kInt64:
      Convert<int64_t>(bytes, out, what);
      break;
    case DType::kUInt64:
      Convert<uint64_t>(bytes, out, what);
      break;
    case DType::kFloat16:
      Convert<Half>(bytes, out, what);
      break;
    case DType::kFloat32:
      Convert<float>(bytes, out, what);
      break;
    case DType::kFloat64:
      Convert<double>(bytes, out, what);
      break;
    case DType::kString:
      break;
  }
  return out;
}

void NdArray::CheckShape(std::initializer_list<int64_t> expected, const std::string& what) const {
  bool matches = shape.size() == expected.size();
  size_t axis = 0;
  for (const int64_t extent : expected) {
    matches = matches && (extent == -1 || extent == shape[axis]);
    ++axis;
  }
  if (matches) return;
  std::vector<std::string> extents;
  for (const int64_t extent : expected) {
    extents.push_back(extent == -1 ? "any" : std::to_string(extent));
  }
  ThrowUserError("{}: has shape {}, expected ({}{})", what, ShapeString(), fmt::join(extents, ", "),
                 extents.size() == 1 ? "," : "");
}

template <typename T>
NdArray NdArray::From(std::vector<int64_t> shape, std::span<const T> values) {
  NdArray array;
  array.dtype = DTypeOf<T>();
  array.shape = std::move(shape);
  GYRE_CHECK(array.size() == static_cast<int64_t>(values.size()), "{} values for shape {}",
             values.size(), array.ShapeString());
  array.bytes.assign(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  return array;
}

NdArray NdArray::FromStrings(const std::vector<std::string>& values) {
  NdArray array;
  array.dtype = DType::kString;
  array.shape = {static_cast<int64_t>(values.size())};
  array.strings = values;
  return array;
}

NdArray NdArray::FromMatrix(const Eigen::Ref<const RowMatX>& m) {
  const RowMatX dense = m;  // a block may have a wider outer stride
  return From<double>({dense.rows(), dense.cols()},
                      {dense.data(), static_cast<size_t>(dense.size())});
}

NdArray NdArray::FromScalar(double value) { return From<double>({}, {&value, 1}); }

#define GYRE_INSTANTIATE(T)                                         \
  template std::vector<T> NdArray::As<T>(const std::string&) const; \
  template NdArray NdArray::From<T>(std::vector<int64_t>, std::span<const T>);
GYRE_INSTANTIATE(int8_t)
GYRE_INSTANTIATE(uint8_t)
GYRE_INSTANTIATE(int16_t)
GYRE_INSTANTIATE(uint16_t)
GYRE_INSTANTIATE(int32_t)
GYRE_INSTANTIATE(uint32_t)
GYRE_INSTANTIATE(int64_t)
GYRE_INSTANTIATE(uint64_t)
GYRE_INSTANTIATE(float)
GYRE_INSTANTIATE(double)
#undef GYRE_INSTANTIATE
template NdArray NdArray::From<bool>(std::vector<int64_t>, std::span<const bool>);

}  // namespace gyre
