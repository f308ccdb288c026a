// SPDX-License-Identifier: Apache-2.0
#include "loop/presets/preset.h"

namespace gyre {

// Pavlakos et al. 2018 from the picture on, in the loop: Human2D, and PosePrior and ShapePrior on
// what it says. The body learns from fits as any network's does, Human2D beside it from keypoints,
// masks and the same fits. Their last stage, in which the mesh is drawn and compared with masks, is
// --loss.silhouette-pixels 1 --loss.keypoints-2d 10 --loss.silhouette-after N. See
// docs/silhouettes_networks.md.
Preset Pavlakos18Preset() {
  return {"pavlakos18", "joints and mask first, pose and shape from them", [] {
            TrainOptions o = FindPreset("human2d").train();
            o.data = "";
            o.val = "";
            o.body = "builtin";
            o.supervision = Supervision::kLoop;
            o.network.head = "pavlakos18";
            o.network.ief_activation = IefActivation::kRelu;
            o.network.dropout = 0.1;
            // The body's part as preset small has it, the two parts alike beside each other.
            o.loss.norm = LossNorm::kL1;
            o.loss.keypoints_2d = 5;
            o.loss.keypoints_3d = 5;
            o.loss.pose = 4;
            o.loss.betas = 0.5;
            return o;
          }};
}

}  // namespace gyre
