// SPDX-License-Identifier: Apache-2.0
// Pictures without keypoints as data to learn from: `images:DIR` of gyre train's --data and --val.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "loop/detection/detect_people.h"

namespace gyre {

// Beside a run, where the keypoints of its pictures are kept: RUN.keypoints
std::filesystem::path DetectedFolder(const std::filesystem::path& run);

// Gives each `images:DIR` of the data sets `specs` that lacks keypoints= a file in `folder`, whose
// name only depends on DIR. What there is to find for these files. UserError when the folder's path
// holds signs that a data set's text takes for its own.
std::vector<DetectTask> NameDetected(const std::filesystem::path& folder, std::string* specs);

}  // namespace gyre
