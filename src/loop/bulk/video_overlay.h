// SPDX-License-Identifier: Apache-2.0
// A fitted video with the bodies drawn over it, frame by frame.
#pragma once

#include <functional>
#include <opencv2/core/mat.hpp>

#include "body/body_model.h"
#include "io/journal.h"
#include "loop/bulk/fit_rows.h"
#include "loop/bulk/tracked_video.h"

namespace gyre {

struct VideoOverlay {
  // The picture of the next frame, of which `nobody` says where it is; empty: there is none, and a
  // white one stands in.
  std::function<cv::Mat(const Person& nobody)> picture;
  // Takes frame after frame, 8-bit BGR.
  std::function<void(const cv::Mat&)> sink;
  std::function<void()> close;  // behind the last
};

// The picture that the frame's folder of pictures has; empty where it has none. Warns of one that
// cannot be read.
cv::Mat PictureOfFrame(const Person& nobody);

// All frames, those without anybody too. Bodies of the motion through a gap are faint. `like`: see
// DecodeRow.
void DrawVideo(const VideoOverlay& overlay, const TrackedVideo& video, const BodyModel& body,
               const Journal& journal, const FitRow& like);

}  // namespace gyre
