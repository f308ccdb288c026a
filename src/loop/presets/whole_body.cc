// SPDX-License-Identifier: Apache-2.0
#include "loop/presets/preset.h"

namespace gyre {

// Whole bodies: body first, then hands and face, then all of them (fitting/whole_body.h). Fits
// alone: no loop has a body with fingers yet.
Preset WholeBodyPreset() {
  return {"whole-body", "gyre fit: body, hands and face of SMPL-X", [] { return TrainOptions(); },
          FitOptions::WholeBody};
}

}  // namespace gyre
