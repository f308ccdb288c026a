// SPDX-License-Identifier: Apache-2.0
#include "loop/presets/preset.h"

namespace gyre {

// IKOL (Zhang et al. 2023) in the loop: its network, its losses as far as they are not those of one
// data set, and inverse kinematics by least squares with the implicit gradient. The published layer
// is --network.ik.method ikol --network.ik.backward unrolled --network.ik.damping 0.1
// --network.ik.steps 5. See docs/systems.md.
Preset IkolPreset() {
  return {"ikol", "joints first, rotations from them by a solver that gradients pass", [] {
            TrainOptions o;
            o.network.head = "ik";
            o.network.backbone = Backbone::kResNet34;
            o.network.ik.branches = IkBranches::kMain;  // the twists are said
            o.network.uvd_set = "smpl24";
            o.network.volume_depths = "64";
            o.network.image_px = 256;
            o.loss.total = 1;
            o.loss.norm = LossNorm::kL1;
            o.loss.mean = LossMean::kObserved;
            o.loss.uvd = 5;
            o.loss.keypoints_2d = 1;
            o.loss.keypoints_3d = 1;
            o.loss.pose = 1;
            o.loss.betas = 0.1;
            o.loss.twist = 0.1;
            o.loss.camera = 0;  // its scale is found, and positive
            o.augment.rotation_zero_probability = 0.4;
            o.augment.gain_range = 0.2;
            o.learning_rate = 1e-3;
            o.gradient_clip = 10;
            o.batch_size = 24;
            return o;
          }};
}

}  // namespace gyre
