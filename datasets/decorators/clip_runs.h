// SPDX-License-Identifier: Apache-2.0
// A data set cut into runs, which are read and fitted together: frames of a track that follow each
// other, from one whose number is a multiple of `frames` up to the next such. So two persons tell
// by themselves whether they are of one run, whoever else is there.
#pragma once

#include <cstdint>
#include <vector>

#include "datasets/dataset.h"

namespace gyre {

// Whether `after` is the next frame of the track that `before` is of.
bool Follows(const Person& before, const Person& after);
// Whether it is of the same run, too.
bool GoesOn(const Person& before, const Person& after, int frames);

class ClipRuns {
 public:
  // Reads through the data set. Persons without a track, of whom none goes on, come `frames` at a
  // time behind all others. UserError where a track has a frame twice.
  ClipRuns(const Dataset& data, int frames);

  // By track, then by frame.
  int64_t size() const { return static_cast<int64_t>(runs_.size()); }
  // Positions in the data set: 1 to `frames`.
  const std::vector<int64_t>& Positions(int64_t run) const;

 private:
  std::vector<std::vector<int64_t>> runs_;
};

}  // namespace gyre
