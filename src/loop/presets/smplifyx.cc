// SPDX-License-Identifier: Apache-2.0
#include "loop/presets/preset.h"

namespace gyre {

// SMPLify-X (Pavlakos et al. 2019): fitting/smplifyx.h. Fits alone, with --fit.vposer.
Preset SmplifyxPreset() {
  return {"smplifyx", "gyre fit: SMPLify-X's objective, stage by stage",
          [] {
            TrainOptions o;
            o.body = kBuiltinWholeBody;
            return o;
          },
          FitOptions::Smplifyx};
}

}  // namespace gyre
