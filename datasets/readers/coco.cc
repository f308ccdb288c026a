// SPDX-License-Identifier: Apache-2.0
#include "datasets/readers/coco.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <unordered_map>

#include "core/error.h"
#include "datasets/picture_lookup.h"
#include "datasets/readers/coco_categories.h"
#include "datasets/readers/json_rows.h"
#include "datasets/readers/listed_joints.h"
#include "io/json.h"

namespace gyre {
namespace fs = std::filesystem;

namespace {

using nlohmann::json;

constexpr size_t kMostDigits = 12;  // of the names of COCO's pictures

struct CocoImage {
  std::string file_name;
  int width = 0, height = 0;
};

// An image's id, which is a number or a text.
struct CocoImages {
  std::unordered_map<int64_t, CocoImage> by_number;
  std::unordered_map<std::string, CocoImage> by_text;

  void Add(const json& image, const std::string& what) {
    const auto extent = [&](const char* key) {
      if (!image.contains(key) || image[key].is_null()) return 0;
      const int64_t pixels = JsonInteger(image, key, what);
      if (pixels < 1 || pixels > 1 << 20) {
        ThrowUserError("{}: key '{}': {} is no size of an image", what, key, pixels);
      }
      return static_cast<int>(pixels);
    };
    const json& id = JsonField(image, "id", what);
    CocoImage entry{JsonString(image, "file_name", what), extent("width"), extent("height")};
    const bool is_new =
        id.is_string() ? by_text.emplace(id.get<std::string>(), std::move(entry)).second
                       : by_number.emplace(JsonInteger(image, "id", what), std::move(entry)).second;
    if (!is_new) ThrowUserError("{}: key 'id': {} is another image's", what, id.dump());
  }

