// SPDX-License-Identifier: Apache-2.0
#include "datasets/readers/openpose.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <system_error>

#include "core/error.h"
#include "core/file.h"
#include "io/json.h"

namespace gyre {
namespace fs = std::filesystem;

namespace {

using nlohmann::json;

constexpr uint64_t kMaxJsonBytes = uint64_t{1} << 30;
constexpr size_t kBody25Count = 25;
constexpr size_t kCoco18Count = 18;

// A key of a person, and which rows [first, first + count) of the file's list go to which place of
// "openpose135".
struct OpenPoseList {
  const char *key, *old_key;
  size_t listed;
  size_t first, count, to;
};
constexpr OpenPoseList kBody25 = {
    "pose_keypoints_2d", "pose_keypoints", kBody25Count, 0, kBody25Count, 0};
constexpr OpenPoseList kHandsAndFace[] = {
    {"hand_left_keypoints_2d", "hand_left_keypoints", 21, 0, 21, 25},
    {"hand_right_keypoints_2d", "hand_right_keypoints", 21, 0, 21, 46},
    {"face_keypoints_2d", "face_keypoints", 70, 17, 51, 67},  // without the outline
    {"face_keypoints_2d", "face_keypoints", 70, 0, 17, 118},  // the outline
};

std::string KeyOf(const json& person, const OpenPoseList& part) {
  const bool old =
      person.is_object() && !person.contains(part.key) && person.contains(part.old_key);
  return old ? part.old_key : part.key;
}

void Place(const std::vector<double>& numbers, const OpenPoseList& part, const std::string& key,
           const std::string& what, Keypoints* found) {
  for (size_t i = 0; i < part.count; ++i) {
    const double* v = &numbers[3 * (part.first + i)];
    if (v[2] < 0) ThrowUserError("{}: key '{}': a confidence is negative", what, key);
    const auto to = static_cast<Eigen::Index>(part.to + i);
    found->px.row(to) << v[0], v[1];
    found->confidence[to] = v[2];
  }
}

// `more`: also hands and face.
void ReadKeypoints(const json& person, bool more, const std::string& what, Keypoints* found) {
  const std::string key = KeyOf(person, kBody25);
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
  Place(numbers, kBody25, key, what, found);
  if (!more) return;
  for (const OpenPoseList& part : kHandsAndFace) {
    const std::string part_key = KeyOf(person, part);
    if (!person.contains(part_key)) continue;
    const std::vector<double> listed = JsonNumbers(person, part_key, what);
    if (listed.empty()) continue;
    if (listed.size() != 3 * part.listed) {
      ThrowUserError("{}: key '{}': expected {} numbers ({} points x, y, confidence), found {}",
                     what, part_key, 3 * part.listed, part.listed, listed.size());
    }
    Place(listed, part, part_key, what, found);
  }
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
        rows_(path, options, file_set_) {}

  OpenPoseFrame Read(const fs::path& file, const std::string& name, int64_t number) {
    const std::string what = file.string();
    OpenPoseFrame frame{name, rows_.NewPerson(-1), {}};
    Person& nobody = frame.nobody;
    nobody.place = -1;
    nobody.frame = number;
    if (rows_.options().file_ids) nobody.source_file = what;
    rows_.SetPicture(PictureOf(name), what, &nobody);
    if (rows_.options().file_ids) nobody.image = name;
    const json root = ParseJson(ReadFile(file, kMaxJsonBytes), what);
    int64_t place = 0;
    for (const json& listed : JsonArray(root, "people", what)) {
      Keypoints found(file_set_);
      ReadKeypoints(listed, more_, fmt::format("{}: person {}", what, place), &found);
      Person person = nobody;
      person.index = row_++;
      person.id = rows_.options().file_ids ? place : person.index;
      person.place = place++;
      if (!rows_.SetKeypoints(found, &person)) continue;
      rows_.SetBoxAroundKeypoints(&person);
      rows_.Finish(&person);
      frame.people.push_back(std::move(person));
    }
    return frame;
  }

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
  int64_t row_ = 0;
};

// The files' NAMEs in a folder, sorted.
constexpr std::string_view kEnding = "_keypoints.json";
std::vector<std::string> FrameNames(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.ends_with(kEnding)) names.push_back(name.substr(0, name.size() - kEnding.size()));
  }
  if (error) ThrowUserError("{}: cannot be listed: {}", folder.string(), error.message());
  if (names.empty()) {
    ThrowUserError("{}: holds no file named *{}; expected OpenPose's output folder",
                   folder.string(), kEnding);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

void ForEachOpenPoseFrame(const fs::path& path, const OpenPoseOptions& options,
                          const std::function<void(OpenPoseFrame)>& sink) {
  FrameReader reader(path, options);
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) {
    std::string name = path.stem().string();
    for (const std::string_view suffix : {"_keypoints", "_openpose"}) {
      if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
    }
    return sink(reader.Read(path, name, 0));
  }
  int64_t number = 0;
  for (const std::string& name : FrameNames(path)) {
    sink(reader.Read(path / (name + std::string(kEnding)), name, number++));
  }
}

void ReadOpenPose(const fs::path& path, const OpenPoseOptions& options, const PersonSink& sink) {
  ForEachOpenPoseFrame(path, options, [&](OpenPoseFrame frame) {
    for (Person& person : frame.people) sink(std::move(person));
  });
}

}  // namespace gyre
