// SPDX-License-Identifier: Apache-2.0
// Clips: persons of a data set that are one person in frames that follow each other, by
// Person::track and Person::frame.
#pragma once

#include <memory>
#include <vector>

#include "datasets/dataset.h"

namespace gyre {

struct ClipOptions {
  int frames = 0;   // of each clip; what a track has left over is dropped. 0: tracks as they are
  int hop = 0;      // from the first frame of a clip to that of the next; 0: clips share no frame
  int max_gap = 0;  // frames that may be missing between two; more of them end a track

  // UserError names the field and both values.
  void Check() const;
};

class Clips {
 public:
  // Reads through the data set once. Persons without a frame or a track are in no clip. UserError
  // when a track has a frame twice.
  Clips(std::shared_ptr<const Dataset> data, const ClipOptions& options);

  const Dataset& data() const { return *data_; }
  // By track, then by frame.
  int64_t size() const { return static_cast<int64_t>(clips_.size()); }
  // Positions in the data set, in the order of the frames; at least one.
  const std::vector<int64_t>& Positions(int64_t clip) const;
  // The persons themselves, with their positions.
  std::vector<Person> Get(int64_t clip) const;

 private:
  std::shared_ptr<const Dataset> data_;
  std::vector<std::vector<int64_t>> clips_;
};

}  // namespace gyre
