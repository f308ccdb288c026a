// SPDX-License-Identifier: Apache-2.0
#include "regressor/heads/joint_head.h"

#include <torch/nn/modules/linear.h>

#include "body/joints.h"

namespace gyre {
namespace {

class JointHead : public Head {
 public:
  JointHead(int64_t feature_size, const KeypointSet& set)
      : set_(&set),
        linear(register_module("linear", torch::nn::Linear(feature_size, 3 * set.size()))) {}

  Output Regress(const Features& features) override {
    Output output;
    output.set = set_;
    output.joints = linear(features.pooled).view({-1, set_->size(), 3});
    return output;
  }

 private:
  const KeypointSet* set_;
  torch::nn::Linear linear;
};

}  // namespace

std::shared_ptr<Head> MakeJointHead(const NetworkOptions& options,
                                    const NetworkSetting& /*setting*/, int64_t feature_size) {
  return std::make_shared<JointHead>(feature_size, FindKeypointSet(options.keypoints));
}

}  // namespace gyre
