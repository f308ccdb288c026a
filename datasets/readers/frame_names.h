// SPDX-License-Identifier: Apache-2.0
// The files of a video's frames by their names: "walk_0012" is a frame of "walk_", and whatever
// other digits the names have, the number is the one that goes up.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gyre {

struct NumberedFrame {
  std::string name;
  // Counted from 0 at the first; the next of the same video is as many on as the numbers say, in
  // units of what all their steps have in common. Of files of several videos, and without numbers,
  // the next is one on.
  int64_t frame = 0;
};

struct FrameNames {
  std::vector<NumberedFrame> frames;  // in the order of the numbers
  bool one_video = true;              // all but for the number of one name, no number twice

  // What the frame `ahead` frames behind frames[i] would be called.
  std::string NameAfter(size_t i, int64_t ahead) const;

  int64_t step = 1;     // between the numbers of frames
  int number_run = -1;  // which run of digits is the number; -1: none
};

// In any order; names are file names without their ending.
FrameNames NumberFrames(std::vector<std::string> names);

// Digits count as numbers wherever they stand: frame2 comes before frame10.
bool NaturalLess(std::string_view a, std::string_view b);

}  // namespace gyre
