// SPDX-License-Identifier: Apache-2.0
// How many members an aggregate has, to compare with lists of them.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace gyre {

// Becomes whatever a member is made from.
struct AnyMember {
  template <typename T>
  operator T() const;  // never defined: for sizes alone
};

template <typename T, size_t... I>
constexpr bool TakesMembers(std::index_sequence<I...>) {
  return requires { T{(void(I), AnyMember{})...}; };
}

// The most values that T can be made of in braces.
template <typename T, size_t Count = 0>
constexpr size_t MemberCount() {
  static_assert(std::is_aggregate_v<T>);
  if constexpr (TakesMembers<T>(std::make_index_sequence<Count + 1>())) {
    return MemberCount<T, Count + 1>();
  } else {
    return Count;
  }
}

}  // namespace gyre
