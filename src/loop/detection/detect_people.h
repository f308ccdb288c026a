// SPDX-License-Identifier: Apache-2.0
// What `gyre detect` does: people of many pictures into one file of COCO keypoints.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "loop/detection/people_finder.h"

namespace gyre {

struct DetectTask {
  std::filesystem::path images;  // a picture, or a folder of them and of folders
  std::filesystem::path boxes;   // COCO annotations with "bbox": one person each; empty: anybody
  std::filesystem::path masks;  // folder for a PNG a person, named as the picture with _N; or empty
  std::filesystem::path out;    // COCO JSON
  bool reuse = false;           // leave `out` as it is where it holds the same search's people
};

struct DetectSummary {
  int64_t pictures = 0, people = 0;
  int64_t unreadable = 0;  // pictures passed over, each with a warning
};

// Writes COCO's lists "images", "annotations" and "categories". An annotation has "keypoints"
// (coco17) and "foot_kpts" (six, as COCO-WholeBody has them; the small toes are unknown) as x, y,
// confidence in [0,1], "score", "bbox" around the keypoints, and with `boxes` the "id" of the box
// that it answers, in their order. Pictures are turned upright as EXIF says, unless the sizes
// beside the boxes are those of the pictures as stored. UserError when nothing can be read or
// written.
DetectSummary DetectPeople(const DetectOptions& options, const DetectTask& task);

// One of those annotations. Its box counts the picture from the first pixel's edge, as COCO does;
// keypoints from its centre.
nlohmann::ordered_json AnnotationOf(const FoundPerson& person, int64_t id, int64_t image_id);

}  // namespace gyre