  const CocoImage& Of(const json& annotation, const std::string& what) const {
    const json& id = JsonField(annotation, "image_id", what);
    if (id.is_string()) {
      const auto found = by_text.find(id.get_ref<const std::string&>());
      if (found != by_text.end()) return found->second;
    } else {
      const auto found = by_number.find(JsonInteger(annotation, "image_id", what));
      if (found != by_number.end()) return found->second;
    }
    ThrowUserError("{}: key 'image_id': there is no image {:.80}", what, id.dump());
  }
};

// COCO's name of a picture's number; the number alone where only a picture of that name is there.
std::string PictureOfNumber(int64_t number, const fs::path& images) {
  const std::string name = fmt::format("{:0{}}.jpg", number, kMostDigits);
  if (images.empty() || !FindPictureFile(images / name).empty()) return name;
  const fs::path other = FindPictureFile(images / std::to_string(number));
  return other.empty() ? name : other.filename().string();
}

// The picture of a result, which no list of images tells: its name, or that of its number, or that
// of the file, NAME.json or NAME.predictions.json.
CocoImage ImageOfResult(const json& result, const fs::path& path, const fs::path& images,
                        const std::string& what) {
  if (!result.contains("image_id")) {
    const fs::path stem = path.stem();
    return {(stem.extension() == ".predictions" ? stem.stem() : stem).string()};
  }
  const json& id = result["image_id"];
  if (id.is_string()) return {id.get<std::string>()};
  return {PictureOfNumber(JsonInteger(result, "image_id", what), images)};
}

// Keys of an annotation that hold the rows [first, first + count) of "coco_wholebody133".
struct CocoPart {
  const char *key, *valid;
  int first, count;
};
constexpr CocoPart kWholeBody[] = {{"foot_kpts", "foot_valid", 17, 6},
                                   {"face_kpts", "face_valid", 23, 68},
                                   {"lefthand_kpts", "lefthand_valid", 91, 21},
                                   {"righthand_kpts", "righthand_valid", 112, 21}};

// Where Halpe's 136 have COCO-WholeBody's 133.
int WholeBodyPlace(int row) {
  static const std::vector<int> places = [] {
    std::vector<int> in_halpe;
    for (const std::string_view joint : FindKeypointSet("coco_wholebody133").joints) {
      in_halpe.push_back(FindKeypointSet("halpe136").IndexOf(joint));
    }
    return in_halpe;
  }();
  return places[row];
}

constexpr double kVisible = 2;

// What a joint's third number means.
enum class ThirdNumber {
  kFlag,   // 0, 1 or kVisible; between them a confidence
  kScore,  // a confidence, above 1 as good as 1
};

// Returns how many joints lack a number that counts.
int PlacePart(const json& annotation, const CocoPart& part, const std::string& what,
              Keypoints* found) {
  const auto valid = annotation.find(part.valid);
  if (valid != annotation.end() && (*valid == false || *valid == 0)) return 0;
  const std::vector<double> numbers = JsonNumbersOrNull(annotation, part.key, what);
  if (numbers.size() != size_t{3} * part.count) {
    ThrowUserError("{}: key '{}': expected {} numbers ({} joints x, y, flag), found {}", what,
                   part.key, 3 * part.count, part.count, numbers.size());
  }
  int incomplete = 0;
  for (int i = 0; i < part.count; ++i) {
    incomplete += PlaceJoint(&numbers[3 * i], WholeBodyPlace(part.first + i), found);
  }
  return incomplete;
}

std::optional<Eigen::Vector4d> ReadBbox(const json& annotation, const std::string& what) {
  for (const char* key : {"bbox", "box"}) {
    const auto listed = annotation.find(key);
    if (listed == annotation.end() || listed->is_null() || listed->empty()) continue;
    const std::vector<double> numbers = JsonNumbers(annotation, key, what);
    if (numbers.size() != 4 || numbers[2] < 0 || numbers[3] < 0) {
      ThrowUserError("{}: key '{}': expected [x, y, width, height], found {} numbers{}", what, key,
                     numbers.size(), numbers.size() == 4 ? " with a negative size" : "");
    }
    return Eigen::Map<const Eigen::Vector4d>(numbers.data());
  }
  return std::nullopt;
}

bool IsCrowd(const json& annotation, const std::string& what) {
  const auto crowd = annotation.find("iscrowd");
  if (crowd == annotation.end() || crowd->is_null()) return false;
  if (*crowd != 0 && *crowd != 1) ThrowUserError("{}: key 'iscrowd': expected 0 or 1", what);
  return *crowd == 1;
}

// How sure a detector is of a person; 1 where it does not say.
double ScoreOf(const json& annotation) {
  const auto score = annotation.find("score");
  return score != annotation.end() && score->is_number() ? score->get<double>() : 1;
}

// Whether persons of that set want the points that COCO-WholeBody adds.
bool WantsWholeBody(const KeypointSet* set) {
  if (set == nullptr || set == &SpinJoints()) return false;
  const int body = FindKeypointSet("coco17").size();
  const auto& joints = FindKeypointSet("coco_wholebody133").joints;
  return std::any_of(joints.begin() + body, joints.end(),
                     [&](std::string_view joint) { return set->IndexOf(joint) >= 0; });
}

class CocoReader {
 public:
  CocoReader(const fs::path& path, const CocoOptions& options)
      : path_(path),
        options_(options),
        whole_body_(WantsWholeBody(options.set)),
        categories_(FindCocoCategories(path), whole_body_, path.string()),
        tolerance_(options.left_out) {}

  void AddImage(const json& image, const std::string& what) {
    try {
      images_.Add(image, what);
    } catch (const UserError& error) {
      tolerance_.LeaveOut({-1, "images", error.what()});
    }
  }

  // An annotation of a file with images, or a result. Empty for one that is left out.
  std::optional<Person> Read(const json& annotation, bool is_result, const std::string& what) {
    const int64_t row = row_++;
    std::optional<Person> person;
    const char* other = nullptr;
    const auto take = [&](const json& found) {
      other = OtherThanPeople(found, what);
      if (other == nullptr) person = PersonOf(found, row, is_result, what);
    };
    const bool read = tolerance_.Try(row, "annotations", [&] {
      if (ListsJoints(annotation)) return take(WithNumbers(annotation, what));
      take(annotation);
    });
    if (other == nullptr) return read ? std::move(person) : std::nullopt;
    tolerance_.LeaveOut({row, other, fmt::format("{}: is of no person, or without keypoints", what),
                         /*wrong=*/false});
    if (others_++ == 0 && annotation.is_object()) first_other_ = JsonKeyList(annotation);
    return std::nullopt;
  }

