// SPDX-License-Identifier: Apache-2.0
#include "loop/presets/preset.h"

namespace gyre {

// SPIN with its own objective, score and acceptance of fits as well.
Preset SpinCompatPreset() {
  return {"spin-compat", "SPIN with its own objective, score and acceptance of fits", [] {
            TrainOptions o;
            o.fit = FitOptions::Spin();
            o.fit.hypotheses = Hypotheses::kStartOnly;  // as SPIN's loop
            o.store = StorePolicy::Spin();
            return o;
          }};
}

}  // namespace gyre
