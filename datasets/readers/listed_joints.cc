// SPDX-License-Identifier: Apache-2.0
#include "datasets/readers/listed_joints.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/error.h"
#include "io/json.h"

namespace gyre {

namespace {

using nlohmann::json;

// A list with a number for each joint.
const json& ListOf(const json& of, const char* key, size_t joints, const std::string& what) {
  const json& list = JsonArray(of, key, what);
  if (list.size() != joints) {
    ThrowUserError("{}: key '{}': expected a list of {} numbers, one for each joint, found {}",
                   what, key, joints, list.size());
  }
  return list;
}

// The first of the keys that there is; null when there is none.
const json* AnyListOf(const json& of, std::initializer_list<const char*> keys, size_t joints,
                      const std::string& what) {
  for (const char* key : keys) {
    if (of.contains(key) && !of[key].is_null()) return &ListOf(of, key, joints, what);
  }
  return nullptr;
}

json NumbersOfJoints(const json& person, const std::string& what) {
  const json& joints = person["keypoints"];
  const json* scores = AnyListOf(person, {"keypoint_scores", "scores"}, joints.size(), what);
  json numbers = json::array();
  for (size_t i = 0; i < joints.size(); ++i) {
    const json& joint = joints[i];
    if (!joint.is_array() || joint.size() < 2 || joint.size() > 3) {
      ThrowUserError("{}: key 'keypoints': expected joint {} to be [x, y] or [x, y, confidence]",
                     what, i);
    }
    numbers.push_back(joint[0]);
    numbers.push_back(joint[1]);
    numbers.push_back(scores != nullptr ? (*scores)[i] : joint.size() == 3 ? joint[2] : json(1));
  }
  return numbers;
}

json NumbersOfLists(const json& lists, const std::string& what) {
  const json& xs = JsonArray(lists, "x", what);
  const json& ys = ListOf(lists, "y", xs.size(), what);
  const json* visible = AnyListOf(lists, {"visible"}, xs.size(), what);
  json numbers = json::array();
  for (size_t i = 0; i < xs.size(); ++i) {
    numbers.push_back(xs[i]);
    numbers.push_back(ys[i]);
    numbers.push_back(visible != nullptr ? (*visible)[i] : json(1));
  }
  return numbers;
}

}  // namespace

bool ListsJoints(const json& person) {
  const auto keypoints = person.is_object() ? person.find("keypoints") : person.end();
  if (keypoints == person.end()) return false;
  if (keypoints->is_object()) return keypoints->contains("x") && keypoints->contains("y");
  return keypoints->is_array() && !keypoints->empty() && keypoints->front().is_array();
}

json WithNumbers(const json& person, const std::string& what) {
  json result = person;
  const json& keypoints = person["keypoints"];
  result["keypoints"] =
      keypoints.is_object() ? NumbersOfLists(keypoints, what) : NumbersOfJoints(person, what);
  // Their boxes are of two corners.
  for (const char* key : {"bbox", "box"}) {
    const auto box = person.find(key);
    if (box == person.end()) continue;
    if (box->is_object()) result.erase(key);
    if (!box->is_array() || box->size() != 1) continue;
    const std::vector<double> corners = JsonNumbers({{key, box->front()}}, key, what);
    if (corners.size() != 4) {
      ThrowUserError("{}: key '{}': expected [[x0, y0, x1, y1]], found {} numbers", what, key,
                     corners.size());
    }
    result[key] = {corners[0], corners[1], corners[2] - corners[0], corners[3] - corners[1]};
  }
  for (const char* key : {"bbox_score", "confidence"}) {
    if (!person.contains("score") && person.contains(key)) result["score"] = person[key];
  }
  return result;
}

}  // namespace gyre
