// SPDX-License-Identifier: Apache-2.0
// People of a video's frames into a folder of OpenPose's files, one a frame.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <opencv2/core/mat.hpp>
#include <string>
#include <vector>

#include "loop/detection/people_finder.h"

namespace gyre {

struct VideoFrame {
  std::string name;  // of the file: NAME_keypoints.json
  cv::Mat picture;   // 8-bit BGR
};

struct VideoDetectTask {
  std::function<bool(VideoFrame*)> next;  // false behind the last frame
  int64_t frames = 0;                     // so many, about; 0: not known
  std::string input;                      // what the frames are of, to tell them from others'
  std::filesystem::path folder;           // is created
};

// Goes on where an earlier call for the same input ended. UserError when the folder holds anything
// else, or there is no frame.
void DetectVideo(const DetectOptions& options, const VideoDetectTask& task);

// OpenPose's object of a frame: "people" with "pose_keypoints_2d" of BODY_25.
nlohmann::ordered_json OpenPoseFrameOf(const std::vector<FoundPerson>& people);

// Pictures of a folder, not below it, by their names in the order of their numbers.
std::vector<std::filesystem::path> PictureFiles(const std::filesystem::path& folder);

}  // namespace gyre
