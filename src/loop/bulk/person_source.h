// SPDX-License-Identifier: Apache-2.0
// Persons to fit, one after the other, from everything that `gyre fit` reads.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "datasets/dataset_spec.h"
#include "fitting/fit_problem.h"
#include "person/person.h"

namespace gyre {

// A person and the problem to solve for them, in the camera of the whole image.
struct FitInput {
  Person person;
  FitProblem problem;  // without a start unless its file brings one
};

// Hands every person to the sink, at each call the same in the same order; memory for one (and for
// the names of the images). UserError names what cannot be read.
using PersonSource = std::function<void(const std::function<void(FitInput)>& sink)>;

// Any data set: the persons that training would get, their boxes and cameras, SPIN's camera where
// they have none (f = 5000 px in the 224 px crop around the person, mapped to the whole image).
// Person::image_path is empty where there is no picture.
PersonSource DataSource(const DatasetSpec& spec, const SceneSources& sources);

// The data sets behind `gyre fit --openpose`, `--coco` and `--spin-npz`: all persons of the file,
// as it stands. `images` is a folder, one picture, or empty: then there are no pictures.
DatasetSpec OpenPoseSpec(const std::filesystem::path& path, const std::filesystem::path& images);
DatasetSpec CocoSpec(const std::filesystem::path& path, const std::filesystem::path& images);
DatasetSpec SpinSpec(const std::filesystem::path& path, const std::filesystem::path& images);

// Problem files, see fitting/problem_file.h; `start` names their starts, empty: none. Held whole.
// Their persons have an id alone.
PersonSource ProblemSource(const std::filesystem::path& path, const std::string& start);

// Which of the persons of an image are fitted.
struct PersonChoice {
  enum class Kind { kAll, kLargest, kOne } kind = Kind::kAll;
  int64_t person = 0;
  static PersonChoice Parse(const std::string& text);  // "all", "largest" or a number; UsageError
};
PersonSource Choose(PersonSource source, const PersonChoice& choice);

// One person (not kAll) in every frame of a folder of OpenPose's files; where a frame lacks that
// person, one of whom nothing is observed, with place and id -1.
PersonSource OpenPoseFrames(const std::filesystem::path& folder,
                            const std::filesystem::path& images, const PersonChoice& choice);

// Starts from bodies in an .npz, one row per person: pose [N,3J], betas [N,B], optional expression
// [N,E] and transl [N,3], of the layout's sizes.
PersonSource WithStarts(PersonSource source, const std::filesystem::path& bodies,
                        const BodyLayout& layout = SmplLayout());

// The camera of that focal length at the centre of the image, whose size is read from the picture
// where the keypoints' file does not say it. Without a size: a camera that the fitter refuses.
void SetImageCamera(double focal_px, FitInput* input);

// The person as a network saw its training data: in the data set's box, or one around the keypoints
// where there is none, seen by the problem's camera, with SPIN's 49. Empty without a box.
std::optional<Person> PersonForNetwork(const FitInput& input);

}  // namespace gyre
