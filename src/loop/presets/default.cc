// SPDX-License-Identifier: Apache-2.0
#include "loop/presets/preset.h"

namespace gyre {

// The defaults of all option structs: SPIN's network, losses and schedule with gyre's fitter.
Preset DefaultPreset() {
  return {"default", "SPIN's network and losses, gyre's fitter", [] { return TrainOptions(); }};
}

}  // namespace gyre
