// SPDX-License-Identifier: Apache-2.0
// Pictures of what the loop thinks of a sample.
#pragma once

#include <opencv2/core/mat.hpp>
#include <optional>

#include "body/body_model.h"
#include "datasets/dataset.h"

namespace gyre {

// The sample's box at `size_px`: its keypoints, then, where given, the network's body and the
// stored fit's, the last of these seen from its left side, and its face and hands enlarged where it has
// such joints. Bodies in the image's camera frame.
cv::Mat DrawSample(const BodyModel& body, const ImageBuffer& image, const Person& sample,
                   const std::optional<BodyParams>& prediction,
                   const std::optional<BodyParams>& fit, int size_px = 224);

}  // namespace gyre
