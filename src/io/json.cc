// SPDX-License-Identifier: Apache-2.0
#include "io/json.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace gyre {

using nlohmann::json;

json ParseJson(std::string_view content, const std::string& what,
               const std::vector<std::string>& skipped_keys) {
  constexpr int kMaxDepth = 64;
  const auto keep = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth > kMaxDepth) {
      ThrowUserError("{}: nests deeper than {} levels, which no expected JSON file does", what,
                     kMaxDepth);
    }
    return event != json::parse_event_t::key ||
           std::find(skipped_keys.begin(), skipped_keys.end(),
                     parsed.get_ref<const std::string&>()) == skipped_keys.end();
  };
  try {
    return json::parse(content, keep);
  } catch (const json::parse_error& error) {
    ThrowUserError("{}: is not valid JSON (at byte {} of {})", what, error.byte, content.size());
  } catch (const json::exception&) {
    ThrowUserError("{}: is JSON with a number out of range", what);
  }
}

const json& JsonField(const json& object, const std::string& key, const std::string& what) {
  if (!object.is_object()) {
    ThrowUserError("{}: expected an object with key '{}', found {}", what, key, object.type_name());
  }
  const auto found = object.find(key);
  if (found == object.end()) ThrowUserError("{}: has no key '{}'", what, key);
  return *found;
}

int64_t JsonInteger(const json& object, const std::string& key, const std::string& what) {
  const json& value = JsonField(object, key, what);
  const bool fits =
      value.is_number_integer() &&
      (!value.is_number_unsigned() ||
       value.get<uint64_t>() <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max()));
  if (!fits) {
    ThrowUserError("{}: key '{}': expected a whole number, found {}", what, key,
                   value.is_number() ? "another number" : value.type_name());
  }
  return value.get<int64_t>();
}

const std::string& JsonString(const json& object, const std::string& key, const std::string& what) {
  const json& value = JsonField(object, key, what);
  if (!value.is_string()) {
    ThrowUserError("{}: key '{}': expected a string, found {}", what, key, value.type_name());
  }
  return value.get_ref<const std::string&>();
}

const json& JsonArray(const json& object, const std::string& key, const std::string& what) {
  const json& value = JsonField(object, key, what);
  if (!value.is_array()) {
    ThrowUserError("{}: key '{}': expected a list, found {}", what, key, value.type_name());
  }
  return value;
}

std::vector<double> JsonNumbers(const json& object, const std::string& key,
                                const std::string& what) {
  std::vector<double> numbers;
  for (const json& item : JsonArray(object, key, what)) {
    if (!item.is_number() || !std::isfinite(item.get<double>())) {
      ThrowUserError("{}: key '{}': expected numbers, found {} at position {}", what, key,
                     item.type_name(), numbers.size());
    }
    numbers.push_back(item.get<double>());
  }
  return numbers;
}

}  // namespace gyre
