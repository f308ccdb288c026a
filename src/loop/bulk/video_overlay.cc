// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/video_overlay.h"

#include <spdlog/spdlog.h>

#include <cmath>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/progress.h"
#include "datasets/person_picture.h"
#include "loop/bulk/fit_overlays.h"

namespace gyre {

cv::Mat PictureOfFrame(const Person& nobody) {
  if (nobody.image_path.empty()) return {};
  try {
    return LoadPersonPicture(nobody);
  } catch (const UserError& error) {
    spdlog::warn("{}; it is drawn on white", error.what());
    return {};
  }
}

void DrawVideo(const VideoOverlay& overlay, const TrackedVideo& video, const BodyModel& body,
               const Journal& journal, const FitRow& like) {
  Progress progress("drawing", "frames", video.num_frames());
  cv::Size size;  // of the video
  int64_t frame = 0;
  video.ForEachFrame([&](const Person& nobody) {
    const int64_t begin = video.RowsBefore(frame), end = video.RowsBefore(++frame);
    std::vector<FitRow> rows;
    for (const std::string& record : journal.Read(begin, end - begin)) {
      FitRow row = DecodeRow(record, like);
      if (row.params.values().allFinite()) rows.push_back(std::move(row));
    }
    cv::Mat picture = overlay.picture(nobody);
    if (picture.empty()) {
      if (size.empty()) {  // the camera looks through the middle
        const FitRow first = DecodeRow(journal.Read(0, 1)[0], like);
        size = {static_cast<int>(std::lround(2 * first.camera.center_px.x() + 1)),
                static_cast<int>(std::lround(2 * first.camera.center_px.y() + 1))};
      }
      picture = cv::Mat(size, CV_8UC3, cv::Scalar::all(255));
    }
    if (size.empty()) size = picture.size();
    if (picture.size() != size) {
      ThrowUserError("{}: is {} x {} pixels, the frames before it {} x {}; a video has one size",
                     nobody.image_path, picture.cols, picture.rows, size.width, size.height);
    }
    LargestLast(&rows);
    overlay.sink(DrawBodies(body, rows, picture));
    progress.Advance();
  });
  overlay.close();
}

}  // namespace gyre
