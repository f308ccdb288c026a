// SPDX-License-Identifier: Apache-2.0
#include "loop/learner.h"

#include <c10/core/GradMode.h>

#include <cmath>
#include <numbers>
#include <optional>

#include "core/rng.h"
#include "core/trace.h"
#include "loop/network_bridge.h"
#include "loop/numeric_guard.h"
#include "regressor/adam.h"
#include "regressor/runtime.h"

namespace gyre {
namespace {

double LearningRateAt(const TrainOptions& options, int64_t step) {
  if (options.learning_rate_end == 0) return options.learning_rate;
  const double done = static_cast<double>(step - 1) / static_cast<double>(options.steps);
  return options.learning_rate_end + (options.learning_rate - options.learning_rate_end) *
                                         (1 + std::cos(std::numbers::pi * done)) / 2;
}

void SetLearningRate(torch::optim::Adam* optimizer, double rate) {
  for (auto& group : optimizer->param_groups()) {
    static_cast<torch::optim::AdamOptions&>(group.options()).lr(rate);
  }
}

}  // namespace

Learner::Learner(const TrainOptions& options, const BodyModel& body, const PosePrior& prior,
                 c10::Device device)
    : options_(options),
      device_(device),
      rest_(body),
      network_(options.network, MeanParams::FromPrior(prior)),
      smpl_(body) {
  network_->to(device);
  UseChannelsLast(*network_);
  smpl_->to(device);
  optimizer_ = std::make_unique<FusedAdam>(network_->parameters(),
                                           torch::optim::AdamOptions(options.learning_rate));
}

Losses Learner::LossesOf(const Batch& batch, const HmrOutput& output, int64_t step,
                         Supervisor& supervisor, const RankMean& rank_mean,
                         SupervisionStats* stats) {
  std::optional<Span> phase("forward");
  const std::vector<BodyParams> predictions = BodiesFromOutput(output, batch, rest_);
  phase.emplace("loss");
  LossOptions weights = options_.loss;
  if (step <= weights.vertices_after) weights.vertices = 0;
  const bool with_vertices = weights.vertices > 0;
  // Before the fits: a device of its own poses the bodies while this one's cores fit.
  const SmplOutput posed = smpl_->forward(output.rotmats, output.betas, with_vertices);
  phase.reset();
  const std::vector<Target> targets = supervisor.Step(batch.samples, predictions, step, stats);

  phase.emplace("copy");
  LossTarget target =
      TargetTensors(batch, targets, rest_, options_.use_labels, options_.loss.fit_sd_rad, device_);
  phase.emplace("loss");
  if (with_vertices) {
    const at::NoGradGuard no_grad;
    target.vertices = smpl_->forward(target.rotmats, target.betas, true).vertices;
  }
  const LossPrediction prediction{
      output.rotmats,
      output.betas,
      output.cam,
      posed.joints49,
      ProjectToCrop(posed.joints49, output.cam, CamerasOf(batch, device_), batch.crop_px),
      posed.vertices};
  return ComputeLosses(prediction, target, weights, rank_mean);
}

StepReport Learner::Step(const Batch& batch, int64_t step, Supervisor& supervisor, Ranks& ranks) {
  // Dropout draws from the step, not from what was drawn before it.
  Rng rng(options_.seed, RngStream::kNetwork, static_cast<uint32_t>(ranks.rank()),
          static_cast<uint64_t>(step));
  SeedTorch(rng.NextU32());
  SetLearningRate(optimizer_.get(), LearningRateAt(options_, step));
  std::optional<Span> phase("copy");
  const at::Tensor inputs = NetworkInputs(batch, options_.network.input, device_);
  phase.emplace("forward");
  network_->train();
  const HmrOutput output = network_->forward(inputs);
  phase.reset();
  StepReport report;
  const Losses losses =
      LossesOf(batch, output, step, supervisor, ranks.Mean(), &report.supervision);
  phase.emplace("loss");
  // Of all ranks: if one's is not finite, none takes the step.
  report.loss = ranks.Sum({losses.total.item<double>()})[0] / ranks.count();
  for (const auto& [name, value] : losses.terms) {
    report.terms.emplace_back(name, value.item<double>());
  }
  if (!std::isfinite(report.loss)) {
    report.not_finite = NotFinite(losses, output, batch.samples);
    if (report.not_finite.empty()) report.not_finite = "the loss of another rank";
    return report;
  }
  phase.emplace("backward");
  optimizer_->zero_grad();
  ranks.Backward(losses.total);
  phase.emplace("optimizer");
  // One sample whose camera turned negative may not decide the step: exp(-10 s)^2 is steep.
  report.gradient_norm = ClipGradients(*network_, options_.gradient_clip);
  if (std::isfinite(report.gradient_norm)) {
    optimizer_->step();
  } else {
    report.not_finite = NotFiniteGradient(*network_);
  }
  return report;
}

}  // namespace gyre
