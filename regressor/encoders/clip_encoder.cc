// SPDX-License-Identifier: Apache-2.0
#include "regressor/encoders/clip_encoder.h"

#include "core/error.h"
#include "regressor/layers/temporal_lifter.h"

namespace gyre {
namespace {

class ClipEncoder : public Encoder {
 public:
  ClipEncoder(const NetworkOptions& options, const KeypointSet& set)
      : set_(&set),
        trunk_(options.lifter.Trunk(set.size(), options.dropout)),
        position(register_module("position", TemporalLifter(trunk_))) {
    if (options.lifter.path) trajectory = register_module("trajectory", TemporalLifter(trunk_));
    feature_size_ = trunk_.channels;
  }

  Features Encode(const at::Tensor& clip) override {
    GYRE_CHECK(clip.dim() == 4 && clip.size(1) == trunk_.ReceptiveField());
    if (clip.size(2) != set_->size()) {
      ThrowUserError(
          "people have {} keypoints, and the network looks at {}: give set={} to the data",
          clip.size(2), set_->name, set_->name);
    }
    const at::Tensor unseen = clip.narrow(3, 2, 1) <= 0;
    const at::Tensor places = clip.narrow(3, 0, 2).masked_fill(unseen, 0);
    Features features{.pooled = Middle(position, places), .maps = {}};
    if (!trajectory.is_empty()) features.path = Middle(trajectory, places);
    return features;
  }

 private:
  // [B,channels] of the frame that the whole window is seen from.
  at::Tensor Middle(TemporalLifter& lifter, const at::Tensor& places) const {
    return (trunk_.dense ? lifter->forward(places) : lifter->Windows(places)).squeeze(1);
  }

  const KeypointSet* set_;
  TemporalLifterOptions trunk_;
  TemporalLifter position, trajectory{nullptr};
};

}  // namespace

std::shared_ptr<Encoder> MakeClipEncoder(const NetworkOptions& options, const KeypointSet& set) {
  return std::make_shared<ClipEncoder>(options, set);
}

}  // namespace gyre
