// SPDX-License-Identifier: Apache-2.0
#include "io/keypoints_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <system_error>
#include <unordered_map>

#include "core/error.h"
#include "core/file.h"
#include "io/json.h"

namespace gyre {
namespace {

using nlohmann::json;

constexpr uint64_t kMaxJsonBytes = uint64_t{1} << 30;
constexpr size_t kBody25Count = 25;
constexpr size_t kCoco18Count = 18;
constexpr size_t kCoco17Count = 17;

Points3 Triples(const std::vector<double>& numbers) {
  return Eigen::Map<const Points3>(numbers.data(), static_cast<int64_t>(numbers.size() / 3), 3);
}

Eigen::Vector4d Box(const json& object, const std::string& what) {
  const std::vector<double> numbers = JsonNumbers(object, "bbox", what);
  if (numbers.size() != 4 || numbers[2] < 0 || numbers[3] < 0) {
    ThrowUserError("{}: key 'bbox': expected [x, y, width, height], found {} numbers{}", what,
                   numbers.size(), numbers.size() == 4 ? " with a negative size" : "");
  }
  return Eigen::Map<const Eigen::Vector4d>(numbers.data());
}

KeypointPerson OpenPosePerson(const json& person, int64_t index, const std::string& file) {
  const std::string what = fmt::format("{}: person {}", file, index);
  const bool old_key = person.is_object() && !person.contains("pose_keypoints_2d") &&
                       person.contains("pose_keypoints");
  const std::string key = old_key ? "pose_keypoints" : "pose_keypoints_2d";
  const std::vector<double> numbers = JsonNumbers(person, key, what);
  if (numbers.size() == 3 * kCoco18Count) {
    ThrowUserError(
        "{}: key '{}': holds the 18 joints of OpenPose's COCO model; run OpenPose with its "
        "BODY_25 model (--model_pose BODY_25)",
        what, key);
  }
  if (numbers.size() != 3 * kBody25Count) {
    ThrowUserError("{}: key '{}': expected 75 numbers (25 joints x, y, confidence), found {}", what,
                   key, numbers.size());
  }
  KeypointPerson out;
  out.skeleton = "body25";
  out.keypoints = Triples(numbers);
  out.id = index;
  if (out.keypoints.col(2).minCoeff() < 0) {
    ThrowUserError("{}: key '{}': a confidence is negative", what, key);
  }
  return out;
}

struct CocoImage {
  std::string file_name;
  int width = 0, height = 0;
};

using CocoImages = std::unordered_map<int64_t, CocoImage>;

void AddCocoImage(const json& image, const std::string& what, CocoImages* images) {
  const auto extent = [&](const char* key) {
    const int64_t pixels = JsonInteger(image, key, what);
    if (pixels < 1 || pixels > 1 << 20) {
      ThrowUserError("{}: key '{}': {} is no size of an image", what, key, pixels);
    }
    return static_cast<int>(pixels);
  };
  const int64_t id = JsonInteger(image, "id", what);
  CocoImage entry{JsonString(image, "file_name", what), extent("width"), extent("height")};
  if (!images->emplace(id, std::move(entry)).second) {
    ThrowUserError("{}: key 'id': {} is another image's", what, id);
  }
}

KeypointPerson CocoPerson(const json& annotation, const std::string& what,
                          const CocoImages& images) {
  KeypointPerson person;
  person.skeleton = "coco17";
  person.id = JsonInteger(annotation, "id", what);
  const int64_t image_id = JsonInteger(annotation, "image_id", what);
  const auto image = images.find(image_id);
  if (image == images.end()) {
    ThrowUserError("{}: key 'image_id': there is no image {}", what, image_id);
  }
  person.image = image->second.file_name;
  person.width = image->second.width;
  person.height = image->second.height;
  const std::vector<double> numbers = JsonNumbers(annotation, "keypoints", what);
  if (numbers.size() != 3 * kCoco17Count) {
    ThrowUserError("{}: key 'keypoints': expected 51 numbers (17 joints x, y, flag), found {}",
                   what, numbers.size());
  }
  person.keypoints = Triples(numbers);
  for (int64_t joint = 0; joint < person.keypoints.rows(); ++joint) {
    double& flag = person.keypoints(joint, 2);
    if (flag != 0 && flag != 1 && flag != 2) {
      ThrowUserError("{}: key 'keypoints': joint {} has flag {}, expected 0, 1 or 2", what, joint,
                     flag);
    }
    flag = flag > 0 ? 1 : 0;
  }
  if (annotation.contains("bbox")) person.bbox = Box(annotation, what);
  if (const auto crowd = annotation.find("iscrowd"); crowd != annotation.end()) {
    if (*crowd != 0 && *crowd != 1) ThrowUserError("{}: key 'iscrowd': expected 0 or 1", what);
    person.crowd = *crowd == 1;
  }
  return person;
}

}  // namespace

std::vector<KeypointPerson> ParseOpenPoseJson(std::string_view content, const std::string& what) {
  const json root = ParseJson(content, what);
  std::vector<KeypointPerson> people;
  for (const json& person : JsonArray(root, "people", what)) {
    people.push_back(OpenPosePerson(person, static_cast<int64_t>(people.size()), what));
  }
  return people;
}

std::vector<KeypointPerson> ReadOpenPoseJson(const std::filesystem::path& path) {
  return ParseOpenPoseJson(ReadFile(path, kMaxJsonBytes), path.string());
}

void ForEachOpenPoseFrame(const std::filesystem::path& folder,
                          const std::function<void(const OpenPoseFrame&)>& sink) {
  static constexpr std::string_view kEnding = "_keypoints.json";
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.ends_with(kEnding)) names.push_back(name.substr(0, name.size() - kEnding.size()));
  }
  if (error) ThrowUserError("{}: cannot be listed: {}", folder.string(), error.message());
  if (names.empty()) {
    ThrowUserError("{}: holds no file named *{}; expected OpenPose's output folder",
                   folder.string(), kEnding);
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    const std::filesystem::path file = folder / (name + std::string(kEnding));
    sink({name, file, ReadOpenPoseJson(file)});
  }
}

void ForEachCocoPerson(const std::filesystem::path& path,
                       const std::function<void(KeypointPerson)>& sink) {
  const std::string what = path.string();
  CocoImages images;
  // Persons need their images. Files have the images first; where they don't, read once more.
  bool images_read = false, persons_read = false;
  const auto read = [&] {
    bool passed_over = false;
    const json rest = ForEachJsonElement(
        path, {"segmentation"},
        [&](const std::string& key) { return key == "images" || key == "annotations"; },
        [&](const std::string& key, int64_t place, const json& element) {
          if (key == "images") {
            if (persons_read) return;
            AddCocoImage(element, fmt::format("{}: image {}", what, place), &images);
            images_read = true;
          } else if (images_read && !passed_over) {
            sink(CocoPerson(element, fmt::format("{}: annotation {}", what, place), images));
          } else {
            passed_over = true;
          }
        });
    JsonArray(rest, "images", what);
    JsonArray(rest, "annotations", what);
    persons_read = true;
    return passed_over;
  };
  if (read()) {
    images_read = true;  // also when there is none: every person is then refused
    read();
  }
}

}  // namespace gyre