  // UserError when there were annotations, and people in none.
  void CheckAny() const {
    tolerance_.CheckAny();
    if (others_ == 0 || others_ < row_) return;
    ThrowUserError(
        "{}: none of its {} annotations has the keypoints of a person{}; COCO's are in "
        "person_keypoints_*.json",
        path_.string(), row_, first_other_.empty() ? "" : ", the first has " + first_other_);
  }

 private:
  // What an annotation is called that is of no person; null for people.
  const char* OtherThanPeople(const json& annotation, const std::string& what) {
    if (!annotation.is_object()) {
      ThrowUserError("{}: expected an object, found {}", what, annotation.type_name());
    }
    const auto listed = annotation.find("keypoints");
    const bool without =
        listed == annotation.end() || listed->is_null() || (listed->is_array() && listed->empty());
    std::optional<int64_t> category;
    const auto id = annotation.find("category_id");
    if (id != annotation.end() && !id->is_null()) {
      category = JsonInteger(annotation, "category_id", what);
    }
    if (without && options_.boxes && ReadBbox(annotation, what)) {
      joints_ = categories_.JointsOfBox(category);
      return joints_ == nullptr ? "annotations of other categories" : nullptr;
    }
    if (without) return "annotations without keypoints";
    const size_t numbers = JsonArray(annotation, "keypoints", what).size();
    if (numbers % 3 != 0) {
      ThrowUserError(
          "{}: key 'keypoints': expected x, y and a flag of each joint, found {} numbers", what,
          numbers);
    }
    joints_ = categories_.JointsOf(category, numbers / 3, what);
    return joints_ == nullptr ? "annotations of other categories" : nullptr;
  }

  // Empty for a person that the options leave out.
  std::optional<Person> PersonOf(const json& annotation, int64_t row, bool is_result,
                                 const std::string& what) {
    if (!rows_) rows_.emplace(path_, options_, categories_.set());
    std::optional<Person> person = rows_->NewPerson(row);
    const bool has_id = annotation.contains("id");
    const int64_t id = has_id ? JsonInteger(annotation, "id", what) : row;
    if (options_.file_ids) person->id = id;
    const CocoImage of_result =
        is_result ? ImageOfResult(annotation, path_, options_.images, what) : CocoImage();
    const CocoImage& image = is_result ? of_result : images_.Of(annotation, what);
    person->image_width = image.width;
    person->image_height = image.height;
    const bool scored = is_result || annotation.contains("score");
    Keypoints found(categories_.set());
    person->non_finite =
        PlaceKeypoints(annotation, scored ? ThirdNumber::kScore : ThirdNumber::kFlag, what, &found);
    const std::optional<Eigen::Vector4d> bbox = ReadBbox(annotation, what);
    if (IsCrowd(annotation, what) && !options_.crowds) return std::nullopt;
    if (scored && ScoreOf(annotation) < options_.min_score) return std::nullopt;
    rows_->SetPicture(image.file_name,
                      has_id ? fmt::format("{}: annotation {}", path_.string(), id) : what,
                      &*person);
    if (!rows_->SetKeypoints(found, &*person)) return std::nullopt;
    if (bbox && (options_.box_from_bbox || joints_->empty())) {
      // It bounds the pixels from edge to edge; pixel centres are at integers.
      rows_->SetBox({bbox->head<2>() + 0.5 * bbox->tail<2>() - Vec2::Constant(0.5),
                     options_.box_margin * bbox->tail<2>().maxCoeff()},
                    &*person);
    } else {
      rows_->SetBoxAroundKeypoints(&*person);
    }
    rows_->Finish(&*person);
    return person;
  }

