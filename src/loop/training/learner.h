// SPDX-License-Identifier: Apache-2.0
// The network and how it learns from one batch:
//   regress -> fit -> store -> loss -> step
#pragma once

#include <c10/core/Device.h>
#include <torch/optim/adam.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "datasets/decorators/loader.h"
#include "loop/runs/checkpoint.h"
#include "loop/runs/ranks.h"
#include "loop/training/network_bridge.h"
#include "loop/training/supervision.h"
#include "loop/training/train_options.h"
#include "regressor/layers/body_layer.h"
#include "regressor/layers/soft_rasteriser.h"
#include "regressor/losses/losses.h"
#include "regressor/losses/uvd_targets.h"
#include "regressor/network.h"

namespace gyre {

struct StepReport {
  double loss = 0;  // of all ranks' samples
  std::vector<std::pair<std::string, double>> terms;
  double gradient_norm = 0;
  SupervisionStats supervision;
  // What was not finite, so that weights stayed as they were; empty when they did not.
  std::string not_finite;
};

class Learner {
 public:
  // Weights are drawn from Torch's random state. Without a body in the setting the network speaks
  // of none, and only keypoints and joints teach it.
  Learner(const TrainOptions& options, const NetworkSetting& setting, c10::Device device);

  // Every draw is a function of options.seed, `step` (from 1) and the rank.
  StepReport Step(const Batch& batch, int64_t step, Teacher& teacher, Ranks& ranks);
  // What the network says of a batch, in evaluation mode and without gradients.
  Output Say(const Batch& batch);
  // The losses of what it said, without learning from it.
  Losses LossesOf(const Batch& batch, const Output& said, int64_t step, Teacher& teacher,
                  const RankMean& rank_mean);
  // The network's bodies, see predictor.h. For networks with a body.
  std::vector<BodyParams> Predict(const Batch& batch);

  Network& network() { return network_; }
  torch::optim::Adam& optimizer() { return *optimizer_; }
  Trained trained() { return {*network_, *optimizer_, network_->names()}; }
  const std::optional<RestJoints>& rest() const { return rest_; }

 private:
  // Nothing teaches of joints that the body does not have.
  void LeaveOutMissing(Targets* targets) const;
  // What follows from the bodies that teach, as far as it is compared with what the network says:
  // their joints and vertices, and where they are seen.
  void PoseTargets(const Batch& batch, const Output& output, const LossOptions& weights,
                   Targets* targets) const;
  // What follows from what the network said: joints and vertices of its body, their projection.
  Output Complete(Output said, const Batch& batch, bool with_vertices) const;
  // Its body as it is seen in the crops, as far as a loss compares that.
  void Draw(const Batch& batch, const LossOptions& weights, Output* said) const;
  Losses LossesOf(const Batch& batch, const Output& said, int64_t step, Teacher& teacher,
                  const RankMean& rank_mean, SupervisionStats* stats);

  TrainOptions options_;
  c10::Device device_;
  std::optional<RestJoints> rest_;  // none without a body
  Network network_;
  KeypointSet posed_set_;  // the network's keypoints, then those of its uvd set that are not there
  BodyLayer layer_{nullptr};  // of that set; none without a body
  std::vector<int64_t> uvd_in_posed_;
  std::optional<SoftRasteriser> silhouettes_, parts_;  // where the losses ask for such pictures
  UvdTargets uvd_targets_;
  std::unique_ptr<torch::optim::Adam> optimizer_;
};

}  // namespace gyre
