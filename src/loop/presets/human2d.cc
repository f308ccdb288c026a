// SPDX-License-Identifier: Apache-2.0
#include "loop/presets/preset.h"

namespace gyre {

// Human2D of Pavlakos et al. 2018: where joints are seen and which pixels show the person, learnt
// from made-up people alone. Heat maps weigh lambda = 100 against the mask. See
// docs/silhouettes_networks.md.
Preset Human2dPreset() {
  return {"human2d", "heat maps of joints and the person's mask, from two hourglasses", [] {
            TrainOptions o;
            o.data = "synth:?name=people&count=200000&seed=1&noise=0";
            o.val = "synth:?name=heldout&count=200&seed=2&noise=0";
            o.body = "none";
            o.supervision = Supervision::kTruth;
            o.network.head = "human2d";
            o.network.backbone = Backbone::kHourglass;
            o.network.uvd_set = "body25";
            o.network.image_px = 256;
            o.loss.total = 1;
            o.loss.volumes = 100;
            o.loss.mask = 1;
            o.loss.uvd = 0;
            o.loss.keypoints_2d = 0;
            o.loss.keypoints_3d = 0;
            o.loss.mean = LossMean::kObserved;
            o.augment.gain_range = 0.2;
            o.learning_rate = 2.5e-4;
            o.gradient_clip = 100;
            o.batch_size = 4;
            return o;
          }};
}

}  // namespace gyre
