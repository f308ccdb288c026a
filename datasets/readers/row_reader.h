// SPDX-License-Identifier: Apache-2.0
// What the readers of all formats share: what they are asked for, and how a row becomes a person.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "body/body_identity.h"
#include "core/enum_names.h"
#include "datasets/left_out.h"
#include "datasets/readers/picture_frames.h"
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
  PictureOptions frame;
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
  LeftOutSink left_out;  // is told of what cannot be read; empty: nobody is
  // Is told of which body the file says that its true bodies are; empty: nobody is.
  std::function<void(const BodyIdentity&)> truth_body;
};

// dir / file, refused with a UserError (naming `what`, and ending in `hint`) when `file` is empty,
// absolute or leads out of `dir`.
std::filesystem::path PathInFolder(const std::filesystem::path& dir, const std::string& file,
                                   const std::string& what, std::string_view hint = {});

// Takes x, y, confidence of a joint to its row in a set (-1: nowhere). Not observed: no confidence,
// or one below 0, which programs write for joints that are missing, or three times NaN (null in
// JSON). Beyond 1 it is 1. Returns whether a number is NaN that counts.
bool PlaceJoint(const double* xyc, int to, Keypoints* keypoints);

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
  // Sets image and image_path from the picture's name in the file. A name that is absolute or leads
  // out of the folder means the picture in it that ends alike (picture_lookup.h); UserError names
  // `what` when there is none.
  void SetPicture(const std::string& name, const std::string& what, Person* person) const;
  // Brings keypoints of the file's set into the person's; false when too few of them are observed.
  bool SetKeypoints(const Keypoints& found, Person* person) const;
  void SetBoxAroundKeypoints(Person* person) const;
  // The box that the file says, brought to where the keypoints are.
  void SetBox(const Box& box, Person* person) const;
  // When everything is set.
  void Finish(Person* person) const;

 private:
  std::string file_;
  ReaderOptions options_;
  const KeypointSet* set_;
  KeypointConversion conversion_;
  PictureFrames frames_;
};

}  // namespace gyre
