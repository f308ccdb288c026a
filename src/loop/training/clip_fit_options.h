// SPDX-License-Identifier: Apache-2.0
// Which people are frames that are fitted together (clip_fits.h).
#pragma once

#include "core/option_fields.h"

namespace gyre {

struct ClipFitOptions {
  // Of a track that are fitted together, see datasets/decorators/clip_runs.h. 0: everybody alone.
  int frames = 0;
  double fps = 30;  // of all clips

  // UserError names the field and its value.
  void Check() const;
};

template <OptionsOf<ClipFitOptions> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("frames", o.frames, "Frames of a track that are fitted together (0: everybody alone)");
  visit("fps", o.fps, "Frames a second of the clips");
}

}  // namespace gyre
