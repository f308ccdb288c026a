// SPDX-License-Identifier: Apache-2.0
#include "loop/detection/detect_people.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>

#include "body/whole_body_joints.h"
#include "core/error.h"
#include "core/file.h"
#include "core/fingerprint.h"
#include "core/progress.h"
#include "datasets/picture_lookup.h"
#include "io/image.h"
#include "io/json.h"
#include "io/option_json.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kFingerprintKey = "fingerprint";
constexpr int kNumCocoJoints = 17, kNumFeetPoints = 6;

// A picture, and whom to look for: nobody in particular where there are no boxes.
struct Picture {
  std::string name;  // below the folder of pictures
  int64_t id = 0;
  int width = 0, height = 0;  // as the file of boxes says; 0: it does not
  std::vector<PixelRect> around = {};
  std::vector<size_t> places = {};  // of each box in the file's order
  std::vector<int64_t> ids = {};    // of each box
};

bool IsPicture(const fs::path& path) {
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  static constexpr std::array<std::string_view, 7> kEndings = {".jpg", ".jpeg", ".png", ".webp",
                                                               ".bmp", ".tif",  ".tiff"};
  return std::ranges::find(kEndings, ending) != kEndings.end() &&
         path.filename().string().front() != '.';
}

std::vector<Picture> PicturesOf(const fs::path& images) {
  std::vector<Picture> pictures;
  if (fs::is_directory(images)) {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(images)) {
      if (entry.is_regular_file() && IsPicture(entry.path())) {
        pictures.push_back({.name = entry.path().lexically_relative(images).string()});
      }
    }
    std::ranges::sort(pictures, {}, &Picture::name);
  } else {
    pictures.push_back({.name = images.filename().string()});
  }
  if (pictures.empty())
    ThrowUserError("{} holds no pictures; give a folder of JPEG, PNG, WebP, BMP or TIFF files",
                   images.string());
  for (size_t i = 0; i < pictures.size(); ++i) pictures[i].id = static_cast<int64_t>(i) + 1;
  return pictures;
}

// The pictures of a COCO file and their boxes.
std::vector<Picture> PicturesOfBoxes(const fs::path& boxes) {
  std::map<int64_t, Picture> by_id;
  size_t place = 0;
  const auto what = [&](const char* list, int64_t i) {
    return fmt::format("{}: {} {}", boxes.string(), list, i);
  };
  // Lists come in any order.
  ForEachJsonElement(
      boxes, {"segmentation"}, [](const std::string& key) { return key == "images"; },
      [&](const std::string&, int64_t i, const nlohmann::json& image) {
        const int64_t id = JsonInteger(image, "id", what("image", i));
        by_id[id].name = JsonString(image, "file_name", what("image", i));
        by_id[id].id = id;
        if (!image.contains("width") || !image.contains("height")) return;
        by_id[id].width = static_cast<int>(JsonInteger(image, "width", what("image", i)));
        by_id[id].height = static_cast<int>(JsonInteger(image, "height", what("image", i)));
      });
  ForEachJsonElement(
      boxes, {"segmentation"}, [](const std::string& key) { return key == "annotations"; },
      [&](const std::string&, int64_t i, const nlohmann::json& annotation) {
        const std::string which = what("annotation", i);
        const auto picture = by_id.find(JsonInteger(annotation, "image_id", which));
        if (picture == by_id.end())
          ThrowUserError("{}: key 'image_id': there is no such image", which);
        const std::vector<double> b = JsonNumbers(annotation, "bbox", which);
        if (b.size() != 4 || !(b[2] > 0 && b[3] > 0)) {
          ThrowUserError("{}: key 'bbox': expected [x, y, width, height] of a box with a size",
                         which);
        }
        picture->second.around.push_back(
            {Vec2(b[0] - 0.5, b[1] - 0.5), Vec2(b[0] + b[2] - 0.5, b[1] + b[3] - 0.5)});
        picture->second.places.push_back(place++);
        picture->second.ids.push_back(JsonInteger(annotation, "id", which));
      });
  std::vector<Picture> pictures;
  for (auto& [id, picture] : by_id) {
    if (!picture.around.empty()) pictures.push_back(std::move(picture));
  }
  if (pictures.empty()) ThrowUserError("{} holds no boxes of people", boxes.string());
  return pictures;
}

