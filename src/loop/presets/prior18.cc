// SPDX-License-Identifier: Apache-2.0
#include "loop/presets/preset.h"

namespace gyre {

// PosePrior of Pavlakos et al. 2018: keypoints in, body and camera out, taught by made-up people of
// whom everything is known. No picture is drawn, and the mesh, which takes most of a step to pose,
// teaches only when the parameters are learned. With --network.input silhouette and
// --network.image-px 64 it is their ShapePrior.
Preset Prior18Preset() {
  return {"prior18", "PosePrior: looks at keypoints, learns from made-up people alone", [] {
            TrainOptions o;
            o.data =
                "synth:?name=people&count=200000&seed=1&joints=any&any_turn=0.2&noise=3&swaps=0.02";
            o.val = "synth:?name=heldout&count=1000&seed=2&joints=any&any_turn=0.2&noise=3";
            o.supervision = Supervision::kTruth;
            o.network.input = NetworkInput::kKeypoints;
            o.network.width = 32;
            o.network.ief_activation = IefActivation::kRelu;
            o.network.dropout = 0.1;
            o.loss.norm = LossNorm::kL1;
            o.loss.pose = 4;
            o.loss.betas = 0.1;
            o.loss.vertices = 100;
            o.loss.vertices_after = 5000;
            o.augment = AugmentOptions::None();
            o.learning_rate = 1e-3;
            o.learning_rate_end = 1e-5;
            o.gradient_clip = 100;
            o.batch_size = 128;
            o.steps = 6000;
            return o;
          }};
}

}  // namespace gyre
