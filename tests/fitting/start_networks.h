// SPDX-License-Identifier: Apache-2.0
// Start networks made by hand.
#pragma once

#include "core/so3.h"
#include "fitting/start_network.h"

namespace gyre {

// Says these rotations of `joints` of anybody.
inline StartNetwork ConstantNetwork(std::vector<std::string> keypoints,
                                    std::vector<std::string> joints,
                                    const std::vector<Mat3>& rotations) {
  StartNetwork::Parts parts;
  const auto inputs = 3 * std::ssize(keypoints) + 2, out = 6 * std::ssize(joints);
  parts.keypoints = std::move(keypoints);
  parts.joints = std::move(joints);
  parts.enter = {StartNetwork::Matrix::Zero(3, inputs), StartNetwork::Vector::Zero(3)};
  parts.leave = {StartNetwork::Matrix::Zero(out, 3), StartNetwork::Vector::Zero(out)};
  for (size_t k = 0; k < rotations.size(); ++k) {
    parts.leave.bias.segment<6>(6 * static_cast<Eigen::Index>(k)) =
        SixDFromRotation(rotations[k]).cast<float>();
  }
  return StartNetwork(std::move(parts), "a constant network");
}

}  // namespace gyre
