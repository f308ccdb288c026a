// SPDX-License-Identifier: Apache-2.0
#include "loop/presets/preset.h"

namespace gyre {

// For a CPU: a small network from scratch. Absolute errors and a heavier pose term learn faster
// than SPIN's losses, and SPIN's weight of the shape lets a fresh network's shape run away.
Preset SmallPreset() {
  return {"small", "ResNet-18 at 128 px from scratch, for a CPU", [] {
            TrainOptions o;
            o.network.backbone = Backbone::kResNet18;
            o.network.image_px = 128;
            o.network.dropout = 0.1;
            o.loss.norm = LossNorm::kL1;
            o.loss.pose = 4;
            o.loss.betas = 0.5;
            o.learning_rate = 3e-4;
            o.gradient_clip = 100;
            o.batch_size = 32;
            o.steps = 5000;
            o.loader_threads = 1;
            return o;
          }};
}

}  // namespace gyre
