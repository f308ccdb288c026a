// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/tracked_video.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "core/counted.h"
#include "core/error.h"

namespace gyre {

TrackedVideo::TrackedVideo(FrameFolder frames, const TrackOptions& options, double fps)
    : frames_(std::move(frames)) {
  frames_.CheckNames();
  Track(options, fps);
  const std::string folder = frames_.folder().string();
  if (num_frames() == 1) {
    ThrowUserError("{}: is one frame, and a video has more; give it to --openpose", folder);
  }
  const bool anybody = !tracks_.empty();
  KeepSeen(options.min_frames);
  if (tracks_.empty()) {
    ThrowUserError("{}: {} in {}{}", folder, anybody ? "nobody stays" : "nobody is seen",
                   Counted(num_frames(), "frames"),
                   anybody ? ": give a smaller --track.min-frames, or --openpose, which fits each "
                             "frame by itself"
                           : "; are these the keypoints of the right video?");
  }
  rows_before_.assign(whose_.size() + 1, 0);
  for (const TrackSpan& span : tracks_) {
    for (int64_t frame = span.first; frame <= span.last; ++frame) ++rows_before_[frame + 1];
  }
  for (size_t i = 1; i < rows_before_.size(); ++i) rows_before_[i] += rows_before_[i - 1];
}

void TrackedVideo::Track(const TrackOptions& options, double fps) {
  PersonTracker tracker(options, fps);
  frames_.ForEach(
      [&](const OpenPoseFrame& frame) {
        const int64_t number = num_frames();
        whose_.push_back(tracker.Add(number, frame.people));
        tracks_.resize(static_cast<size_t>(tracker.num_tracks()), {number, number, 0});
        for (const int64_t track : whose_.back()) {
          if (track < 0) continue;
          tracks_[track].last = number;
          ++tracks_[track].seen;
        }
      },
      /*tell=*/true);
}

void TrackedVideo::KeepSeen(int min_frames) {
  std::vector<int64_t> number_of;
  std::vector<TrackSpan> kept;
  for (const TrackSpan& span : tracks_) {
    number_of.push_back(span.seen < min_frames ? -1 : std::ssize(kept));
    if (span.seen >= min_frames) kept.push_back(span);
  }
  if (const auto left_out = std::ssize(tracks_) - std::ssize(kept); left_out > 0 && !kept.empty()) {
    spdlog::warn("{} left out, seen in fewer than {} frames (--track.min-frames)",
                 Counted(left_out, "people"), min_frames);
  }
  tracks_ = std::move(kept);
  for (std::vector<int64_t>& people : whose_) {
    for (int64_t& track : people) {
      if (track >= 0) track = number_of[track];
    }
  }
}

void TrackedVideo::ForEach(const std::function<void(FitInput)>& sink) const {
  std::vector<int64_t> there;  // tracks
  int64_t next = 0, number = 0;
  frames_.ForEach([&](OpenPoseFrame frame) {
    if (number >= num_frames() || frame.people.size() != whose_[number].size()) {
      ThrowUserError("{}: changed while it was read; give the same command again",
                     frames_.folder().string());
    }
    std::erase_if(there, [&](int64_t track) { return tracks_[track].last < number; });
    for (; next < std::ssize(tracks_) && tracks_[next].first == number; ++next) {
      there.push_back(next);
    }
    const std::vector<int64_t>& whose = whose_[number];
    for (const int64_t track : there) {
      const auto at = std::ranges::find(whose, track);
      Person person =
          at == whose.end() ? frame.nobody : std::move(frame.people[at - whose.begin()]);
      person.track = track;
      person.frame = number;
      sink(InputOf(std::move(person)));
    }
    ++number;
  });
}

void TrackedVideo::ForEachFrame(const std::function<void(const Person& nobody)>& sink) const {
  frames_.ForEach([&](const OpenPoseFrame& frame) { sink(frame.nobody); });
}

int64_t TrackedVideo::RowOf(int64_t track, int64_t frame) const {
  GYRE_CHECK(IsThere(track, frame));
  int64_t row = RowsBefore(frame);
  for (int64_t before = 0; before < track; ++before) row += IsThere(before, frame);
  return row;
}

}  // namespace gyre
