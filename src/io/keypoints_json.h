// SPDX-License-Identifier: Apache-2.0
// 2D keypoints of persons as OpenPose and COCO write them in JSON. Pixels of the image as stored,
// in the file's own joint order; confidence in [0, 1] or as the detector gave it, 0 = not seen.
// Sources: OpenPose's output documentation; COCO's data format (keypoint detection).
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/types.h"

namespace gyre {

struct KeypointPerson {
  std::string skeleton;  // "body25" or "coco17": which keypoint set the rows are
  Points3 keypoints;     // [25 or 17, 3]: x px, y px, confidence
  std::string image;     // COCO: file_name. OpenPose: empty, the file does not say
  int width = 0;         // of the image, 0 if unknown
  int height = 0;
  int64_t id = 0;      // COCO: annotation id. OpenPose: the person's place in the file
  bool crowd = false;  // COCO's iscrowd: a group that was not separated
  std::optional<Eigen::Vector4d> bbox;  // x, y (upper left), width, height, px
};

// OpenPose BODY_25: people[].pose_keypoints_2d (older: pose_keypoints). UserError names the person
// and key; the 18-joint COCO model is refused, because its joints are others.
std::vector<KeypointPerson> ReadOpenPoseJson(const std::filesystem::path& path);
std::vector<KeypointPerson> ParseOpenPoseJson(std::string_view content, const std::string& what);

// One frame of a folder of NAME_keypoints.json files.
struct OpenPoseFrame {
  std::string name;  // NAME: the image's file name without its extension
  std::filesystem::path file;
  std::vector<KeypointPerson> people;
};
// Sorted by name, with memory for one. UserError when there is no such file.
void ForEachOpenPoseFrame(const std::filesystem::path& folder,
                          const std::function<void(const OpenPoseFrame&)>& sink);

// COCO person_keypoints annotations, in file order, with memory for one and for the names of all
// images. A flag v > 0 becomes confidence 1 (2 visible, 1 hidden but placed), v = 0 confidence 0.
// Persons without any keypoint are kept.
void ForEachCocoPerson(const std::filesystem::path& path,
                       const std::function<void(KeypointPerson)>& sink);

}  // namespace gyre