// x, y to a hundredth of a pixel and confidence, as COCO lists them; unknown points are zero.
Json Triples(const Keypoints& keypoints, int first, int count) {
  Json numbers = Json::array();
  const auto rounded = [](double value, double steps) { return std::round(value * steps) / steps; };
  for (int i = first; i < first + count; ++i) {
    const bool known = keypoints.Observed(i);
    numbers.push_back(known ? rounded(keypoints.px(i, 0), 100) : 0);
    numbers.push_back(known ? rounded(keypoints.px(i, 1), 100) : 0);
    numbers.push_back(known ? rounded(keypoints.confidence[i], 1e4) : 0);
  }
  return numbers;
}

}  // namespace

Json AnnotationOf(const FoundPerson& person, int64_t id, int64_t image_id) {
  static const KeypointConversion convert(FindKeypointSet("blazepose33"),
                                          FindKeypointSet("coco_wholebody133"));
  const Keypoints found = convert(person.keypoints);
  const PixelRect bounds = BoundsOf(person.keypoints, 0.5);
  const Vec2 size = bounds.high - bounds.low;
  return {{"id", id},
          {"image_id", image_id},
          {"category_id", 1},
          {"keypoints", Triples(found, 0, kNumCocoJoints)},
          {"num_keypoints", (found.confidence.head(kNumCocoJoints).array() > 0).count()},
          {"foot_kpts", Triples(found, kNumCocoJoints, kNumFeetPoints)},
          {"score", person.score},
          {"bbox", {bounds.low.x() + 0.5, bounds.low.y() + 0.5, size.x(), size.y()}},
          {"area", size.prod()},
          {"iscrowd", 0}};
}

namespace {

Json PersonCategory() {
  const KeypointSet& set = FindKeypointSet("coco_wholebody133");
  Json names = Json::array();
  for (int i = 0; i < kNumCocoJoints; ++i) {
    std::string name(set.joints[i]);
    std::ranges::transform(name, name.begin(),
                           [](unsigned char c) { return c == ' ' ? '_' : std::tolower(c); });
    names.push_back(name);
  }
  return {{"id", 1}, {"name", "person"}, {"supercategory", "person"}, {"keypoints", names}};
}

// The region's mask in the picture.
cv::Mat MaskInPicture(const FoundPerson& person, cv::Size size) {
  const double side = person.mask.rows;
  const auto pixel = [&](double u, double v) {
    return person.region.InPicture(Vec2(u + 0.5, v + 0.5) / side);
  };
  const Vec2 origin = pixel(0, 0), x = pixel(1, 0) - origin, y = pixel(0, 1) - origin;
  const cv::Matx23d map(x.x(), y.x(), origin.x(), x.y(), y.y(), origin.y());
  cv::Mat mask;
  cv::warpAffine(person.mask, mask, map, size, cv::INTER_LINEAR, cv::BORDER_CONSTANT);
  return mask;
}

// What an earlier file says of itself; empty when it is none of ours.
std::string FingerprintIn(const fs::path& path) {
  try {
    if (!fs::exists(path)) return "";
    const nlohmann::json file = ParseJson(ReadFile(path), path.string());
    const auto info = file.find("info");
    return info == file.end() ? "" : info->value(kFingerprintKey, "");
  } catch (const std::exception&) {
    return "";
  }
}

class Detection {
 public:
  Detection(const DetectOptions& options, const DetectTask& task)
      : task_(task),
        options_(options),
        finder_(options, !task.masks.empty()),
        folder_(fs::is_directory(task.images) ? task.images : task.images.parent_path()) {}

