// SPDX-License-Identifier: Apache-2.0
#include "loop/presets/preset.h"

namespace gyre {

// Coarse-to-fine volumes (Pavlakos et al. 2017) in the loop: nothing but the volumes learns, and
// what they say as a body is where fits start. See docs/systems.md.
Preset C2fPreset() {
  return {"c2f", "joints from volumes of hourglasses, coarse to fine", [] {
            TrainOptions o;
            o.network.head = "c2f";
            o.network.backbone = Backbone::kHourglass;
            o.network.uvd_set = "h36m17";
            o.network.volume_depths = "1-2-4-64";
            o.network.image_px = 256;
            // Means over so many cells, of which few are not empty, are small.
            o.loss.total = 1;
            o.loss.volumes = 1000;
            o.loss.uvd = 0;
            o.loss.keypoints_2d = 0;
            o.loss.keypoints_3d = 0;
            o.loss.pose = 0;
            o.loss.betas = 0;
            o.loss.camera = 0;
            o.loss.mean = LossMean::kObserved;
            o.augment.gain_range = 0.2;
            o.learning_rate = 2.5e-4;
            o.batch_size = 4;
            return o;
          }};
}

}  // namespace gyre
