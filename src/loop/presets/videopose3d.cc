// SPDX-License-Identifier: Apache-2.0
#include "loop/presets/preset.h"

namespace gyre {

// VideoPose3D (Pavllo et al. 2019): joints in space from keypoints over 27 frames, by labels alone.
// See docs/systems.md.
Preset VideoPose3dPreset() {
  return {"videopose3d", "joints in space from keypoints over time", [] {
            TrainOptions o;
            o.body = "none";
            o.supervision = Supervision::kTruth;
            o.network.input = NetworkInput::kClip;
            o.network.head = "lifter";
            o.network.keypoints = "h36m17";
            o.network.whole_picture = true;
            o.network.dropout = 0.25;
            o.loss.total = 1;
            o.loss.keypoints_2d = 0;
            o.loss.keypoints_3d = 0;
            o.loss.joint_distance = 1;
            o.augment = AugmentOptions::None();
            o.augment.flip_probability = 0.5;
            o.learning_rate = 1e-3;
            o.learning_rate_decay = 0.95;
            o.amsgrad = true;
            o.norm_momentum_end = 0.001;
            o.batch_size = 1024;
            return o;
          }};
}

// The same without frames to come.
Preset VideoPose3dCausalPreset() {
  return {"videopose3d-causal", "videopose3d without frames to come", [] {
            TrainOptions o = FindPreset("videopose3d").train();
            o.network.lifter.causal = true;
            return o;
          }};
}

// People without labels teach by where their joints are seen and how long their bones are. Data is
// two sets of equal weight, of which one has labels: a batch is 64 frames of each.
Preset VideoPose3dSemiPreset() {
  return {"videopose3d-semi", "videopose3d that learns from clips without labels, too", [] {
            TrainOptions o = FindPreset("videopose3d").train();
            o.network.lifter.path = true;
            o.loss.root_path = 1;
            o.loss.reprojection = 1;
            o.loss.bones = 1;
            o.loss.unlabelled_after = 5000;
            o.learning_rate_decay = 0.98;
            o.batch_size = 128;
            return o;
          }};
}

}  // namespace gyre
