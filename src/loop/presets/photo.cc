// SPDX-License-Identifier: Apache-2.0
#include "loop/presets/preset.h"

namespace gyre {

// A network of photographs for a CPU: BlazePose, which knows people on photographs, and a PosePrior
// behind it. A run of preset prior18 with --network.keypoints halpe26 teaches that before, on
// made-up people (--init detector,RUN); without one it learns with the rest.
Preset PhotoPreset() {
  return {"photo", "BlazePose and a PosePrior: learns from photographs, on a CPU", [] {
            TrainOptions o = FindPreset("small").train();
            o.network.backbone = Backbone::kBlazePose;
            o.network.box_scale = 1.4;
            o.network.image_px = 256;
            o.network.width = 32;
            o.network.ief_activation = IefActivation::kRelu;
            o.init = "detector";
            o.taught_rate = 0.02;
            o.loss.keypoints_2d = 20;
            o.learning_rate = 1e-4;
            o.learning_rate_end = 1e-5;
            o.batch_size = 16;
            o.steps = 1000;
            return o;
          }};
}

}  // namespace gyre
