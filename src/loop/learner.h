// SPDX-License-Identifier: Apache-2.0
// The network and how it learns from one batch:
//   regress -> fit -> store -> loss -> step
#pragma once

#include <c10/core/Device.h>
#include <torch/optim/adam.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "body/body_model.h"
#include "body/kinematics.h"
#include "datasets/loader.h"
#include "loop/ranks.h"
#include "loop/supervisor.h"
#include "loop/train_options.h"
#include "regressor/hmr.h"
#include "regressor/smpl_layer.h"

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
  // Weights are drawn from Torch's random state.
  Learner(const TrainOptions& options, const BodyModel& body, const PosePrior& prior,
          c10::Device device);

  // Every draw is a function of options.seed, `step` (from 1) and the rank.
  StepReport Step(const Batch& batch, int64_t step, Supervisor& supervisor, Ranks& ranks);

  HmrNet& network() { return network_; }
  torch::optim::Adam& optimizer() { return *optimizer_; }
  const RestJoints& rest() const { return rest_; }

 private:
  Losses LossesOf(const Batch& batch, const HmrOutput& output, int64_t step, Supervisor& supervisor,
                  const RankMean& rank_mean, SupervisionStats* stats);

  TrainOptions options_;
  c10::Device device_;
  RestJoints rest_;
  HmrNet network_;
  SmplLayer smpl_;
  std::unique_ptr<torch::optim::Adam> optimizer_;
};

}  // namespace gyre
