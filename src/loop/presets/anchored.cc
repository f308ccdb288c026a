// SPDX-License-Identifier: Apache-2.0
#include "loop/presets/preset.h"

namespace gyre {

// Fits that trust their starts, as those of a trained network deserve.
Preset AnchoredPreset() {
  return {"anchored", "fits that trust the starts of a trained network", [] {
            TrainOptions o;
            o.fit = FitOptions::Anchored();
            return o;
          }};
}

}  // namespace gyre
