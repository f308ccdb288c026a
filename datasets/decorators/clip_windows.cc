// SPDX-License-Identifier: Apache-2.0
#include "datasets/decorators/clip_windows.h"

#include <algorithm>

#include "core/error.h"

namespace gyre {

std::vector<ClipWindow> CoveringWindows(std::span<const int64_t> clip_lengths, int64_t frames,
                                        bool mirrored_too) {
  GYRE_CHECK(frames > 0);
  std::vector<ClipWindow> windows;
  for (const bool mirrored : {false, true}) {
    if (mirrored && !mirrored_too) break;
    for (size_t clip = 0; clip < clip_lengths.size(); ++clip) {
      const int64_t count = (clip_lengths[clip] + frames - 1) / frames;
      const int64_t before = (count * frames - clip_lengths[clip]) / 2;
      for (int64_t i = 0; i < count; ++i) {
        windows.push_back({static_cast<int64_t>(clip), i * frames - before, frames, mirrored});
      }
    }
  }
  return windows;
}

std::vector<int64_t> FramesOf(const ClipWindow& window, int64_t length, int64_t before,
                              int64_t after) {
  GYRE_CHECK(length > 0 && before >= 0 && after >= 0);
  std::vector<int64_t> frames;
  for (int64_t t = window.begin - before; t < window.begin + window.frames + after; ++t) {
    frames.push_back(std::clamp<int64_t>(t, 0, length - 1));
  }
  return frames;
}

}  // namespace gyre
