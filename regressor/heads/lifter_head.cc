// SPDX-License-Identifier: Apache-2.0
#include "regressor/heads/lifter_head.h"

#include <torch/nn/modules/conv.h>

#include "body/joints.h"
#include "core/error.h"

namespace gyre {
namespace {

// A layer over one frame's features, kept as the convolution that it is in files.
torch::nn::Conv1d PointLayer(int64_t features, int64_t points) {
  return torch::nn::Conv1d(torch::nn::Conv1dOptions(features, 3 * points, 1));
}

class LifterHead : public Head {
 public:
  LifterHead(int64_t feature_size, const KeypointSet& set, bool path)
      : set_(&set), position(register_module("position", PointLayer(feature_size, set.size()))) {
    if (path) trajectory = register_module("trajectory", PointLayer(feature_size, 1));
  }

  Output Regress(const Features& features) override {
    Output output;
    output.set = set_;
    output.joints = position(features.pooled.unsqueeze(2)).view({-1, set_->size(), 3});
    if (!trajectory.is_empty()) output.path = trajectory(features.path.unsqueeze(2)).squeeze(2);
    return output;
  }

 private:
  const KeypointSet* set_;
  torch::nn::Conv1d position, trajectory{nullptr};
};

}  // namespace

std::shared_ptr<Head> MakeLifterHead(const NetworkOptions& options,
                                     const NetworkSetting& /*setting*/, int64_t feature_size) {
  if (options.input != NetworkInput::kClip) {
    ThrowUserError("head: lifter takes clips; use --network.input clip");
  }
  return std::make_shared<LifterHead>(feature_size, FindKeypointSet(options.keypoints),
                                      options.lifter.path);
}

std::vector<NameRule> LifterHeadNames() {
  return {{"encoder.position.", "model_pos."},
          {"encoder.trajectory.", "model_traj."},
          {"head.position.", "model_pos.shrink."},
          {"head.trajectory.", "model_traj.shrink."}};
}

}  // namespace gyre
