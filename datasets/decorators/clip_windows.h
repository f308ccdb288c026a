// SPDX-License-Identifier: Apache-2.0
// What a network over time is shown of a clip: windows of `frames` that come out, with the frames
// around them that it sees too. What lies before the first frame or after the last is these again.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace gyre {

struct ClipWindow {
  int64_t clip = 0;
  int64_t begin = 0;  // of the frames that come out; may be before the clip's first
  int64_t frames = 0;
  bool mirrored = false;

  friend bool operator==(const ClipWindow&, const ClipWindow&) = default;
};

// Windows of `frames` frames that together cover each clip, the same number of frames too many on
// both sides (one more after its end when they are odd); mirrored copies behind all the others.
std::vector<ClipWindow> CoveringWindows(std::span<const int64_t> clip_lengths, int64_t frames,
                                        bool mirrored_too);

// The frames of a clip of `length` frames that stand at begin - before ... begin + frames + after.
std::vector<int64_t> FramesOf(const ClipWindow& window, int64_t length, int64_t before,
                              int64_t after);

}  // namespace gyre
