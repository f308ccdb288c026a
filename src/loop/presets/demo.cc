// SPDX-License-Identifier: Apache-2.0
#include "loop/presets/preset.h"

namespace gyre {

// What tools/demo trains: smaller still, on people of whom nothing but keypoints is known.
Preset DemoPreset() {
  return {"demo", "small, for a few minutes on made-up people", [] {
            TrainOptions o = FindPreset("small").train();
            o.use_labels = false;  // keypoints alone; the truth is for measuring
            o.network.image_px = 64;
            o.augment.rotation_zero_probability = 1;
            o.augment.scale_sigma = 0.1;
            o.steps = 1400;
            o.val_every = 200;
            o.checkpoint_every = 200;
            return o;
          }};
}

}  // namespace gyre
