// SPDX-License-Identifier: Apache-2.0
#include "datasets/readers/openpose.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>

#include "core/error.h"
#include "core/file.h"
#include "datasets/readers/json_rows.h"
#include "io/json.h"

namespace gyre {
namespace fs = std::filesystem;

namespace {

using nlohmann::json;

constexpr uint64_t kMaxJsonBytes = uint64_t{1} << 30;

// A key of a person, and which rows [first, first + count) of the file's list go to which places of
// "openpose135".
struct OpenPoseList {
  const char *key, *old_key;
  size_t listed;
  size_t first, count, to;
};
constexpr OpenPoseList kHandsAndFace[] = {
    {"hand_left_keypoints_2d", "hand_left_keypoints", 21, 0, 21, 25},
    {"hand_right_keypoints_2d", "hand_right_keypoints", 21, 0, 21, 46},
    {"face_keypoints_2d", "face_keypoints", 70, 17, 51, 67},  // without the outline
    {"face_keypoints_2d", "face_keypoints", 70, 0, 17, 118},  // the outline
};

// What `pose_keypoints_2d` may hold, told by its length: BODY_25, or the joints of OpenPose's COCO
// model, all of which are among BODY_25's.
constexpr size_t kBody25Count = 25;
constexpr int kBody25OfCoco18[] = {0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18};
constexpr size_t kCoco18Count = std::size(kBody25OfCoco18);

std::string KeyOf(const json& person, const char* key, const char* old_key) {
  const bool old = person.is_object() && !person.contains(key) && person.contains(old_key);
  return old ? old_key : key;
}

// Returns how many joints lack a number that counts; a list may be empty, where a hand or a face was
// found alone. `more`: also hands and face.
int ReadKeypoints(const json& person, bool more, const std::string& what, Keypoints* found) {
  int incomplete = 0;
  const std::string key = KeyOf(person, "pose_keypoints_2d", "pose_keypoints");
  const std::vector<double> numbers = JsonNumbersOrNull(person, key, what);
  const size_t joints = numbers.size() / 3;
  const bool known = joints == kBody25Count || joints == kCoco18Count;
  if (!numbers.empty() && (numbers.size() % 3 != 0 || !known)) {
    ThrowUserError(
        "{}: key '{}': expected 75 numbers (x, y, confidence of BODY_25's joints) or 54 (of the "
        "COCO model's), found {}; other models are not read, run OpenPose with --model_pose "
        "BODY_25",
        what, key, numbers.size());
  }
  for (size_t i = 0; i < joints; ++i) {
    const int to = joints == kBody25Count ? static_cast<int>(i) : kBody25OfCoco18[i];
    incomplete += PlaceJoint(&numbers[3 * i], to, found);
  }
  if (!more) return incomplete;
  for (const OpenPoseList& part : kHandsAndFace) {
    const std::string part_key = KeyOf(person, part.key, part.old_key);
    if (!person.contains(part_key) || person[part_key].is_null()) continue;
    const std::vector<double> listed = JsonNumbersOrNull(person, part_key, what);
    if (listed.empty()) continue;
    if (listed.size() != 3 * part.listed) {
      ThrowUserError("{}: key '{}': expected {} numbers ({} points x, y, confidence), found {}",
                     what, part_key, 3 * part.listed, part.listed, listed.size());
    }
    for (size_t i = 0; i < part.count; ++i) {
      incomplete += PlaceJoint(&listed[3 * (part.first + i)], static_cast<int>(part.to + i), found);
    }
  }
  return incomplete;
}

// The list of people, or a sentence on what the file is instead.
const json& PeopleOf(const json& root, const std::string& what) {
  constexpr const char* kExpected = "expected OpenPose's object with the list 'people'";
  if (root.is_array()) {
    const bool results = !root.empty() && root[0].is_object() && root[0].contains("image_id");
    ThrowUserError("{}: {}, found a list{}", what, kExpected,
                   results
                       ? " of results as COCO's detectors write it; it is read as --coco or coco:"
                       : "; a list of frames has to be a file for each");
  }
  if (!root.is_object()) ThrowUserError("{}: {}, found {}", what, kExpected, root.type_name());
  if (root.contains("people")) return JsonArray(root, "people", what);
  if (root.contains("annotations") && root.contains("images")) {
    ThrowUserError("{}: {}, found a file of COCO's; it is read as --coco or coco:", what,
                   kExpected);
  }
  ThrowUserError("{}: {}, found {}", what, kExpected, JsonKeyList(root));
}

// Whether persons of that set want hands and face.
bool WantsMore(const KeypointSet* set) {
  if (set == nullptr || set == &SpinJoints()) return false;
  const auto& joints = FindKeypointSet("openpose135").joints;
  return std::any_of(joints.begin() + kBody25Count, joints.end(),
                     [&](std::string_view joint) { return set->IndexOf(joint) >= 0; });
}

class FrameReader {
 public:
  FrameReader(const fs::path& path, const OpenPoseOptions& options)
      : more_(WantsMore(options.set)),
        file_set_(FindKeypointSet(more_ ? "openpose135" : "body25")),
        rows_(path, options, file_set_),
        tolerance_(options.left_out) {}

