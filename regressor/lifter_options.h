// SPDX-License-Identifier: Apache-2.0
// What a network over the frames of a clip is made of, see layers/temporal_lifter.h. Free of Torch.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/option_fields.h"

namespace gyre {

struct TemporalLifterOptions {
  int64_t joints_in = 17, coordinates_in = 2;
  int64_t joints_out = 17;  // 1: of the root's path; 0: features, without the last convolution
  std::vector<int64_t> widths = {3, 3, 3};  // odd
  int64_t channels = 1024;
  double dropout = 0.25;
  bool causal = false;
  // Each kernel as wide as what it joins, in place of stepping over it (an ablation of the
  // paper's).
  bool dense = false;

  // The product of the widths.
  int64_t ReceptiveField() const;
  // Frames to repeat before a sequence's first frame and after its last, so that every frame of it
  // comes out: (R - 1) / 2 each; causal: R - 1 and none.
  int64_t PadBefore() const;
  int64_t PadAfter() const;
  // UserError names the field and its value.
  void Check() const;
};

// Of input clip. The defaults are VideoPose3D's.
struct LifterOptions {
  std::string widths = "3-3-3";  // 27 frames; "3-3-3-3-3": 243
  int channels = 1024;
  bool causal = false, dense = false;
  bool path = false;  // a second network of the same kind, for where the root is

  // Of keypoints of a set of so many, up to the features.
  TemporalLifterOptions Trunk(int64_t joints, double dropout) const;
  void Check() const;
};

template <OptionsOf<LifterOptions> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("widths", o.widths, "Frames that the layers join, such as 3-3-3 (27 frames)");
  visit("channels", o.channels, "Channels of its layers");
  visit("causal", o.causal, "Look back alone");
  visit("dense", o.dense, "Wide kernels in place of dilated ones");
  visit("path", o.path, "A second network that says where the root is");
}

}  // namespace gyre
