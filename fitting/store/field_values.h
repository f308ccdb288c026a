// SPDX-License-Identifier: Apache-2.0
// The values of a field, a number or a vector of them, as numbers of some type in a row of bytes:
// in a record, in a column of an .npz.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

#include "core/error.h"
#include "io/ndarray.h"

namespace gyre {

// function(T()) with the type T that a DType stands for; a bool is a byte.
template <typename Function>
void WithType(DType type, Function&& function) {
  switch (type) {
    case DType::kBool:
      return function(uint8_t());
    case DType::kInt8:
      return function(int8_t());
    case DType::kInt16:
      return function(int16_t());
    case DType::kInt64:
      return function(int64_t());
    case DType::kFloat32:
      return function(float());
    case DType::kFloat64:
      return function(double());
    default:
      GYRE_CHECK(false, "no field is of type {}", EnumName(type));
  }
}

template <typename Values>
constexpr bool IsNumber() {
  using Value = std::decay_t<Values>;
  return std::is_arithmetic_v<Value> || std::is_enum_v<Value>;
}

// Calls visit(value) for the number, or for each of the vector's.
template <typename Values, typename Visit>
void ForEachValue(Values&& values, Visit&& visit) {
  if constexpr (IsNumber<Values>()) {
    visit(values);
  } else {
    for (Eigen::Index i = 0; i < values.size(); ++i) visit(values[i]);
  }
}

// Both return the place behind the last number.
template <typename Values>
char* PutValues(DType type, const Values& values, char* to) {
  WithType(type, [&](auto number) {
    ForEachValue(values, [&](const auto& value) {
      number = static_cast<decltype(number)>(value);
      std::memcpy(to, &number, sizeof(number));
      to += sizeof(number);
    });
  });
  return to;
}

template <typename Values>
const char* TakeValues(DType type, const char* from, Values&& values) {
  WithType(type, [&](auto number) {
    ForEachValue(values, [&](auto& value) {
      std::memcpy(&number, from, sizeof(number));
      from += sizeof(number);
      value = static_cast<std::decay_t<decltype(value)>>(number);
    });
  });
  return from;
}

template <typename Values>
void AppendValues(DType type, const Values& values, std::string* bytes) {
  char buffer[sizeof(double)];
  ForEachValue(values, [&](const auto& value) {
    bytes->append(buffer, PutValues(type, value, buffer) - buffer);
  });
}

}  // namespace gyre
