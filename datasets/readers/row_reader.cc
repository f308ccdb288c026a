// SPDX-License-Identifier: Apache-2.0
#include "datasets/readers/row_reader.h"

#include <algorithm>
#include <system_error>

#include "core/error.h"
#include "datasets/picture_lookup.h"

namespace gyre {
namespace fs = std::filesystem;

namespace {

// The path of a picture below the folder, also where its name is another machine's.
fs::path PicturePath(const fs::path& images, const std::string& name, const std::string& what) {
  fs::path found = FindPictureOfElsewhere(images, name);
  if (!found.empty()) return found;
  return PathInFolder(images, name, what, ", or end like that of one there");
}

fs::path FindPicture(const fs::path& images, const std::string& name, const std::string& what) {
  if (images.empty()) return {};
  if (!fs::exists(images)) {
    ThrowUserError("{}: there is no such picture or folder (--images)", images.string());
  }
  if (!fs::is_directory(images)) return images;
  if (name.empty()) return {};
  return FindPictureFile(PicturePath(images, name, what));
}

}  // namespace

fs::path PathInFolder(const fs::path& dir, const std::string& file, const std::string& what,
                      std::string_view hint) {
  const fs::path relative = fs::path(file).lexically_normal();
  const bool leaves = relative.empty() || relative == "." || relative.is_absolute() ||
                      *relative.begin() == ".." || file.find('\0') != std::string::npos;
  if (leaves) {
    ThrowUserError("{}: the picture's name '{}' must be a path below the picture folder{}", what,
                   file, hint);
  }
  return dir / relative;
}

bool PlaceJoint(const double* xyc, int to, Keypoints* keypoints) {
  if (xyc[2] <= 0 || to < 0) return false;
  const Vec3 joint(xyc[0], xyc[1], xyc[2]);
  if (joint.hasNaN()) return !joint.array().isNaN().all();
  keypoints->px.row(to) = joint.head<2>().transpose();
  keypoints->confidence[to] = std::min(joint.z(), 1.0);
  return false;
}

RowReader::RowReader(const fs::path& file, const ReaderOptions& options,
                     const KeypointSet& file_set)
    : file_(file.string()),
      options_(options),
      set_(options.set != nullptr ? options.set : &file_set),
      conversion_(file_set, *set_),
      frames_(options.frame, file_) {}

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
      path_needed ? PicturePath(options_.images, name, what).string() : std::string();
  person->image = options_.file_ids ? name : path;
  person->image_name = name;
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
  frames_.Apply(person);
  LeaveOutStray(person);
  if (options_.keep_impossible) {
    // What stands beyond 1 counts as 1 all the same.
    person->keypoints.confidence = person->keypoints.confidence.cwiseMin(1.0);
  } else {
    LeaveOutImpossible(person);
  }
  const int observed = person->keypoints.NumObserved();
  if (observed >= options_.min_keypoints) return true;
  if (options_.left_out) {
    options_.left_out(
        {person->index, fmt::format("people with fewer than {} keypoints", options_.min_keypoints),
         fmt::format("{}: row {} has {} keypoints of {}, min_keypoints= says how many "
                     "there must be",
                     file_, person->index, observed, set_->name),
         /*wrong=*/false});
  }
  return false;
}

void RowReader::SetBoxAroundKeypoints(Person* person) const {
  const Keypoints& keypoints = person->keypoints;
  if (const auto box = BoxAroundPoints(keypoints.px, keypoints.confidence, options_.box_margin)) {
    person->box = *box;
  }
}

void RowReader::SetBox(const Box& box, Person* person) const {
  person->box = frames_.Applied(*person, box);
}

void RowReader::Finish(Person* person) const {
  frames_.SetCamera(person);
  if (!options_.keep_impossible) LeaveOutImpossible(person);
}

}  // namespace gyre
