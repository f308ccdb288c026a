// SPDX-License-Identifier: Apache-2.0
// Persons to fit, one after the other, from everything that `gyre fit` reads.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "datasets/dataset_spec.h"
#include "fitting/fit_problem.h"

namespace gyre {

// One person: a problem in the camera of its whole image, and where it came from.
struct FitInput {
  FitProblem problem;       // without a start unless its file brings one
  std::string source_file;  // the file of keypoints, or the data set
  int64_t person = 0;       // its place among the image's persons, from 0
  int64_t id = 0;           // the file's own number for it (COCO's annotation id), or its row
  std::string image;        // the image's name as the file says it; empty when unknown
  std::filesystem::path image_path;  // empty when there is none to draw on
  int image_width = 0;               // px; 0 when unknown
  int image_height = 0;
  double box_side_px = 0;  // the person's size in the image; 0 when nothing is observed
};

// Hands every person to the sink, at each call the same in the same order; memory for one (and for
// the names of the images). UserError names what cannot be read.
using PersonSource = std::function<void(const std::function<void(FitInput)>& sink)>;

// The sources below give SPIN's camera unless a file has a better one: f = 5000 px in the 224 px
// crop around the person, mapped to the whole image. `images` is a folder, one picture, or empty.

// OpenPose's BODY_25 JSON, one file or a folder of NAME_keypoints.json.
PersonSource OpenPoseSource(const std::filesystem::path& path, const std::filesystem::path& images);
PersonSource CocoSource(const std::filesystem::path& path, const std::filesystem::path& images);
// SPIN's data files: the box is the file's own, and the camera too where it has one.
PersonSource SpinSource(const std::filesystem::path& path, const std::filesystem::path& images);
// Any data set, see datasets/dataset_spec.h: the samples that training would get, their boxes and
// cameras.
PersonSource DataSource(const std::string& spec, const SceneSources& sources);
// Problem files, see fitting/problem_file.h; `start` names their starts, empty: none. Held whole.
PersonSource ProblemSource(const std::filesystem::path& path, const std::string& start);

// Which of the persons of an image are fitted.
struct PersonChoice {
  enum class Kind { kAll, kLargest, kOne } kind = Kind::kAll;
  int64_t person = 0;
  static PersonChoice Parse(const std::string& text);  // "all", "largest" or a number; UsageError
};
PersonSource Choose(PersonSource source, const PersonChoice& choice);

// One person (not kAll) in every frame of a folder of OpenPose's files; where a frame lacks that
// person, one of whom nothing is observed, with person and id -1.
PersonSource OpenPoseFrames(const std::filesystem::path& folder,
                            const std::filesystem::path& images, const PersonChoice& choice);

// Starts from bodies in an .npz, one row per person: pose [N,72], betas [N,10], optional transl
// [N,3].
PersonSource WithStarts(PersonSource source, const std::filesystem::path& bodies);

// The camera of that focal length at the centre of the image, whose size is read from the picture
// where the keypoints' file does not say it. Without a size: a camera that the fitter refuses.
void SetImageCamera(double focal_px, FitInput* input);

}  // namespace gyre
