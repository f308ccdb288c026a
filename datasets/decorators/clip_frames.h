// SPDX-License-Identifier: Apache-2.0
// The keypoints of the frames around each person of a data set, as networks over time look at them.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/camera.h"
#include "datasets/decorators/clips.h"

namespace gyre {

class ClipFrames {
 public:
  // Reads through the data set and keeps its keypoints. UserError where a track has a frame twice.
  explicit ClipFrames(std::shared_ptr<const Dataset> data);

  // Keypoints of a person: those of the data set's set.
  int keypoints() const { return count_; }

  // Of the frame of the person at `position` and `before` frames before it, `frames` in all, of the
  // same track: x, y, confidence in a crop, sides exchanged where it is mirrored, [frames,N,3];
  // zeros where nothing is observed. Before a clip's first frame and after its last (a missing
  // frame ends one) that frame stands again, and a person without a track stands still.
  void Write(int64_t position, int before, int frames, const CropMap& crop, float* out) const;

 private:
  struct Place {
    int64_t clip = -1, frame = 0;
  };

  Clips clips_;
  int count_ = 0;
  std::vector<int> mirror_;
  std::vector<Place> places_;     // of each person
  std::vector<float> keypoints_;  // [persons,N,3] of the picture
};

}  // namespace gyre
