// SPDX-License-Identifier: Apache-2.0
#include "datasets/decorators/clips.h"

#include <algorithm>
#include <tuple>

#include "core/error.h"

namespace gyre {

namespace {

struct FrameRef {
  int64_t track, frame, position, row;
};

void CheckClips(const char* field, int value, int high) {
  if (value < 0 || value > high) {
    ThrowUserError("clips: {} is {}, expected 0 to {}", field, value, high);
  }
}

std::vector<FrameRef> FramesOf(const Dataset& data) {
  std::vector<FrameRef> frames;
  for (int64_t i = 0; i < data.size(); ++i) {
    const Person person = data.Get(i);
    if (person.track < 0 || person.frame < 0) continue;
    frames.push_back({person.track, person.frame, i, person.index});
  }
  std::sort(frames.begin(), frames.end(), [](const FrameRef& a, const FrameRef& b) {
    return std::tie(a.track, a.frame, a.position) < std::tie(b.track, b.frame, b.position);
  });
  const auto twice =
      std::adjacent_find(frames.begin(), frames.end(), [](const FrameRef& a, const FrameRef& b) {
        return a.track == b.track && a.frame == b.frame;
      });
  if (twice != frames.end()) {
    ThrowUserError("data set {}: rows {} and {} are both frame {} of track {}", data.name(),
                   twice->row, (twice + 1)->row, twice->frame, twice->track);
  }
  return frames;
}

}  // namespace

void ClipOptions::Check() const {
  CheckClips("frames", frames, 1 << 20);
  CheckClips("hop", hop, 1 << 20);
  CheckClips("max_gap", max_gap, 1 << 20);
}

Clips::Clips(std::shared_ptr<const Dataset> data, const ClipOptions& options)
    : data_(std::move(data)) {
  options.Check();
  const std::vector<FrameRef> frames = FramesOf(*data_);
  for (size_t begin = 0; begin < frames.size();) {
    size_t end = begin + 1;
    while (end < frames.size() && frames[end].track == frames[begin].track &&
           frames[end].frame - frames[end - 1].frame - 1 <= options.max_gap) {
      ++end;
    }
    const size_t length = options.frames > 0 ? options.frames : end - begin;
    const size_t hop = options.hop > 0 ? options.hop : length;
    for (size_t first = begin; first + length <= end; first += hop) {
      std::vector<int64_t>& clip = clips_.emplace_back();
      for (size_t i = first; i < first + length; ++i) clip.push_back(frames[i].position);
    }
    begin = end;
  }
}

const std::vector<int64_t>& Clips::Positions(int64_t clip) const {
  GYRE_CHECK(clip >= 0 && clip < size());
  return clips_[clip];
}

std::vector<Person> Clips::Get(int64_t clip) const {
  std::vector<Person> persons;
  for (const int64_t position : Positions(clip)) {
    persons.push_back(data_->Get(position));
    persons.back().position = position;
  }
  return persons;
}

}  // namespace gyre
