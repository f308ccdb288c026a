// SPDX-License-Identifier: Apache-2.0
// The names of an enum's values, as users write and read them. An enum has one table, right behind
// its definition, from which names, parsing, help and errors are made:
//   enum class LossNorm { kSquared, kL1 };
//   template <>
//   struct EnumNames<LossNorm> {
//     static constexpr NameOf<LossNorm> kAll[] = {{LossNorm::kSquared, "squared"},
//                                                 {LossNorm::kL1, "l1"}};
//   };
#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace gyre {

template <typename E>
struct NameOf {
  E value;
  const char* name;
};

template <typename E>
struct EnumNames;

template <typename E>
concept NamedEnum = requires {
  EnumNames<E>::kAll;
};

// What the templates below have in common.
[[noreturn]] void ThrowValueWithoutName(int64_t value);
[[noreturn]] void ThrowNotOneOf(std::string_view what, std::string_view name,
                                const std::string& names);

// "squared". Broken contract for a value without a name.
template <NamedEnum E>
constexpr const char* EnumName(E value) {
  for (const auto& [known, name] : EnumNames<E>::kAll) {
    if (known == value) return name;
  }
  ThrowValueWithoutName(static_cast<int64_t>(value));
}

// "squared, l1"; with " or " before the last name: "squared or l1".
template <NamedEnum E>
std::string EnumNameList(std::string_view before_last = ", ") {
  std::string list;
  for (const auto& entry : EnumNames<E>::kAll) {
    if (!list.empty()) list += &entry + 1 == std::end(EnumNames<E>::kAll) ? before_last : ", ";
    list += entry.name;
  }
  return list;
}

template <NamedEnum E>
std::optional<E> FindEnum(std::string_view name) {
  for (const auto& [value, known] : EnumNames<E>::kAll) {
    if (known == name) return value;
  }
  return std::nullopt;
}

// UserError says of what the name is, and which names there are:
// "loss.norm: 'l2' is not one of squared, l1".
template <NamedEnum E>
E EnumFromName(std::string_view name, std::string_view what) {
  if (const std::optional<E> found = FindEnum<E>(name)) return *found;
  ThrowNotOneOf(what, name, EnumNameList<E>());
}

}  // namespace gyre
