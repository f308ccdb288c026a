// SPDX-License-Identifier: Apache-2.0
// Values of options as JSON and as text on the command line. Enums are known by their names.
#pragma once

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include "core/enum_names.h"
#include "core/error.h"

namespace gyre {

template <typename T>
nlohmann::json OptionToJson(const T& value) {
  if constexpr (std::is_enum_v<T>) {
    return EnumName(value);
  } else {
    return value;
  }
}

template <typename T>
void OptionFromJson(const nlohmann::json& json, const std::string& what, T* value) {
  if constexpr (std::is_enum_v<T>) {
    if (!json.is_string()) ThrowUserError("{} is not a name", what);
    *value = EnumFromName<T>(json.get<std::string>(), what);
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!json.is_boolean()) ThrowUserError("{} is not true or false", what);
    *value = json.get<bool>();
  } else if constexpr (std::is_integral_v<T>) {
    if (!json.is_number_integer()) ThrowUserError("{} is not an integer", what);
    *value = json.get<T>();
  } else if constexpr (std::is_floating_point_v<T>) {
    if (!json.is_number()) ThrowUserError("{} is not a number", what);
    *value = json.get<T>();
  } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
    const auto is_text = [](const nlohmann::json& item) { return item.is_string(); };
    if (!json.is_array() || !std::all_of(json.begin(), json.end(), is_text)) {
      ThrowUserError("{} is not a list of texts", what);
    }
    *value = json.get<T>();
  } else {
    if (!json.is_string()) ThrowUserError("{} is not text", what);
    *value = json.get<std::string>();
  }
}

template <typename T>
std::string OptionToText(const T& value) {
  if constexpr (std::is_enum_v<T>) {
    return EnumName(value);
  } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
    return fmt::format("{}", fmt::join(value, ","));
  } else if constexpr (std::is_same_v<T, std::string>) {
    return value;
  } else {
    return fmt::format("{}", value);
  }
}

template <typename T>
void OptionFromText(const std::string& text, const std::string& name, T* value) {
  if constexpr (std::is_enum_v<T>) {
    const std::optional<T> found = FindEnum<T>(text);
    if (!found) {
      throw UsageError(
          fmt::format("--{}: '{}' is not one of {}", name, text, EnumNameList<T>()));
    }
    *value = *found;
  } else if constexpr (std::is_same_v<T, bool>) {
    if (text != "true" && text != "false") {
      throw UsageError(fmt::format("--{} takes true or false, not '{}'", name, text));
    }
    *value = text == "true";
  } else if constexpr (std::is_arithmetic_v<T>) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
    if (error != std::errc() || end != text.data() + text.size()) {
      throw UsageError(fmt::format("--{} takes a number, not '{}'", name, text));
    }
  } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
    value->clear();
    std::istringstream items(text);
    for (std::string item; std::getline(items, item, ',');) value->push_back(item);
  } else {
    *value = text;
  }
}

}  // namespace gyre
