// SPDX-License-Identifier: Apache-2.0
// Persons as programs list them joint by joint, written as COCO writes them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace gyre {

// Whether `keypoints` is no list of numbers but of joints, or has lists of x and of y.
bool ListsJoints(const nlohmann::json& person);

// The same person with `keypoints` as x, y and a third number of each joint, and with `bbox` and
// `score`:
//   keypoints [[x, y, c], ...]                                 ViTPose and others
//   keypoints [[x, y], ...], keypoint_scores or scores [c, ...],
//     bbox [[x0, y0, x1, y1]], bbox_score                      MMPose
//   keypoints {"x": [...], "y": [...], "visible": [...]}, confidence    Ultralytics
// Where there is no third number it is 1. UserError names `what` when the lists do not fit.
nlohmann::json WithNumbers(const nlohmann::json& person, const std::string& what);

}  // namespace gyre
