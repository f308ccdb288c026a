// SPDX-License-Identifier: Apache-2.0
// Option structs (core/option_fields.h) as JSON objects with a key for every field, "fit.sigma_px".
// Enums are known by their names.
#pragma once

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>
#include <vector>

#include "core/enum_names.h"
#include "core/error.h"
#include "core/option_fields.h"

namespace gyre {

template <typename T>
nlohmann::json OptionToJson(const T& value) {
  if constexpr (std::is_enum_v<T>) {
    return EnumName(value);
  } else if constexpr (std::is_same_v<T, std::filesystem::path>) {
    return value.string();
  } else {
    return value;
  }
}

// UserError says that `what` is of the wrong type, or no name of its enum.
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

template <HasFields Options>
nlohmann::json FieldsToJson(const Options& options, const std::string& prefix = "") {
  nlohmann::json json = nlohmann::json::object();
  ForEachField(
      options,
      [&](const std::string& name, const auto& field, const char*) {
        json[name] = OptionToJson(field);
      },
      prefix);
  return json;
}

}  // namespace gyre
