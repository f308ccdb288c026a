// SPDX-License-Identifier: Apache-2.0
#include "regressor/lifter_options.h"

#include "core/error.h"
#include "regressor/number_list.h"

namespace gyre {
namespace {

constexpr int64_t kMostFrames = 6561;  // 3^8

}  // namespace

int64_t TemporalLifterOptions::ReceptiveField() const {
  int64_t frames = 1;
  for (const int64_t width : widths) frames *= width;
  return frames;
}

int64_t TemporalLifterOptions::PadBefore() const {
  return causal ? ReceptiveField() - 1 : (ReceptiveField() - 1) / 2;
}

int64_t TemporalLifterOptions::PadAfter() const { return ReceptiveField() - 1 - PadBefore(); }

void TemporalLifterOptions::Check() const {
  if (widths.empty()) ThrowUserError("widths: none; give one at least, such as 3-3-3");
  int64_t frames = 1;
  for (const int64_t width : widths) {
    if (width < 1 || width % 2 == 0 || width > kMostFrames / frames) {
      ThrowUserError("widths: {} is even, below 1, or makes windows of more than {} frames", width,
                     kMostFrames);
    }
    frames *= width;
  }
  const auto at_least = [](const char* name, int64_t value, int64_t least) {
    if (value < least) ThrowUserError("{}: {} is not above {}", name, value, least - 1);
  };
  at_least("joints_in", joints_in, 1);
  at_least("coordinates_in", coordinates_in, 1);
  at_least("joints_out", joints_out, 0);
  at_least("channels", channels, 1);
  if (!(dropout >= 0 && dropout < 1)) ThrowUserError("dropout: {} is not in [0, 1)", dropout);
}

TemporalLifterOptions LifterOptions::Trunk(int64_t joints, double dropout) const {
  return {.joints_in = joints,
          .joints_out = 0,
          .widths = ParseNumberList(widths, "lifter.widths", kMostFrames, "3-3-3"),
          .channels = channels,
          .dropout = dropout,
          .causal = causal,
          .dense = dense};
}

void LifterOptions::Check() const {
  try {
    Trunk(/*joints=*/1, /*dropout=*/0).Check();
  } catch (const UserError& error) {
    ThrowUserError("lifter: {}", error.what());
  }
  if (channels > 8192) ThrowUserError("lifter.channels: {} is not in 1..8192", channels);
}

}  // namespace gyre