  // A frame nobody is known of.
  OpenPoseFrame Empty(const fs::path& file, const std::string& name, int64_t number) const {
    const std::string what = file.string();
    OpenPoseFrame frame{name, rows_.NewPerson(-1), {}};
    Person& nobody = frame.nobody;
    nobody.place = nobody.id = -1;
    nobody.frame = number;
    if (rows_.options().file_ids) nobody.source_file = what;
    rows_.SetPicture(PictureOf(name), what, &nobody);
    if (rows_.options().file_ids) nobody.image = name;
    return frame;
  }

  // With everybody in the file. Of a person that cannot be read nothing is observed.
  OpenPoseFrame Read(const fs::path& file, const std::string& name, int64_t number) {
    const std::string what = file.string();
    OpenPoseFrame frame = Empty(file, name, number);
    const json root = ParseJson(ReadFile(file, kMaxJsonBytes), what);
    const json& people = PeopleOf(root, what);
    if (people.empty()) tolerance_.CountRead();
    int64_t place = 0;
    for (const json& listed : people) {
      Person person = frame.nobody;
      person.index = row_++;
      person.id = rows_.options().file_ids ? place : person.index;
      person.place = place++;
      Keypoints found(file_set_);
      const bool read = tolerance_.Try(person.index, "people", [&] {
        person.non_finite =
            ReadKeypoints(listed, more_, fmt::format("{}: person {}", what, person.place), &found);
      });
      if (!read) found = Keypoints(file_set_);
      if (!rows_.SetKeypoints(found, &person)) continue;
      rows_.SetBoxAroundKeypoints(&person);
      rows_.Finish(&person);
      frame.people.push_back(std::move(person));
    }
    return frame;
  }

  // The same of one file among many: one that cannot be read is a frame without anybody.
  OpenPoseFrame ReadOrEmpty(const fs::path& file, const std::string& name, int64_t number) {
    try {
      return Read(file, name, number);
    } catch (const UserError& error) {
      tolerance_.LeaveOut({-1, "files", error.what()});
    }
    return Empty(file, name, number);
  }

  const Tolerance& tolerance() const { return tolerance_; }

 private:
  std::string PictureOf(const std::string& name) const {
    if (rows_.options().pictures != PicturePaths::kNamed) return name;
    std::error_code ignored;
    const bool is_png = fs::exists(rows_.options().images / (name + ".png"), ignored);
    return name + (is_png ? ".png" : ".jpg");
  }

  const bool more_;
  const KeypointSet& file_set_;
  const RowReader rows_;
  Tolerance tolerance_;
  int64_t row_ = 0;
};

// The files' NAMEs in a folder. What begins with a dot is some other program's.
constexpr std::string_view kEnding = "_keypoints.json";
std::vector<std::string> NamesIn(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.starts_with('.') || !name.ends_with(kEnding)) continue;
    names.push_back(name.substr(0, name.size() - kEnding.size()));
  }
  if (error) ThrowUserError("{}: cannot be listed: {}", folder.string(), error.message());
  if (names.empty()) {
    ThrowUserError("{}: holds no file named *{}; expected OpenPose's output folder",
                   folder.string(), kEnding);
  }
  return names;
}

}  // namespace

FrameNames OpenPoseFrameNames(const fs::path& folder) { return NumberFrames(NamesIn(folder)); }

void ForEachOpenPoseFrame(const fs::path& path, const OpenPoseOptions& options,
                          const std::function<void(OpenPoseFrame)>& sink) {
  FrameReader reader(path, options);
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) {
    std::string name = path.stem().string();
    for (const std::string_view suffix : {"_keypoints", "_openpose"}) {
      if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
    }
    sink(reader.Read(path, name, 0));
  } else {
    for (const auto& [name, number] : OpenPoseFrameNames(path).frames) {
      sink(reader.ReadOrEmpty(path / (name + std::string(kEnding)), name, number));
    }
  }
  reader.tolerance().CheckAny();
}

OpenPoseFrame MissingOpenPoseFrame(const fs::path& folder, const OpenPoseOptions& options,
                                   const std::string& name, int64_t number) {
  return FrameReader(folder, options).Empty(folder / (name + std::string(kEnding)), name, number);
}

void ReadOpenPose(const fs::path& path, const OpenPoseOptions& options, const PersonSink& sink) {
  ForEachOpenPoseFrame(path, options, [&](OpenPoseFrame frame) {
    for (Person& person : frame.people) sink(std::move(person));
  });
}

}  // namespace gyre
