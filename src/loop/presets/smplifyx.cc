// SPDX-License-Identifier: Apache-2.0
#include "loop/presets/preset.h"

namespace gyre {

// SMPLify-X (Pavlakos et al. 2019): fitting/smplifyx.h. Needs --fit.vposer.
Preset SmplifyxPreset() {
  return {"smplifyx", "SMPLify-X's objective, stage by stage", [] {
            TrainOptions o;
            o.fit = FitOptions::Smplifyx();
            return o;
          }};
}

}  // namespace gyre
