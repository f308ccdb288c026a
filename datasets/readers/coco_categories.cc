// SPDX-License-Identifier: Apache-2.0
#include "datasets/readers/coco_categories.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "datasets/readers/joint_names.h"
#include "io/json.h"

namespace gyre {
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::string_view kKey = "\"categories\"";
constexpr size_t kMostBytes = size_t{16} << 20;  // of the list

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The list that stands behind `"categories":` at the beginning of the text, and what follows it;
// nothing when it does not end within the text.
struct ListText {
  std::string_view list, rest;
};
std::optional<ListText> ListBehindKey(std::string_view text) {
  size_t at = kKey.size();
  while (at < text.size() && (IsSpace(text[at]) || text[at] == ':')) ++at;
  if (at == text.size() || text[at] != '[') return std::nullopt;
  const size_t begin = at;
  int depth = 0;
  bool quoted = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted) {
      if (c == '\\') ++at;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if ((c == ']' || c == '}') && --depth == 0) {
      return ListText{text.substr(begin, at + 1 - begin), text.substr(at + 1)};
    }
  }
  return std::nullopt;
}

std::string ReadAt(std::ifstream& file, uint64_t at, size_t most) {
  std::string bytes(most, '\0');
  file.clear();
  file.seekg(static_cast<std::streamoff>(at));
  file.read(bytes.data(), static_cast<std::streamsize>(most));
  bytes.resize(static_cast<size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return bytes;
}

// Where the key stands, the first two times.
std::vector<uint64_t> PlacesOfKey(std::ifstream& file, uint64_t size) {
  constexpr size_t kBlock = size_t{1} << 20;
  std::vector<uint64_t> places;
  for (uint64_t at = 0; at < size && places.size() < 2; at += kBlock) {
    const std::string block = ReadAt(file, at, kBlock + kKey.size() - 1);
    for (size_t found = block.find(kKey); found < kBlock && places.size() < 2;
         found = block.find(kKey, found + 1)) {
      places.push_back(at + found);
    }
  }
  return places;
}

// A whole file that ends in its categories, as COCO's do.
std::optional<json> AtTheEnd(std::ifstream& file, uint64_t size, const std::string& what) {
  constexpr uint64_t kTail = uint64_t{64} << 10;
  const std::string tail = ReadAt(file, size - std::min(size, kTail), kTail);
  const size_t place = tail.rfind(kKey);
  if (place == std::string::npos) return std::nullopt;
  const auto text = ListBehindKey(std::string_view(tail).substr(place));
  if (!text) return std::nullopt;
  // Nothing may follow but the end of the root: else they may be some other object's.
  std::string rest(text->rest);
  std::erase_if(rest, IsSpace);
  if (rest != "}") return std::nullopt;
  return ParseJson(text->list, what);
}

json ReadWhole(const fs::path& path) {
  json categories;
  ForEachJsonElement(
      path, {"segmentation"}, [](const std::string& key) { return key == "categories"; },
      [&](const std::string&, int64_t, const json& element) { categories.push_back(element); });
  return categories;
}

std::vector<std::string> KeypointNames(const json& category) {
  std::vector<std::string> names;
  const auto listed = category.find("keypoints");
  if (listed == category.end() || !listed->is_array()) return names;
  for (const json& name : *listed) names.push_back(name.is_string() ? name.get<std::string>() : "");
  // Names that are numbers alone, as a tool gives them by itself, say nothing.
  const bool all_numbers = std::ranges::all_of(names, [](const std::string& name) {
    return name.find_first_not_of("0123456789") == std::string::npos;
  });
  if (all_numbers) names.clear();
  return names;
}

std::string CategoryName(const json& category) {
  const auto name = category.find("name");
  return name != category.end() && name->is_string() ? name->get<std::string>() : "?";
}

// Rows [first, first + count) of a set as positions in another.
std::vector<int> PositionsOf(std::string_view source, const KeypointSet& in, size_t most) {
  std::vector<int> positions;
  for (const std::string_view joint : FindKeypointSet(source).joints) {
    if (positions.size() < most) positions.push_back(in.IndexOf(joint));
  }
  positions.resize(most, -1);
  return positions;
}

}  // namespace

