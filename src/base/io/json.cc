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

// What a text that is no JSON is instead, by its first bytes; empty when nobody knows.
std::string WhatElse(std::string_view head) {
  static constexpr std::pair<std::string_view, std::string_view> kKnown[] = {
      {"\xff\xfe", "UTF-16; save it as UTF-8"},
      {"\xfe\xff", "UTF-16; save it as UTF-8"},
      {"%YAML", "YAML, as OpenPose's --write_keypoint writes it; its --write_json writes JSON"},
      {"version https://git-lfs", "what Git LFS puts in a file's place; get it with git lfs pull"},
      {"<!DOCTYPE", "a web page, not the file that was to be downloaded"},
      {"<html", "a web page, not the file that was to be downloaded"},
      {"PK\x03\x04", "a zip archive; unpack it"},
      {"\x1f\x8b", "gzip; unpack it"}};
  for (const auto& [begin, name] : kKnown) {
    if (head.starts_with(begin)) return fmt::format("; it is {}", name);
  }
  return "";
}

// The bytes of the text from a place on, a few.
using TextAt = std::function<std::string(uint64_t byte)>;
constexpr size_t kHeadBytes = 64;

// What a text that is no JSON is instead, as far as that is known.
std::string WhyNotJson(const TextAt& text_at, uint64_t byte) {
  const std::string head = text_at(0), here = text_at(byte - std::min<uint64_t>(byte, 3));
  if (const std::string instead = WhatElse(head); !instead.empty()) return instead;
  for (const std::string_view word : {"NaN", "Infinity", "nan"}) {
    if (here.substr(0, word.size() + 3).find(word) == std::string::npos) continue;
    return fmt::format("; JSON has no {}, write null instead", word);
  }
  if (head.starts_with('{') && (here.starts_with("}\n{") || here.starts_with("\r\n{"))) {
    return "; it holds several documents, one after the other; save each as a file";
  }
  return "";
}

template <typename Input>
json Parse(Input&& input, const std::string& what, uint64_t size, const TextAt& text_at,
           const Keep& keep) {
  try {
    return json::parse(std::forward<Input>(input), keep);
  } catch (const json::parse_error& error) {
    if (size == 0) ThrowUserError("{}: is empty, where JSON was expected", what);
    ThrowUserError("{}: is not valid JSON (at byte {} of {}){}", what, error.byte, size,
                   WhyNotJson(text_at, error.byte));
  } catch (const json::exception&) {
    ThrowUserError("{}: is JSON with a number out of range", what);
  }
}

}  // namespace

json ParseJson(std::string_view content, const std::string& what,
               const std::vector<std::string>& skipped_keys) {
  const Keep all = [](int, json::parse_event_t, json&) { return true; };
  const TextAt text_at = [&](uint64_t byte) {
    return std::string(content.substr(std::min<uint64_t>(byte, content.size()), kHeadBytes));
  };
  return Parse(content, what, content.size(), text_at, Bounded(what, skipped_keys, all));
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
  const TextAt text_at = [&](uint64_t byte) {
    std::ifstream again(path, std::ios::binary);
    again.seekg(static_cast<std::streamoff>(byte));
    std::string bytes(kHeadBytes, '\0');
    again.read(bytes.data(), kHeadBytes);
    bytes.resize(static_cast<size_t>(std::max<std::streamsize>(again.gcount(), 0)));
    return bytes;
  };
  std::string key;     // of the root; "" of a root that is a list
  bool kept = false;   // whether it is wanted
  int of_list = 2;     // the depth of the elements
  int64_t place = -1;  // in the list under `key`; -1 elsewhere
  const Keep keep = [&](int depth, Event event, json& parsed) {
    if (depth == 0 && event == Event::array_start && wanted(key)) {
      of_list = 1;
      place = 0;
    }
    if (depth == 1 && event == Event::key) {
      key = parsed.get<std::string>();
      return kept = wanted(key);
    }
    if (depth == 1 && of_list == 2) place = kept && event == Event::array_start ? 0 : -1;
    const bool whole =
        event == Event::value || event == Event::object_end || event == Event::array_end;
    if (depth != of_list || !whole || place < 0) return true;
    visit(key, place++, parsed);
    return false;
  };
  return Parse(file, what, size, text_at, Bounded(what, skipped_keys, keep));
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
