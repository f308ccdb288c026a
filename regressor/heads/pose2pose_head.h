// SPDX-License-Identifier: Apache-2.0
// Pose2Pose (Moon and Lee 2020): joints first, and rotations from the features at those joints.
//   places    a 1x1 convolution of the feature map to a volume for each joint of the uvd set, read
//             by soft-argmax
//   features  a 1x1 convolution to 512 channels, batch norm, ReLU; sampled where each joint is seen
//   rotations one layer from the features of all joints and their places in cells; the root's from
//             its own layer
//   shape, expression, camera: one layer each from the pooled feature
// Places are cut from the graph where they are sampled at and used, as published: rotations do not
// teach them. On ResNet-50 with body25 it has 3,186,181 parameters.
//
// A body is turned in parts, each with its own features and layers: the trunk and limbs; each hand
// from the joints of that hand; the jaw from the pooled feature. So a hand alone (MANO's layout, 21
// joints) is the published hand network with 2,459,317, and a face alone (FLAME's) the published
// face network with 71,715. What the paper leaves at rest is at rest here: SMPL's hands, eyes, and
// a face's neck.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>

#include <memory>
#include <string>
#include <vector>

#include "regressor/heads/head.h"
#include "regressor/heads/mean_params.h"

namespace gyre {

// A part of a body that is turned from its own features.
struct TurnedPart {
  std::string name;
  bool root = false;          // whether it turns the body's root too
  std::vector<int> joints;    // the other joints that it turns, of the layout
  std::vector<int64_t> seen;  // positions in the uvd set of the joints that it looks at
};
// The parts of a layout; a part without joints to look at sees the pooled feature alone.
std::vector<TurnedPart> TurnedPartsOf(const BodyLayout& layout, const KeypointSet& uvd_set);

class Pose2PoseHead : public Head {
 public:
  // `uvd_set` lives as long as the program.
  Pose2PoseHead(const NetworkOptions& options, const BodyLayout& layout, const MeanParams& mean,
                const KeypointSet& uvd_set, int64_t feature_size);

  // Rotations, betas, expression where there is one, camera, and uvd where it looks at joints. The
  // features' last map has `feature_size` channels.
  Output Regress(const Features& features) override;

  // The published camera: depth from a sigmoid, here as a weak perspective, whatever the focal
  // length: s = 2 / (c sigmoid(raw)), since the published depth is c f sigmoid(raw) / size;
  // `room_m` is c, 2.5 metres for bodies and 0.4 for a hand alone.
  static at::Tensor CameraFromRaw(const at::Tensor& raw, double room_m);

 private:
  class PositionNet;
  class RotationNet;

  const KeypointSet& uvd_set_;
  double depth_m_, room_m_;
  int64_t num_joints_;
  std::shared_ptr<PositionNet> position_net_;                // null where nothing is looked at
  std::vector<std::shared_ptr<RotationNet>> rotation_nets_;  // of the parts; the first also has
                                                             // shape and camera
};

// UserError without a body or without feature maps.
std::shared_ptr<Head> MakePose2PoseHead(const NetworkOptions& options,
                                        const NetworkSetting& setting, int64_t feature_size);

}  // namespace gyre
