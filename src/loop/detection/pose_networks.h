// SPDX-License-Identifier: Apache-2.0
// The free networks that find bodies in pictures and their landmarks (detector_files.h). Batches of
// squares of pictures in, numbers out.
#pragma once

#include <filesystem>
#include <opencv2/core/mat.hpp>
#include <string>
#include <vector>

#include "core/types.h"
#include "regressor/pose_anchors.h"
#include "regressor/tflite_network.h"

namespace gyre {

inline constexpr int kNumBlazePoints = 33;

// What the network of landmarks says of one square.
struct Landmarks {
  double presence = 0;                              // in [0,1]: that there is a body
  Points2 places;                                   // [33,2] in [0,1] x [0,1] of the square
  VecX visibility;                                  // [33] in [0,1]
  Points3 world_m;                                  // [33,3] metres around the hips' middle, y down
  Vec2 hips = Vec2::Zero(), circle = Vec2::Zero();  // for the next region
  cv::Mat mask;  // [S,S] 8-bit, 255: surely this body; empty unless it was asked for
};

class PoseNetworks {
 public:
  // `folder` as in FindDetectorFolder; `model`: lite, full or heavy. UserError when a file is not
  // there or is another network.
  PoseNetworks(const std::string& folder, const std::string& model);

  // 8-bit BGR squares of kDetectorPx.
  std::vector<std::vector<BodyDetection>> Detect(const std::vector<cv::Mat>& squares,
                                                 double min_score);
  // 8-bit BGR squares of landmarks_px().
  std::vector<Landmarks> FindLandmarks(const std::vector<cv::Mat>& squares, bool masks);
  int landmarks_px() const { return landmarks_->height(); }

 private:
  TfliteNetwork detector_, landmarks_;
};

// Moves each place to the middle of the heat around it: heat [N] maps of side x side logits, a
// window of 7 cells; where none of it is surely warm, the place stays.
void RefineByHeat(std::span<const float> heat, int side, Points2* places);

}  // namespace gyre
