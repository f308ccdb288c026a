// SPDX-License-Identifier: Apache-2.0
// Persons to fit, read from the keypoint files that `gyre fit` takes.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fitting/fit_problem.h"

namespace gyre {

// One person: a problem in the camera of its whole image, and where it came from.
struct FitInput {
  FitProblem problem;       // without a start unless its file brings one
  std::string source_file;  // the file of keypoints
  int64_t person = 0;       // its place among the image's persons, from 0
  int64_t id = 0;           // the file's own number for it (COCO's annotation id), or its row
  std::string image;        // the image's name as the file says it; empty when unknown
  std::filesystem::path image_path;  // empty when there is none to draw on
  double box_side_px = 0;            // the person's size in the image; 0 when nothing is observed
};

// Which of the persons of an image are fitted.
struct PersonChoice {
  enum class Kind { kAll, kLargest, kOne } kind = Kind::kAll;
  int64_t person = 0;
  static PersonChoice Parse(const std::string& text);  // "all", "largest" or a number; UsageError
};

// `images` is a folder, one picture, or empty. `focal_px` 0: SPIN's camera, f = 5000 px in the 224
// px crop around the person, mapped to the whole image; otherwise the principal point is the
// image's centre, so the image's size must be known.
struct FitInputOptions {
  std::filesystem::path images;
  double focal_px = 0;
};

// OpenPose's BODY_25 JSON, one file or a folder of NAME_keypoints.json.
std::vector<FitInput> ReadOpenPoseInputs(const std::filesystem::path& path,
                                         const FitInputOptions& options);
std::vector<FitInput> ReadCocoInputs(const std::filesystem::path& path,
                                     const FitInputOptions& options);
// SPIN's data files: the box is the file's own.
std::vector<FitInput> ReadSpinInputs(const std::filesystem::path& path,
                                     const FitInputOptions& options);
// Problem files, see fitting/problem_file.h; `start` names their starts, empty: none.
std::vector<FitInput> ReadProblemInputs(const std::filesystem::path& path,
                                        const std::string& start);

std::vector<FitInput> Choose(std::vector<FitInput> inputs, const PersonChoice& choice);

}  // namespace gyre
