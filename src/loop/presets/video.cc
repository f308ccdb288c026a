// SPDX-License-Identifier: Apache-2.0
#include "loop/presets/preset.h"

namespace gyre {

// SPIN's loop over time: bodies from keypoints over 27 frames by VideoPose3D's convolutions, whose
// predictions for the frames of a clip start the fit of all of them as one motion of one shape; the
// best motion of each clip so far teaches. Keypoints of all people teach by projection. See
// docs/systems.md.
Preset VideoPreset() {
  return {"video", "bodies from keypoints over time, fitted clip by clip", [] {
            TrainOptions o;
            o.network.input = NetworkInput::kClip;
            o.network.lifter.channels = 512;
            o.network.ief_activation = IefActivation::kRelu;
            o.network.dropout = 0.1;
            o.clips.frames = 24;
            o.loss.norm = LossNorm::kL1;
            o.loss.pose = 4;
            o.loss.betas = 0.5;
            o.augment = AugmentOptions::None();
            o.augment.flip_probability = 0.5;
            o.learning_rate = 3e-4;
            o.gradient_clip = 100;
            o.batch_size = 96;
            o.steps = 5000;
            o.loader_threads = 1;
            return o;
          }};
}

}  // namespace gyre
