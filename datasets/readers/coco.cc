// SPDX-License-Identifier: Apache-2.0
#include "datasets/readers/coco.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>

#include "core/error.h"
#include "io/json.h"

namespace gyre {
namespace fs = std::filesystem;

namespace {

using nlohmann::json;

struct CocoImage {
  std::string file_name;
  int width = 0, height = 0;
};
using CocoImages = std::unordered_map<int64_t, CocoImage>;

void AddImage(const json& image, const std::string& what, CocoImages* images) {
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

// Keys of an annotation that hold the rows [first, first + count) of a set.
struct CocoPart {
  const char* key;
  int first, count;
};
constexpr CocoPart kCocoBody = {"keypoints", 0, 17};
constexpr CocoPart kWholeBody[] = {{"foot_kpts", 17, 6},
                                   {"face_kpts", 23, 68},
                                   {"lefthand_kpts", 91, 21},
                                   {"righthand_kpts", 112, 21}};

void ReadPart(const json& annotation, const CocoPart& part, const std::string& what,
              Keypoints* out) {
  const std::vector<double> numbers = JsonNumbers(annotation, part.key, what);
  if (numbers.size() != size_t{3} * part.count) {
    ThrowUserError("{}: key '{}': expected {} numbers ({} joints x, y, flag), found {}", what,
                   part.key, 3 * part.count, part.count, numbers.size());
  }
  for (int i = 0; i < part.count; ++i) {
    const double* v = &numbers[3 * i];
    // Of COCO's own joints the flag is one of three; what was added to them may have fractions.
    const bool known = part.key != kCocoBody.key ? v[2] >= 0 : v[2] == 0 || v[2] == 1 || v[2] == 2;
    if (!known) {
      ThrowUserError("{}: key '{}': joint {} has flag {}, expected 0, 1 or 2", what, part.key, i,
                     v[2]);
    }
    if (v[2] == 0) continue;
    out->px.row(part.first + i) << v[0], v[1];
    out->confidence[part.first + i] = 1;
  }
}

Eigen::Vector4d ReadBbox(const json& annotation, const std::string& what) {
  const std::vector<double> numbers = JsonNumbers(annotation, "bbox", what);
  if (numbers.size() != 4 || numbers[2] < 0 || numbers[3] < 0) {
    ThrowUserError("{}: key 'bbox': expected [x, y, width, height], found {} numbers{}", what,
                   numbers.size(), numbers.size() == 4 ? " with a negative size" : "");
  }
  return Eigen::Map<const Eigen::Vector4d>(numbers.data());
}

bool IsCrowd(const json& annotation, const std::string& what) {
  const auto crowd = annotation.find("iscrowd");
  if (crowd == annotation.end()) return false;
  if (*crowd != 0 && *crowd != 1) ThrowUserError("{}: key 'iscrowd': expected 0 or 1", what);
  return *crowd == 1;
}

// Whether persons of that set want the points that COCO-WholeBody adds.
bool WantsWholeBody(const KeypointSet* set) {
  if (set == nullptr || set == &SpinJoints()) return false;
  const auto& joints = FindKeypointSet("coco_wholebody133").joints;
  return std::any_of(joints.begin() + kCocoBody.count, joints.end(),
                     [&](std::string_view joint) { return set->IndexOf(joint) >= 0; });
}

class CocoReader {
 public:
  CocoReader(const fs::path& path, const CocoOptions& options)
      : file_(path.string()),
        options_(options),
        whole_body_(WantsWholeBody(options.set)),
        file_set_(FindKeypointSet(whole_body_ ? "coco_wholebody133" : "coco17")),
        rows_(path, options, file_set_) {}

  // False for a person that the options leave out.
  bool Read(const json& annotation, int64_t row, const std::string& what, const CocoImages& images,
            Person* person) const {
    *person = rows_.NewPerson(row);
    const int64_t id = JsonInteger(annotation, "id", what);
    if (options_.file_ids) person->id = id;
    const int64_t image_id = JsonInteger(annotation, "image_id", what);
    const auto image = images.find(image_id);
    if (image == images.end()) {
      ThrowUserError("{}: key 'image_id': there is no image {}", what, image_id);
    }
    person->image_width = image->second.width;
    person->image_height = image->second.height;
    Keypoints found(file_set_);
    ReadPart(annotation, kCocoBody, what, &found);
    for (const CocoPart& part : kWholeBody) {
      if (whole_body_ && annotation.contains(part.key)) ReadPart(annotation, part, what, &found);
    }
    std::optional<Eigen::Vector4d> bbox;
    if (annotation.contains("bbox")) bbox = ReadBbox(annotation, what);
    if (IsCrowd(annotation, what) && !options_.crowds) return false;
    rows_.SetPicture(image->second.file_name, fmt::format("{}: annotation {}", file_, id), person);
    if (!rows_.SetKeypoints(found, person)) return false;
    if (options_.box_from_bbox && bbox) {
      // It bounds the pixels from edge to edge; pixel centres are at integers.
      person->box.center_px = bbox->head<2>() + 0.5 * bbox->tail<2>() - Vec2::Constant(0.5);
      person->box.side_px = options_.box_margin * bbox->tail<2>().maxCoeff();
    } else {
      rows_.SetBoxAroundKeypoints(person);
    }
    rows_.Finish(person);
    return true;
  }

 private:
  const std::string file_;
  const CocoOptions options_;
  const bool whole_body_;
  const KeypointSet& file_set_;
  const RowReader rows_;
};

}  // namespace

void ReadCoco(const fs::path& path, const CocoOptions& options, const PersonSink& sink) {
  const std::string what = path.string();
  const CocoReader reader(path, options);
  CocoImages images;
  // Persons need their images. Files have the images first; where they don't, read once more.
  bool images_read = false, persons_read = false;
  int64_t row = 0;
  const auto read = [&] {
    bool passed_over = false;
    const json rest = ForEachJsonElement(
        path, {"segmentation"},
        [&](const std::string& key) { return key == "images" || key == "annotations"; },
        [&](const std::string& key, int64_t place, const json& element) {
          if (key == "images") {
            if (persons_read) return;
            AddImage(element, fmt::format("{}: image {}", what, place), &images);
            images_read = true;
          } else if (images_read && !passed_over) {
            Person person;
            if (reader.Read(element, row++, fmt::format("{}: annotation {}", what, place), images,
                            &person)) {
              sink(std::move(person));
            }
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
