// SPDX-License-Identifier: Apache-2.0
// Everybody in a video: the people of its frames as tracks (tracking/person_tracker.h), one after
// the other with memory for a frame (and a few numbers for each).
#pragma once

#include <cstdint>
#include <vector>

#include "loop/bulk/frame_folder.h"
#include "loop/bulk/person_source.h"
#include "loop/tracking/person_tracker.h"

namespace gyre {

struct TrackSpan {
  int64_t first = 0, last = 0;  // frames in which the person was seen first and last
  int64_t seen = 0;             // frames in which they were seen
};

class TrackedVideo {
 public:
  // Reads the frames once. UserError when they are no video, or nobody is in it. Warns of what
  // cannot be read, and of people who are left out because they were seen too shortly.
  TrackedVideo(FrameFolder frames, const TrackOptions& options, double fps);

  // By their numbers, which go up with the first frame.
  const std::vector<TrackSpan>& tracks() const { return tracks_; }
  int64_t num_frames() const { return static_cast<int64_t>(whose_.size()); }

  // A row for each track and frame from its first to its last, frame by frame and in each by track.
  // Where a frame does not show the person, one of whom nothing is observed, with place and id -1.
  // All have Person::track and Person::frame.
  void ForEach(const std::function<void(FitInput)>& sink) const;

  // Every frame as one without anybody: its number, name and picture.
  void ForEachFrame(const std::function<void(const Person& nobody)>& sink) const;

  // Rows of frames before that one.
  int64_t RowsBefore(int64_t frame) const { return rows_before_[static_cast<size_t>(frame)]; }
  // The row of a track that is there in the frame.
  int64_t RowOf(int64_t track, int64_t frame) const;
  bool IsThere(int64_t track, int64_t frame) const {
    const TrackSpan& span = tracks_[static_cast<size_t>(track)];
    return span.first <= frame && frame <= span.last;
  }

 private:
  void Track(const TrackOptions& options, double fps);
  // Leaves out who is seen in fewer frames.
  void KeepSeen(int min_frames);

  FrameFolder frames_;
  std::vector<std::vector<int64_t>> whose_;  // of each frame's people: their track; -1: none
  std::vector<TrackSpan> tracks_;
  std::vector<int64_t> rows_before_;  // of each frame, and in all
};

}  // namespace gyre
