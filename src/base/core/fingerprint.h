// SPDX-License-Identifier: Apache-2.0
// A short name for content, to tell whether two runs worked on the same: FNV-1a, 64 bits (Fowler,
// Noll, Vo). No protection against somebody who wants two contents of one name.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace gyre {

class Fingerprint {
 public:
  // Text counts with its length, so that "a", "bc" and "ab", "c" differ.
  void Add(std::string_view text) {
    Add(text.size());
    AddBytes(text.data(), text.size());
  }
  template <typename T>
  requires std::is_arithmetic_v<T>
  void Add(T value) { AddBytes(&value, sizeof(value)); }
  void AddBytes(const void* data, size_t size) {
    const auto* bytes = static_cast<const uint8_t*>(data);
    for (size_t i = 0; i < size; ++i) hash_ = (hash_ ^ bytes[i]) * 0x100000001b3u;
  }

  std::string Hex() const { return fmt::format("{:016x}", hash_); }

 private:
  uint64_t hash_ = 0xcbf29ce484222325u;
};

}  // namespace gyre
