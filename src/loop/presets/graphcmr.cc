// SPDX-License-Identifier: Apache-2.0
#include "loop/presets/preset.h"

namespace gyre {

// GraphCMR (Kolotouros, Pavlakos and Daniilidis 2019): a mesh by graph convolutions on the body's
// own template, and a body that is made of the mesh, here with the fitter in the loop. Its losses
// all weigh one but the shape's; the camera's is gyre's, which keeps the scale positive.
Preset GraphCmrPreset() {
  return {"graphcmr", "a mesh by graph convolutions, and the body that it is", [] {
            TrainOptions o;
            o.network.head = "graphcmr";
            o.loss.total = 1;
            o.loss.keypoints_2d = 1;
            o.loss.keypoints_3d = 1;
            o.loss.pose = 1;
            o.loss.betas = 0.1;
            o.loss.expression = 0.1;
            o.loss.vertices = 1;
            o.learning_rate = 3e-4;
            o.batch_size = 16;
            return o;
          }};
}

}  // namespace gyre
