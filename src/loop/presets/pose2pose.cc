// SPDX-License-Identifier: Apache-2.0
#include "loop/presets/preset.h"

namespace gyre {

// Pose2Pose (Moon and Lee 2020) in the loop: its network, its losses as far as they are not those
// of one data set, its schedule without the two drops. See docs/systems.md.
Preset Pose2PosePreset() {
  return {"pose2pose", "joints first, rotations from the features at them", [] {
            TrainOptions o;
            o.network.head = "pose2pose";
            o.network.uvd_set = "body25";
            o.network.image_px = 256;
            o.loss.total = 1;
            o.loss.norm = LossNorm::kL1;
            o.loss.mean = LossMean::kObserved;
            o.loss.keypoints_2d = 1;
            o.loss.keypoints_3d = 1;
            o.loss.body_joints = 1;
            o.loss.pose = 1;
            o.loss.betas = 0.1;
            o.augment.rotation_zero_probability = 0.4;
            o.augment.gain_range = 0.2;
            o.learning_rate = 1e-4;
            o.gradient_clip = 100;
            o.batch_size = 48;
            return o;
          }};
}

}  // namespace gyre
