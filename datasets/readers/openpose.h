// SPDX-License-Identifier: Apache-2.0
// OpenPose's JSON: a folder of NAME_keypoints.json, one a frame, or one file.
//   people[].pose_keypoints_2d [25] x, y, confidence ("body25"; older files: pose_keypoints), or
//   [18] of the COCO model, which is brought into BODY_25 people[].face_keypoints_2d [70],
//   hand_left_keypoints_2d [21], hand_right_keypoints_2d [21]: read where the persons' set holds
//   such points ("openpose135", "coco_wholebody133"); empty lists and missing keys are not
//   observed; the two pupils are passed over
//
// A joint with null or with a confidence below 0 is not observed. Of a person that cannot be read
// nothing is observed, a file that cannot be read is a frame without anybody: both are told through
// ReaderOptions::left_out. UserError when nothing at all can be read.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "datasets/readers/frame_names.h"
#include "datasets/readers/row_reader.h"

namespace gyre {

using OpenPoseOptions = ReaderOptions;

// Every person a row (Person::index, from 0), Person::frame counts the frames by the numbers in the
// files' names (frame_names.h). A frame's picture is NAME.jpg or NAME.png in the folder of
// pictures.
void ReadOpenPose(const std::filesystem::path& path, const OpenPoseOptions& options,
                  const PersonSink& sink);

// The same frame by frame, with memory for one. Frames without a file are left out.
struct OpenPoseFrame {
  std::string name;  // NAME
  Person nobody;     // its file and picture, place and id -1
  std::vector<Person> people;
};
void ForEachOpenPoseFrame(const std::filesystem::path& path, const OpenPoseOptions& options,
                          const std::function<void(OpenPoseFrame)>& sink);

// The frames of a folder; names beginning with a dot are passed over.
FrameNames OpenPoseFrameNames(const std::filesystem::path& folder);
// What a frame without a file would be: without anybody.
OpenPoseFrame MissingOpenPoseFrame(const std::filesystem::path& folder,
                                   const OpenPoseOptions& options, const std::string& name,
                                   int64_t number);

}  // namespace gyre
