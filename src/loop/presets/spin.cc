// SPDX-License-Identifier: Apache-2.0
#include "loop/presets/preset.h"

namespace gyre {

// SPIN (Kolotouros et al. 2019): its network, losses and schedule, which are the defaults, with
// gyre's fitter in the loop; spin-compat has SPIN's. To gyre fit the name means SPIN's objective.
Preset SpinPreset() {
  return {"spin", "SPIN's network and losses with gyre's fitter; gyre fit: SPIN's objective",
          [] { return TrainOptions(); }, FitOptions::Spin};
}

}  // namespace gyre
