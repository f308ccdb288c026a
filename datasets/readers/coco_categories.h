// SPDX-License-Identifier: Apache-2.0
// What COCO's `categories` say of a file's annotations: which are of people, and which joint each
// of their keypoints is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "body/joints.h"

namespace gyre {

// The file's list of categories, wherever it stands, without reading the rest of it where that can
// be helped; null when there is none.
nlohmann::json FindCocoCategories(const std::filesystem::path& path);

class CocoCategories {
 public:
  // `whole_body`: the set is to hold the points that COCO-WholeBody adds: it is Halpe's 136, which
  // are three more. UserError names `what`, and the categories, when there are joints and none is of
  // people.
  CocoCategories(const nlohmann::json& categories, bool whole_body, const std::string& what);

  // What all people of the file come in: of files that name no joints known with the first person.
  const KeypointSet& set() const { return *set_; }

  // Positions in set() of the keypoints of a category's annotation, as many as it has; -1: passed
  // over. `id` empty: the annotation names no category. Null when it is of no people. UserError
  // names `what` when their number says nothing.
  const std::vector<int>* JointsOf(std::optional<int64_t> id, size_t joints,
                                   const std::string& what);
  // The same of an annotation that has a box alone: none. Null when it is of no people: of a
  // category without people's keypoints where others have them, else of another one than "person"
  // where the file has one of that name.
  const std::vector<int>* JointsOfBox(std::optional<int64_t> id);

 private:
  // By their number alone; null when nobody knows.
  const std::vector<int>* Unnamed(size_t joints);

  const KeypointSet* set_ = nullptr;
  bool any_named_ = false;  // categories with keypoints
  std::map<int64_t, std::vector<std::string_view>> people_;
  std::map<int64_t, std::vector<int>> positions_;
  std::map<int64_t, std::string> others_;  // their names
  std::map<size_t, std::vector<int>> unnamed_;
};

}  // namespace gyre
