// SPDX-License-Identifier: Apache-2.0
#include "io/json.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "core/error.h"

namespace gyre {

using nlohmann::json;

namespace {

// Whether a parser goes on with what it has found, see nlohmann::json::parser_callback_t.
using Keep = std::function<bool(int depth, json::parse_event_t event, json& parsed)>;

// `keep`, which never sees values of the skipped keys, and no document that nests too deep.
Keep Bounded(const std::string& what, const std::vector<std::string>& skipped_keys, Keep keep) {
  return [&what, &skipped_keys, keep = std::move(keep)](int depth, json::parse_event_t event,
                                                        json& parsed) {
    constexpr int kMaxDepth = 64;
    if (depth > kMaxDepth) {
      ThrowUserError("{}: nests deeper than {} levels, which no expected JSON file does", what,
                     kMaxDepth);
    }
    const bool skipped = event == json::parse_event_t::key &&
                         std::find(skipped_keys.begin(), skipped_keys.end(),
                                   parsed.get_ref<const std::string&>()) != skipped_keys.end();
    return !skipped && keep(depth, event, parsed);
  };
}

template <typename Input>
json Parse(Input&& input, const std::string& what, uint64_t size, const Keep& keep) {
  try {
    return json::parse(std::forward<Input>(input), keep);
  } catch (const json::parse_error& error) {
    ThrowUserError("{}: is not valid JSON (at byte {} of {})", what, error.byte, size);
  } catch (const json::exception&) {
    ThrowUserError("{}: is JSON with a number out of range", what);
  }
}

}  // namespace

json ParseJson(std::string_view content, const std::string& what,
               const std::vector<std::string>& skipped_keys) {
  const Keep all = [](int, json::parse_event_t, json&) { return true; };
  return Parse(content, what, content.size(), Bounded(what, skipped_keys, all));
}

json ForEachJsonElement(
    const std::filesystem::path& path, const std::vector<std::string>& skipped_keys,
    const std::function<bool(const std::string& key)>& wanted,
    const std::function<void(const std::string& key, int64_t place, const json&)>& visit) {
  using Event = json::parse_event_t;
  const std::string what = path.string();
  std::error_code error;
  const uint64_t size = std::filesystem::file_size(path, error);  // an error for all but files
  std::ifstream file;
  if (!error) file.open(path, std::ios::binary);  // a pipe would be waited for
  if (!file.is_open()) {
    ThrowUserError("{}: cannot open: {}", what, error ? error.message() : "not readable");
  }
  std::string key;     // of the root
  bool kept = false;   // whether it is wanted
  int64_t place = -1;  // in the list under `key`; -1 elsewhere
  const Keep keep = [&](int depth, Event event, json& parsed) {
    if (depth == 1 && event == Event::key) {
      key = parsed.get<std::string>();
      return kept = wanted(key);
    }
    if (depth == 1) place = kept && event == Event::array_start ? 0 : -1;
    const bool whole =
        event == Event::value || event == Event::object_end || event == Event::array_end;
    if (depth != 2 || !whole || place < 0) return true;
    visit(key, place++, parsed);
    return false;
  };
  return Parse(file, what, size, Bounded(what, skipped_keys, keep));
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
