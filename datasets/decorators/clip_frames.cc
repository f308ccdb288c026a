// SPDX-License-Identifier: Apache-2.0
#include "datasets/decorators/clip_frames.h"

#include "core/error.h"
#include "datasets/decorators/clip_windows.h"

namespace gyre {

ClipFrames::ClipFrames(std::shared_ptr<const Dataset> data)
    : clips_(data, ClipOptions()), places_(data->size()) {
  for (int64_t i = 0; i < data->size(); ++i) {
    const Keypoints keypoints = data->Get(i).keypoints;
    if (i == 0) {
      count_ = keypoints.size();
      mirror_ = MirrorOf(*keypoints.set);
      keypoints_.reserve(data->size() * count_ * 3);
    }
    GYRE_CHECK(keypoints.size() == count_);
    for (int j = 0; j < count_; ++j) {
      keypoints_.push_back(static_cast<float>(keypoints.px(j, 0)));
      keypoints_.push_back(static_cast<float>(keypoints.px(j, 1)));
      keypoints_.push_back(static_cast<float>(keypoints.confidence[j]));
    }
  }
  for (int64_t clip = 0; clip < clips_.size(); ++clip) {
    const std::vector<int64_t>& positions = clips_.Positions(clip);
    for (size_t t = 0; t < positions.size(); ++t) {
      places_[positions[t]] = {clip, static_cast<int64_t>(t)};
    }
  }
}

void ClipFrames::Write(int64_t position, int before, int frames, const CropMap& crop,
                       float* out) const {
  GYRE_CHECK(position >= 0 && position < static_cast<int64_t>(places_.size()));
  GYRE_CHECK(before >= 0 && before < frames);
  const std::vector<int64_t> alone = {position};
  const Place place = places_[position];
  const std::vector<int64_t>& clip = place.clip < 0 ? alone : clips_.Positions(place.clip);
  const ClipWindow window{place.clip, place.frame, 1};
  for (const int64_t t :
       FramesOf(window, static_cast<int64_t>(clip.size()), before, frames - 1 - before)) {
    const float* const person = &keypoints_[clip[t] * count_ * 3];
    for (int j = 0; j < count_; ++j, out += 3) {
      const float* const joint = person + 3 * (crop.flip() ? mirror_[j] : j);
      out[0] = out[1] = out[2] = 0;
      if (joint[2] <= 0) continue;
      const Vec2 in_crop = crop.CropFromImage(Vec2(joint[0], joint[1]));
      out[0] = static_cast<float>(in_crop.x());
      out[1] = static_cast<float>(in_crop.y());
      out[2] = joint[2];
    }
  }
}

}  // namespace gyre
