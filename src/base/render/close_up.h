// SPDX-License-Identifier: Apache-2.0
// The face and the hands of a person, which are small in a picture of all of it.
#pragma once

#include <functional>
#include <opencv2/core/mat.hpp>
#include <vector>

#include "body/body_layout.h"
#include "core/camera.h"
#include "core/types.h"

namespace gyre {

// Squares of a picture around a body's face (0.3 m), right hand and left hand (0.24 m each), of
// those that the body has, and whose middle is in the picture. `joints` [J,3] in the camera's
// frame, metres.
std::vector<Box> CloseUpBoxes(const BodyLayout& layout, const Points3& joints, const Camera& camera,
                              cv::Size picture);

// The squares enlarged, one below the other, on a third of height_px each. `draw` may draw on each
// what else there is: its square of the picture, and how many pixels it is wide.
cv::Mat CloseUpColumn(const cv::Mat& picture, const std::vector<Box>& boxes, int height_px,
                      const std::function<void(const Box& box, int size_px, cv::Mat* cut)>& draw);

// A square of a picture, enlarged to size_px; white beyond the picture's edges.
cv::Mat CutOut(const cv::Mat& picture, const Box& box, int size_px);
// What the same place and the same camera are there.
Points2 InCutOut(const Points2& px, const Box& box, int size_px);
Camera InCutOut(const Camera& camera, const Box& box, int size_px);

}  // namespace gyre
