// SPDX-License-Identifier: Apache-2.0
// A video as a folder of OpenPose's files, one a frame; frames whose number is left out among the
// files' names are frames without anybody.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "datasets/readers/openpose.h"

namespace gyre {

class FrameFolder {
 public:
  // `images`: folder of pictures, one picture for all frames, or empty.
  FrameFolder(std::filesystem::path folder, const std::filesystem::path& images,
              const PictureOptions& pictures);

  // UserError when the files' names are not those of one video's frames. Warns of missing ones.
  void CheckNames();

  // Every frame from the first to the last, numbered from 0. After CheckNames. `tell`: warns of
  // what cannot be read.
  void ForEach(const std::function<void(OpenPoseFrame)>& sink, bool tell = false) const;

  const std::filesystem::path& folder() const { return folder_; }

 private:
  // In place of a frame behind frames[i] that has no file.
  OpenPoseFrame Missing(size_t i, int64_t frame) const;

  std::filesystem::path folder_;
  OpenPoseOptions options_;
  FrameNames names_;
};

}  // namespace gyre
