// SPDX-License-Identifier: Apache-2.0
// Like std::optional, for large values that mostly are not there: it takes a pointer's room when it
// holds nothing. Copies copy the value.
#pragma once

#include <memory>
#include <utility>

#include "core/error.h"

namespace gyre {

template <typename T>
class HeapOptional {
 public:
  HeapOptional() = default;
  HeapOptional(T value) : value_(std::make_unique<T>(std::move(value))) {}
  HeapOptional(const HeapOptional& other)
      : value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
  HeapOptional(HeapOptional&&) noexcept = default;
  HeapOptional& operator=(HeapOptional other) noexcept {
    value_ = std::move(other.value_);
    return *this;
  }

  bool has_value() const { return value_ != nullptr; }
  explicit operator bool() const { return has_value(); }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& value() {
    GYRE_CHECK(has_value());
    return *value_;
  }
  const T& value() const {
    GYRE_CHECK(has_value());
    return *value_;
  }
  void reset() { value_.reset(); }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace gyre
