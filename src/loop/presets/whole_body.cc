// SPDX-License-Identifier: Apache-2.0
#include "loop/presets/preset.h"

namespace gyre {

// Whole bodies: body first, then hands and face, then all of them (fitting/whole_body.h).
Preset WholeBodyPreset() {
  return {"whole-body", "body, hands and face of SMPL-X", [] {
            TrainOptions o;
            o.fit = FitOptions::WholeBody();
            return o;
          }};
}

}  // namespace gyre
