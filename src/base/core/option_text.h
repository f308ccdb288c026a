// SPDX-License-Identifier: Apache-2.0
// Values of options as text: on the command line and in the specs of data sets. Enums are known by
// their names, lists have commas between.
#pragma once

#include <fmt/ranges.h>

#include <charconv>
#include <filesystem>
#include <optional>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include "core/enum_names.h"
#include "core/error.h"

namespace gyre {

template <typename T>
std::string OptionToText(const T& value) {
  if constexpr (std::is_enum_v<T>) {
    return EnumName(value);
  } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
    return fmt::format("{}", fmt::join(value, ","));
  } else if constexpr (std::is_same_v<T, std::filesystem::path>) {
    return value.string();
  } else if constexpr (std::is_same_v<T, std::string>) {
    return value;
  } else {
    return fmt::format("{}", value);
  }
}

// UsageError says what `name` (of a flag, with its dashes) takes.
template <typename T>
void OptionFromText(const std::string& text, const std::string& name, T* value) {
  if constexpr (std::is_enum_v<T>) {
    const std::optional<T> found = FindEnum<T>(text);
    if (!found) {
      throw UsageError(fmt::format("{}: '{}' is not one of {}", name, text, EnumNameList<T>()));
    }
    *value = *found;
  } else if constexpr (std::is_same_v<T, bool>) {
    if (text != "true" && text != "false") {
      throw UsageError(fmt::format("{} takes true or false, not '{}'", name, text));
    }
    *value = text == "true";
  } else if constexpr (std::is_arithmetic_v<T>) {
    T number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
      throw UsageError(fmt::format("{} takes a number, not '{}'", name, text));
    }
    *value = number;
  } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
    value->clear();
    std::istringstream items(text);
    for (std::string item; std::getline(items, item, ',');) value->push_back(item);
  } else {
    *value = text;
  }
}

}  // namespace gyre