  int PlaceKeypoints(const json& annotation, ThirdNumber third, const std::string& what,
                     Keypoints* found) const {
    if (joints_->empty()) return 0;
    const std::vector<double> numbers = JsonNumbersOrNull(annotation, "keypoints", what);
    int incomplete = 0;
    for (size_t i = 0; i < joints_->size(); ++i) {
      const double* v = &numbers[3 * i];
      if (third == ThirdNumber::kFlag && v[2] > kVisible) {
        ThrowUserError(
            "{}: key 'keypoints': joint {} has flag {}, expected 0, 1, 2 or a confidence between",
            what, i, v[2]);
      }
      incomplete += PlaceJoint(v, (*joints_)[i], found);
    }
    for (const CocoPart& part : kWholeBody) {
      if (whole_body_ && annotation.contains(part.key)) {
        incomplete += PlacePart(annotation, part, what, found);
      }
    }
    return incomplete;
  }

  const fs::path path_;
  const CocoOptions options_;
  const bool whole_body_;
  CocoCategories categories_;
  CocoImages images_;
  Tolerance tolerance_;
  std::optional<RowReader> rows_;             // once the set is known
  const std::vector<int>* joints_ = nullptr;  // of the annotation that is read
  int64_t row_ = 0, others_ = 0;
  std::string first_other_;
};

// What a file is instead, that is neither.
[[noreturn]] void ThrowNotCoco(const std::vector<std::string>& keys, const std::string& what) {
  const auto has = [&](const char* key) { return std::ranges::count(keys, key) > 0; };
  json names;
  for (size_t i = 0; i < keys.size() && i < 16; ++i) names[keys[i]] = 0;
  const std::string lacking = has("images") ? "annotations" : "images";
  std::string instead;
  if (has("people")) instead = ": it is OpenPose's, which --openpose or openpose: reads";
  if (has("data") && has("ver")) instead = ": it is EFT's fits, which gyre fits merge reads";
  if (has("shapes")) instead = ": it is labelme's, which other tools turn into COCO's";
  if (has("instance_info")) {
    instead = ": it is MMPose's of a video; save the 'instances' of each frame as a file NAME.json";
  }
  ThrowUserError(
      "{}: has no key '{}'{}; COCO's files hold 'images' and 'annotations', detectors' "
      "a list; there is {}",
      what, lacking, instead, JsonKeyList(names));
}

}  // namespace

void ReadCoco(const fs::path& path, const CocoOptions& options, const PersonSink& sink) {
  const std::string what = path.string();
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    ThrowUserError("{}: is a folder; COCO's people are in one file (.json), name that", what);
  }
  CocoReader reader(path, options);
  // Persons need their images. Files have the images first; where they don't, read once more.
  bool images_read = false, persons_read = false;
  std::vector<std::string> keys;
  const auto read = [&] {
    bool passed_over = false;
    keys.clear();
    const auto person = [&](const json& annotation, bool is_result, const std::string& where) {
      if (auto found = reader.Read(annotation, is_result, where)) sink(std::move(*found));
    };
    const json rest = ForEachJsonElement(
        path, {"segmentation"},
        [&](const std::string& key) {
          constexpr size_t kMostKeys = 1000;
          if (keys.size() < kMostKeys) keys.push_back(key);
          return key.empty() || key == "images" || key == "annotations";
        },
        [&](const std::string& key, int64_t place, const json& element) {
          if (key.empty()) {
            person(element, /*is_result=*/true, fmt::format("{}: result {}", what, place));
          } else if (key == "images") {
            if (persons_read) return;
            reader.AddImage(element, fmt::format("{}: image {}", what, place));
            images_read = true;
          } else if (images_read && !passed_over) {
            person(element, /*is_result=*/false, fmt::format("{}: annotation {}", what, place));
          } else {
            passed_over = true;
          }
        });
    if (rest.is_array()) return false;
    if (!rest.is_object()) {
      ThrowUserError("{}: expected an object or a list, found {}", what, rest.type_name());
    }
    for (const char* key : {"images", "annotations"}) {
      if (!rest.contains(key)) ThrowNotCoco(keys, what);
      JsonArray(rest, key, what);
    }
    persons_read = true;
    return passed_over;
  };
  if (read()) {
    images_read = true;  // also when there is none: every person is then refused
    read();
  }
  reader.CheckAny();
}

}  // namespace gyre
