// SPDX-License-Identifier: Apache-2.0
#include "loop/presets/preset.h"

namespace gyre {

// HybrIK (Li et al. 2021) in the loop: IKOL's network, which is HybrIK's, with rotations in closed
// form bone by bone. See docs/systems.md.
Preset HybrikPreset() {
  return {"hybrik", "joints first, rotations from them bone by bone", [] {
            TrainOptions o = FindPreset("ikol").train();
            o.network.ik.method = IkMethod::kAdaptive;
            return o;
          }};
}

}  // namespace gyre
