// SPDX-License-Identifier: Apache-2.0
// Persons to fit, one after the other, from everything that `gyre fit` reads.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "datasets/dataset.h"
#include "datasets/dataset_spec.h"
#include "datasets/left_out.h"
#include "datasets/readers/picture_frames.h"
#include "fitting/fit_problem.h"
#include "person/person.h"

namespace gyre {

// Why a network says no body of somebody.
struct NoBody {
  std::string reason;  // a word: "no_box", ...
  std::string text;    // one sentence
};

// A person and the problem to solve for them, in the camera of the whole image.
struct FitInput {
  Person person;
  FitProblem problem;  // without a start unless its file brings one
  // Whether the size of the picture that the file tells is part of who this is (fit_identity.h).
  bool size_identifies = true;
  std::shared_ptr<const Dataset> made_pictures;  // where they are rendered; null: read from files
  std::optional<NoBody> no_body;                 // of the network that was asked (network_start.h)

  bool HasPicture() const { return made_pictures != nullptr || !person.image_path.empty(); }
};

// Without a start, in the person's camera or SPIN's.
FitInput InputOf(Person person);

// Hands every person to the sink, at each call the same in the same order; memory for one (and for
// the names of the images). UserError names what cannot be read.
using PersonSource = std::function<void(const std::function<void(FitInput)>& sink)>;

// A data set as `gyre fit --data` reads it: everybody whom its file lists, by the file's own names,
// where the specification says nothing else; so the rows are those of `--coco` and its like.
DatasetSpec FileAsItStands(DatasetSpec spec);

// Any data set: the persons that training would get, their boxes and cameras, SPIN's camera where
// they have none (f = 5000 px in the 224 px crop around the person, mapped to the whole image).
// Person::image_path is empty where there is no picture. `left_out` holds what the latest reading of
// the whole file could not take; may be null.
PersonSource DataSource(const DatasetSpec& spec, const SceneSources& sources,
                        const std::shared_ptr<LeftOutCounts>& left_out = nullptr);

// The data sets behind `gyre fit --openpose`, `--coco` and `--spin-npz`: all persons of the file,
// as it stands. `images` is a folder, one picture, or empty: then there are no pictures.
DatasetSpec OpenPoseSpec(const std::filesystem::path& path, const std::filesystem::path& images);
DatasetSpec CocoSpec(const std::filesystem::path& path, const std::filesystem::path& images);
DatasetSpec SpinSpec(const std::filesystem::path& path, const std::filesystem::path& images);

// How keypoints and pictures come together, where the specification does not say it itself.
DatasetSpec WithPictureOptions(DatasetSpec spec, const PictureOptions& options);

// Persons get the hands and the face that files of this kind hold, where the specification names no
// set.
DatasetSpec WithHandsAndFace(DatasetSpec spec);

// Where the kind of file allows it also people of whom it holds a box and no keypoints.
DatasetSpec WithBoxesAlone(DatasetSpec spec);

// Problem files, see fitting/problem_file.h; `start` names their starts, empty: none. Held whole.
// Their persons have an id alone.
PersonSource ProblemSource(const std::filesystem::path& path, const std::string& start);

// Which of the persons of an image are fitted.
struct PersonChoice {
  enum class Kind { kAll, kLargest, kOne } kind = Kind::kAll;
  int64_t person = 0;
  static PersonChoice Parse(const std::string& text);  // "all", "largest" or a number; UsageError
};
// kLargest: one of each picture, the most prominent (follow_person.h).
PersonSource Choose(PersonSource source, const PersonChoice& choice);

// One person (not kAll) in every frame of a folder of OpenPose's files, followed from frame to
// frame (follow_person.h); where a frame lacks that person or a number among the files' names is
// left out, one of whom nothing is observed, with place and id -1. Warns where it is not sure who
// is who.
PersonSource OpenPoseFrames(const std::filesystem::path& folder,
                            const std::filesystem::path& images, const PersonChoice& choice,
                            const PictureOptions& frame_options = {});

// Starts from bodies in an .npz, one row per person: pose [N,3J], betas [N,B], optional expression
// [N,E] and transl [N,3], of the layout's sizes. Warns where the file says that its rows are
// of others.
PersonSource WithStarts(PersonSource source, const std::filesystem::path& bodies,
                        const BodyLayout& layout = SmplLayout());

// The person as a network saw its training data: in the data set's box, or one around the keypoints
// where there is none, seen by the problem's camera, with the keypoints of `set`. Empty without a
// box.
std::optional<Person> PersonForNetwork(const FitInput& input, const KeypointSet& set);

}  // namespace gyre
