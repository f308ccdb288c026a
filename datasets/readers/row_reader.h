// SPDX-License-Identifier: Apache-2.0
// What the readers of all formats share: what they are asked for, and how a row becomes a person.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "core/enum_names.h"
#include "person/crops.h"
#include "person/person.h"

namespace gyre {

// Where readers put the persons of their files, in file order.
using PersonSink = std::function<void(Person)>;

// What Person::image_path is.
enum class PicturePaths {
  kNamed,  // the path that the file names, below the folder of pictures, whatever is there
  // The picture that is there: its name may lack the extension, and the folder may be one picture,
  // everybody's. Empty where there is none.
  kFound,
  kNone,  // empty
};
template <>
struct EnumNames<PicturePaths> {
  static constexpr NameOf<PicturePaths> kAll[] = {{PicturePaths::kNamed, "named"},
                                                  {PicturePaths::kFound, "found"},
                                                  {PicturePaths::kNone, "none"}};
};

// The defaults are those of a data set to learn from. `gyre fit` takes a file as it stands: see
// loop/bulk/person_source.h.
struct ReaderOptions {
  std::string name;                        // Person::dataset
  const KeypointSet* set = &SpinJoints();  // keypoints are brought into it; null: the file's own
  int min_keypoints = 6;                   // of the set; persons with fewer are left out
  double box_margin = kBoxMargin;          // box side / longer side of the keypoints' bounds
  std::filesystem::path images;            // the folder of pictures
  PicturePaths pictures = PicturePaths::kNamed;
  // Person::id, image and source_file are the file's own (COCO's annotation id, the picture's name,
  // OpenPose's file of the frame); else the row, the picture's path and the data set's file.
  bool file_ids = false;
  // Numbers that cannot be stay, for the fitter to refuse the person; else LeaveOutImpossible.
  bool keep_impossible = false;
};

// dir / file, refused with a UserError (naming `what`) when `file` is empty, absolute or leads out
// of `dir`.
std::filesystem::path PathInFolder(const std::filesystem::path& dir, const std::string& file,
                                   const std::string& what);

class RowReader {
 public:
  // `file`: of the keypoints; `file_set`: what its rows of keypoints are.
  RowReader(const std::filesystem::path& file, const ReaderOptions& options,
            const KeypointSet& file_set);

  const ReaderOptions& options() const { return options_; }
  // The set that persons get.
  const KeypointSet& set() const { return *set_; }

  // Nothing is known yet but the row.
  Person NewPerson(int64_t row) const;
  // Sets image and image_path from the picture's name in the file. UserError names `what` when the
  // name leads out of the folder.
  void SetPicture(const std::string& name, const std::string& what, Person* person) const;
  // Brings keypoints of the file's set into the person's; false when too few of them are observed.
  bool SetKeypoints(const Keypoints& found, Person* person) const;
  void SetBoxAroundKeypoints(Person* person) const;
  // When everything is set.
  void Finish(Person* person) const;

 private:
  std::string file_;
  ReaderOptions options_;
  const KeypointSet* set_;
  KeypointConversion conversion_;
};

}  // namespace gyre