  DetectSummary Run() {
    const std::vector<Picture> pictures =
        task_.boxes.empty() ? PicturesOf(task_.images) : PicturesOfBoxes(task_.boxes);
    fingerprint_ = FingerprintOf(pictures);
    if (task_.reuse && FingerprintIn(task_.out) == fingerprint_) {
      spdlog::info("{}: holds the people of these pictures already", task_.out.string());
      return summary_;
    }
    Progress progress("detect", "pictures", std::ssize(pictures));
    for (const Picture& picture : pictures) {
      DetectOne(picture);
      progress.Advance();
    }
    summary_.pictures = std::ssize(pictures);
    if (summary_.unreadable == summary_.pictures) {
      ThrowUserError("none of the {} pictures of {} could be read", summary_.pictures,
                     task_.images.string());
    }
    Write();
    return summary_;
  }

 private:
  // Of the options, and of the pictures' names, sizes and times.
  std::string FingerprintOf(const std::vector<Picture>& pictures) const {
    Fingerprint fingerprint;
    fingerprint.Add(FieldsToJson(options_).dump());
    for (const Picture& picture : pictures) {
      const fs::path path = folder_ / picture.name;
      std::error_code missing;
      const auto time = fs::last_write_time(path, missing).time_since_epoch();
      fingerprint.Add(picture.name);
      fingerprint.Add(picture.around.size());
      fingerprint.Add(fs::file_size(path, missing));
      fingerprint.Add(int64_t{time.count()});
    }
    return fingerprint.Hex();
  }

  void DetectOne(const Picture& picture) {
    cv::Mat image;
    try {
      image = Load(picture);
    } catch (const UserError& error) {
      ++summary_.unreadable;
      spdlog::warn("{}; passed over", error.what());
      return;
    }
    images_.push_back({{"id", picture.id},
                       {"file_name", picture.name},
                       {"width", image.cols},
                       {"height", image.rows}});
    const std::vector<FoundPerson> people =
        picture.around.empty() ? finder_.Find(image) : finder_.FindIn(image, picture.around);
    for (size_t i = 0; i < people.size(); ++i) {
      const size_t place = picture.around.empty() ? annotations_.size() : picture.places[i];
      const int64_t id = picture.around.empty() ? static_cast<int64_t>(place) + 1 : picture.ids[i];
      annotations_.emplace(place, AnnotationOf(people[i], id, picture.id));
      if (!task_.masks.empty()) WriteMask(people[i], picture.name, i, image.size());
      ++summary_.people;
    }
  }

  cv::Mat Load(const Picture& picture) const {
    const fs::path found = FindPictureFile(folder_ / picture.name);
    const fs::path path = found.empty() ? folder_ / picture.name : found;
    const cv::Mat upright = ReadImage(path, ImageOrientation::kUpright);
    const bool other = upright.cols != picture.width || upright.rows != picture.height;
    return picture.width > 0 && other ? ReadImage(path) : upright;
  }

  void WriteMask(const FoundPerson& person, const std::string& name, size_t which, cv::Size size) {
    fs::path path = task_.masks / name;
    path.replace_filename(fmt::format("{}_{}.png", path.stem().string(), which));
    MakeFolder(path.parent_path());
    WriteImage(path, MaskInPicture(person, size));
  }

  void Write() const {
    Json annotations = Json::array();
    for (const auto& [place, annotation] : annotations_) annotations.push_back(annotation);
    const Json all = {{"info", {{"description", "gyre detect"}, {kFingerprintKey, fingerprint_}}},
                      {"images", images_},
                      {"annotations", annotations},
                      {"categories", Json::array({PersonCategory()})}};
    WriteFileAtomically(task_.out, all.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  }

  const DetectTask& task_;
  const DetectOptions& options_;
  PeopleFinder finder_;
  fs::path folder_;
  std::string fingerprint_;
  Json images_ = Json::array();
  std::map<size_t, Json> annotations_;  // by their place in the file
  DetectSummary summary_;
};

}  // namespace

DetectSummary DetectPeople(const DetectOptions& options, const DetectTask& task) {
  if (!fs::exists(task.images)) ThrowUserError("{} does not exist", task.images.string());
  return Detection(options, task).Run();
}

}  // namespace gyre
