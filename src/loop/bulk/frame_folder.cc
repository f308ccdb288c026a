// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/frame_folder.h"

#include <spdlog/spdlog.h>

#include <string>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/printable.h"
#include "datasets/left_out.h"

namespace gyre {

namespace fs = std::filesystem;

FrameFolder::FrameFolder(fs::path folder, const fs::path& images, const PictureOptions& pictures)
    : folder_(std::move(folder)) {
  options_.name = "openpose";
  options_.frame = pictures;
  options_.min_keypoints = 0;
  options_.file_ids = options_.keep_impossible = true;
  options_.images = images;
  options_.pictures = images.empty() ? PicturePaths::kNone : PicturePaths::kFound;
}

void FrameFolder::CheckNames() {
  std::error_code ignored;
  if (!fs::is_directory(folder_, ignored)) return;
  names_ = OpenPoseFrameNames(folder_);
  const auto& frames = names_.frames;
  if (!names_.one_video) {
    ThrowUserError(
        "{}: the names are not those of one video's frames, a number that goes up and nothing "
        "else; give each video a folder of its own ('{}' to '{}')",
        folder_.string(), frames.front().name, frames.back().name);
  }
  constexpr int64_t kLongestGap = 10'000;
  int64_t missing = 0;
  std::string first_missing;
  for (size_t i = 1; i < frames.size(); ++i) {
    const int64_t gap = frames[i].frame - frames[i - 1].frame - 1;
    if (gap > kLongestGap) {
      ThrowUserError(
          "{}: {} frames are missing between '{}' and '{}', too many to bridge; give the parts "
          "of the video a folder each",
          folder_.string(), gap, frames[i - 1].name, frames[i].name);
    }
    if (gap > 0 && missing == 0) first_missing = names_.NameAfter(i - 1, 1);
    missing += gap;
  }
  if (missing == 0) return;
  spdlog::warn("{}: {} frames have no file, the first '{}'; they count as frames without anybody",
               folder_.string(), missing, Printable(first_missing));
}

OpenPoseFrame FrameFolder::Missing(size_t i, int64_t frame) const {
  const std::string name = names_.NameAfter(i, frame - names_.frames[i].frame);
  return MissingOpenPoseFrame(folder_, options_, name, frame);
}

void FrameFolder::ForEach(const std::function<void(OpenPoseFrame)>& sink, bool tell) const {
  OpenPoseOptions options = options_;
  LeftOutCounts left_out;
  if (tell) options.left_out = [&](const LeftOut& one) { left_out.Add(one); };
  size_t i = 0;
  int64_t next = 0;
  ForEachOpenPoseFrame(folder_, options, [&](OpenPoseFrame frame) {
    for (; next < frame.nobody.frame; ++next) sink(Missing(i - 1, next));
    ++next;
    ++i;
    sink(std::move(frame));
  });
  if (tell) left_out.Tell("openpose:" + folder_.string(), folder_.string());
}

}  // namespace gyre