json FindCocoCategories(const fs::path& path) {
  const std::string what = path.string() + ": key 'categories'";
  std::error_code error;
  const uint64_t size = fs::file_size(path, error);  // an error for all but files
  std::ifstream file;
  if (!error) file.open(path, std::ios::binary);
  if (!file.is_open()) return nullptr;  // the reader will say so
  if (const auto found = AtTheEnd(file, size, what)) return *found;
  const std::vector<uint64_t> places = PlacesOfKey(file, size);
  if (places.empty()) return nullptr;
  if (places.size() == 1) {
    const std::string text = ReadAt(file, places[0], kMostBytes);
    if (const auto found = ListBehindKey(text)) return ParseJson(found->list, what);
  }
  return ReadWhole(path);
}

CocoCategories::CocoCategories(const json& categories, bool whole_body, const std::string& what) {
  std::vector<std::string_view> all;
  for (const json& category : categories) {
    if (!category.is_object() || !category.contains("id")) continue;
    const auto id = category.find("id");
    if (!id->is_number_integer()) continue;
    const std::vector<std::string> names = KeypointNames(category);
    any_named_ = any_named_ || !names.empty();
    if (!AreOfPeople(names)) {
      others_.emplace(id->get<int64_t>(), CategoryName(category));
      continue;
    }
    const std::vector<std::string_view> joints = JointsByName(names);
    all.insert(all.end(), joints.begin(), joints.end());
    people_[id->get<int64_t>()] = joints;
  }
  if (any_named_ && people_.empty()) {
    std::string names;
    for (const auto& [id, name] : others_) {
      if (names.size() < 80) names += fmt::format("{}'{:.40}'", names.empty() ? "" : ", ", name);
    }
    ThrowUserError(
        "{}: no category has the keypoints of people, shoulders and wrists by names such as "
        "left_wrist; there are {}",
        what, names);
  }
  if (!people_.empty()) set_ = &SetOf(all);
  if (whole_body) set_ = &FindKeypointSet("halpe136");
  for (const auto& [id, joints] : people_) {
    for (const std::string_view joint : joints) {
      positions_[id].push_back(joint.empty() ? -1 : set_->IndexOf(joint));
    }
  }
}

const std::vector<int>* CocoCategories::Unnamed(size_t joints) {
  // What detectors write: COCO's, COCO-WholeBody's and Halpe's.
  static const std::map<size_t, const char*> kSets = {
      {17, "coco17"}, {133, "coco_wholebody133"}, {26, "halpe26"}, {136, "halpe136"}};
  const auto known = kSets.find(joints);
  if (known == kSets.end()) return nullptr;
  if (set_ == nullptr) set_ = &FindKeypointSet(known->second);
  const auto [entry, is_new] = unnamed_.try_emplace(joints);
  if (is_new) entry->second = PositionsOf(known->second, *set_, joints);
  return &entry->second;
}

const std::vector<int>* CocoCategories::JointsOfBox(std::optional<int64_t> id) {
  static const std::vector<int> none;
  if (set_ == nullptr) set_ = &FindKeypointSet("coco17");  // whichever: none is observed
  if (!id) return &none;
  const auto person =
      std::ranges::find(others_, "person", &std::pair<const int64_t, std::string>::second);
  const bool other = others_.contains(*id);
  if (!people_.empty()) return other ? nullptr : &none;
  return other && person != others_.end() && person->first != *id ? nullptr : &none;
}

const std::vector<int>* CocoCategories::JointsOf(std::optional<int64_t> id, size_t joints,
                                                 const std::string& what) {
  if (!id && people_.size() == 1) id = people_.begin()->first;
  const auto named = id ? positions_.find(*id) : positions_.end();
  if (named != positions_.end() && named->second.size() == joints) return &named->second;
  if (named == positions_.end() && any_named_ && id) {
    if (others_.contains(*id)) return nullptr;
    ThrowUserError("{}: key 'category_id': there is no category {}", what, *id);
  }
  // Where COCO's own 17 are named there may be more.
  const std::vector<int>* found = Unnamed(joints);
  if (found != nullptr) return found;
  if (named != positions_.end()) {
    ThrowUserError("{}: key 'keypoints': expected {} numbers ({} joints x, y, flag), found {}",
                   what, 3 * named->second.size(), named->second.size(), 3 * joints);
  }
  ThrowUserError(
      "{}: key 'keypoints': expected 51 numbers (17 joints x, y, flag), found {}, and no "
      "'categories' name the joints",
      what, 3 * joints);
}

}  // namespace gyre
