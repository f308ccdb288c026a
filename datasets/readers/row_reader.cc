// SPDX-License-Identifier: Apache-2.0
#include "datasets/readers/row_reader.h"

#include <algorithm>
#include <system_error>

#include "core/error.h"

namespace gyre {
namespace fs = std::filesystem;

namespace {

fs::path FindPicture(const fs::path& images, const std::string& name, const std::string& what) {
  if (images.empty()) return {};
  if (!fs::exists(images)) {
    ThrowUserError("{}: there is no such picture or folder (--images)", images.string());
  }
  if (!fs::is_directory(images)) return images;
  if (name.empty()) return {};
  const fs::path picture = PathInFolder(images, name, what);
  std::error_code ignored;
  for (const char* extension : {"", ".jpg", ".jpeg", ".png", ".JPG", ".JPEG", ".PNG"}) {
    const fs::path path = picture.string() + extension;
    if (fs::is_regular_file(path, ignored)) return path;
  }
  return {};
}

}  // namespace

fs::path PathInFolder(const fs::path& dir, const std::string& file, const std::string& what) {
  const fs::path relative = fs::path(file).lexically_normal();
  const bool leaves = relative.empty() || relative == "." || relative.is_absolute() ||
                      *relative.begin() == ".." || file.find('\0') != std::string::npos;
  if (leaves) {
    ThrowUserError("{}: the picture's name '{}' must be a path below the picture folder", what,
                   file);
  }
  return dir / relative;
}

RowReader::RowReader(const fs::path& file, const ReaderOptions& options,
                     const KeypointSet& file_set)
    : file_(file.string()),
      options_(options),
      set_(options.set != nullptr ? options.set : &file_set),
      conversion_(file_set, *set_) {}

Person RowReader::NewPerson(int64_t row) const {
  Person person;
  person.dataset = options_.name;
  person.index = person.id = row;
  person.source_file = file_;
  person.keypoints = Keypoints(*set_);
  return person;
}

void RowReader::SetPicture(const std::string& name, const std::string& what, Person* person) const {
  const bool path_needed = !options_.file_ids || options_.pictures == PicturePaths::kNamed;
  const std::string path =
      path_needed ? PathInFolder(options_.images, name, what).string() : std::string();
  person->image = options_.file_ids ? name : path;
  switch (options_.pictures) {
    case PicturePaths::kNamed:
      person->image_path = path;
      break;
    case PicturePaths::kFound:
      person->image_path = FindPicture(options_.images, name, what).string();
      break;
    case PicturePaths::kNone:
      break;
  }
}

bool RowReader::SetKeypoints(const Keypoints& found, Person* person) const {
  person->keypoints = conversion_(found);
  if (options_.keep_impossible) {
    // What stands beyond 1 counts as 1 all the same.
    person->keypoints.confidence = person->keypoints.confidence.cwiseMin(1.0);
  } else {
    LeaveOutImpossible(person);
  }
  return person->keypoints.NumObserved() >= options_.min_keypoints;
}

void RowReader::SetBoxAroundKeypoints(Person* person) const {
  const Keypoints& keypoints = person->keypoints;
  if (const auto box = BoxAroundPoints(keypoints.px, keypoints.confidence, options_.box_margin)) {
    person->box = *box;
  }
}

void RowReader::Finish(Person* person) const {
  if (!options_.keep_impossible) LeaveOutImpossible(person);
}

}  // namespace gyre
