// SPDX-License-Identifier: Apache-2.0
#include "datasets/decorators/clip_runs.h"

#include <memory>

#include "core/error.h"
#include "datasets/decorators/clips.h"

namespace gyre {

bool Follows(const Person& before, const Person& after) {
  return after.track >= 0 && after.track == before.track && after.frame == before.frame + 1 &&
         after.dataset == before.dataset;
}

bool GoesOn(const Person& before, const Person& after, int frames) {
  return Follows(before, after) && after.frame % frames != 0;
}

ClipRuns::ClipRuns(const Dataset& data, int frames) {
  GYRE_CHECK(frames > 0);
  const std::shared_ptr<const Dataset> borrowed(std::shared_ptr<const Dataset>(), &data);
  const Clips clips(borrowed, ClipOptions());
  std::vector<bool> in_clip(data.size());
  for (int64_t clip = 0; clip < clips.size(); ++clip) {
    for (const int64_t position : clips.Positions(clip)) {
      const bool begins =
          position == clips.Positions(clip).front() || data.Get(position).frame % frames == 0;
      if (begins) runs_.emplace_back();
      runs_.back().push_back(position);
      in_clip[position] = true;
    }
  }
  int64_t alone = 0;
  for (int64_t position = 0; position < data.size(); ++position) {
    if (in_clip[position]) continue;
    if (alone++ % frames == 0) runs_.emplace_back();
    runs_.back().push_back(position);
  }
}

const std::vector<int64_t>& ClipRuns::Positions(int64_t run) const {
  GYRE_CHECK(run >= 0 && run < size());
  return runs_[run];
}

}  // namespace gyre
