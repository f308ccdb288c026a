// SPDX-License-Identifier: Apache-2.0
#include "loop/presets/preset.h"

namespace gyre {

// Whole bodies: body first, then hands and face, then all of them (fitting/whole_body.h). In the
// loop a network of keypoints as prior18's says body, hands and face at once, starts these fits and
// learns from them. The body is the built-in one with hands and face, or any of SMPL-X's layout.
Preset WholeBodyPreset() {
  return {
      "whole-body",
      "Body, hands and face of SMPL-X: fits, and a network of keypoints that they teach",
      [] {
        TrainOptions o = FindPreset("prior18").train();
        o.data =
            "synth:?name=people&count=20000&seed=1&set=openpose135&hands=0.7&any_turn=0&noise=1";
        o.val = "synth:?name=heldout&count=200&seed=2&set=openpose135&hands=0.7&any_turn=0&noise=1";
        o.body = kBuiltinWholeBody;
        o.supervision = Supervision::kLoop;
        o.network.keypoints = "openpose135";
        // Sets of whole bodies bring no joints in space, which teach a body most.
        o.loss.body_joints = 5;
        o.loss.expression = 1;
        o.fit = FitOptions::WholeBody();
        // Three times as many steps in the same time: a network that errs by 111 mm, not 129.
        o.fit.hypotheses = Hypotheses::kStartOnly;
        return o;
      },
      FitOptions::WholeBody};
}

}  // namespace gyre
