// SPDX-License-Identifier: Apache-2.0
// OpenPose's JSON: a folder of NAME_keypoints.json, one a frame, or one file.
//   people[].pose_keypoints_2d [25] x, y, confidence ("body25"; older: pose_keypoints); the
//   18-joint COCO model is refused, because its joints are others people[].face_keypoints_2d [70],
//   hand_left_keypoints_2d [21], hand_right_keypoints_2d [21]: read where the persons' set holds
//   such points ("openpose135", "coco_wholebody133"); empty lists and missing keys are not
//   observed; the two pupils are passed over
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "datasets/readers/row_reader.h"

namespace gyre {

using OpenPoseOptions = ReaderOptions;

// Every person a row (Person::index, from 0), Person::frame counts the files by name. A frame's
// picture is NAME.jpg or NAME.png in the folder of pictures.
void ReadOpenPose(const std::filesystem::path& path, const OpenPoseOptions& options,
                  const PersonSink& sink);

// The same frame by frame, with memory for one.
struct OpenPoseFrame {
  std::string name;  // NAME
  Person nobody;     // its file and picture, place and id -1
  std::vector<Person> people;
};
void ForEachOpenPoseFrame(const std::filesystem::path& path, const OpenPoseOptions& options,
                          const std::function<void(OpenPoseFrame)>& sink);

}  // namespace gyre
