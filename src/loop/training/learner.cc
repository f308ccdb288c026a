// SPDX-License-Identifier: Apache-2.0
#include "loop/training/learner.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "body/body_parts.h"
#include "core/error.h"
#include "core/rng.h"
#include "core/trace.h"
#include "loop/training/numeric_guard.h"
#include "loop/training/predictor.h"
#include "regressor/adam.h"
#include "regressor/batch_norm.h"
#include "regressor/layers/lens.h"
#include "regressor/runtime.h"

namespace gyre {
namespace {

// How much of the run is over before a step.
double DoneBefore(const TrainOptions& options, int64_t step) {
  return static_cast<double>(step - 1) / static_cast<double>(options.steps);
}

double LearningRateAt(const TrainOptions& options, int64_t step, int64_t epoch) {
  const double begin = options.learning_rate, end = options.learning_rate_end;
  const double falling =
      end == 0
          ? begin
          : end + (begin - end) * (1 + std::cos(std::numbers::pi * DoneBefore(options, step))) / 2;
  return falling * std::pow(options.learning_rate_decay, epoch);
}

// What learns at the options' rate, and behind it what was taught elsewhere, if that learns at all.
std::vector<torch::optim::OptimizerParamGroup> ParameterGroups(NetworkImpl& network,
                                                               double taught_rate) {
  std::vector<at::Tensor> taught = network.encoder().TaughtParameters(), others;
  for (const at::Tensor& parameter : network.parameters()) {
    const auto is_it = [&](const at::Tensor& other) { return other.is_same(parameter); };
    if (std::ranges::none_of(taught, is_it)) others.push_back(parameter);
  }
  std::vector<torch::optim::OptimizerParamGroup> groups = {std::move(others)};
  for (at::Tensor& parameter : taught) parameter.set_requires_grad(taught_rate > 0);
  if (taught_rate > 0 && !taught.empty()) groups.emplace_back(std::move(taught));
  return groups;
}

// Of the groups of ParameterGroups.
void SetLearningRate(torch::optim::Adam* optimizer, double rate, double taught_rate) {
  for (auto& group : optimizer->param_groups()) {
    const bool taught = &group != &optimizer->param_groups().front();
    static_cast<torch::optim::AdamOptions&>(group.options()).lr(taught ? taught_rate * rate : rate);
  }
}

// What shapes a body: betas, and behind them the expression where there is one.
at::Tensor ShapeOf(const at::Tensor& betas, const at::Tensor& expression) {
  return expression.defined() ? at::cat({betas, expression}, 1) : betas;
}

KeypointSet Union(const KeypointSet& first, const KeypointSet& second) {
  KeypointSet both{first.name, first.joints};
  for (const std::string_view joint : second.joints) {
    if (both.IndexOf(joint) < 0) both.joints.push_back(joint);
  }
  return both;
}

// Of faces, from 0.
std::vector<uint8_t> PartClasses(const BodyModel& body) {
  std::vector<uint8_t> classes = PartsOfFaces(body);
  for (uint8_t& of_face : classes) --of_face;
  return classes;
}

}  // namespace

Learner::Learner(const TrainOptions& options, const NetworkSetting& setting, c10::Device device)
    : options_(options),
      device_(device),
      network_(options.network, setting),
      posed_set_(Union(network_->keypoints(), network_->uvd_set())),
      uvd_targets_(network_->uvd_set(), network_->keypoints()) {
  for (const std::string_view joint : network_->uvd_set().joints) {
    uvd_in_posed_.push_back(posed_set_.IndexOf(joint));
  }
  network_->to(device);
  UseChannelsLast(*network_);
  if (setting.body) {
    rest_.emplace(*setting.body);
    layer_ = BodyLayer(*setting.body, posed_set_);
    layer_->to(device);
    const Faces& faces = setting.body->faces;
    const int64_t vertices = setting.body->num_vertices();
    if (options.loss.silhouette > 0 || options.loss.silhouette_pixels > 0) {
      silhouettes_.emplace(faces, vertices);
    }
    if (options.loss.parts > 0) parts_.emplace(faces, vertices, PartClasses(*setting.body));
  }
  optimizer_ = std::make_unique<FusedAdam>(
      ParameterGroups(*network_, options.taught_rate),
      torch::optim::AdamOptions(options.learning_rate).amsgrad(options.amsgrad));
}

Output Learner::Complete(Output said, const Batch& batch, bool with_vertices) const {
  if (!layer_.is_empty() && said.rotations.defined() && said.betas.defined()) {
    const BodyPoints posed =
        layer_->forward(said.rotations, ShapeOf(said.betas, said.expression), with_vertices);
    if (!said.joints.defined()) {
      said.joints = posed.joints.narrow(1, 0, network_->keypoints().size());
      said.set = &network_->keypoints();
    }
    if (!said.vertices.defined()) said.vertices = posed.vertices;
  }
  if (said.mesh.defined()) {
    GYRE_CHECK(!layer_.is_empty());
    const CropCameras cameras = CamerasOf(batch, device_);
    said.mesh_joints = layer_->JointsOfMesh(said.mesh).narrow(1, 0, network_->keypoints().size());
    said.mesh_keypoints =
        ProjectToCrop(said.mesh_joints, PlaceInCrop(said.mesh_camera, cameras, batch.crop_px),
                      cameras, batch.crop_px);
    said.set = &network_->keypoints();
  }
  if (said.joints.defined() && said.path.defined()) {
    said.keypoints = ProjectPinhole(said.joints + said.path.unsqueeze(1),
                                    ScreenCameras(CamerasOf(batch, device_), batch.crop_px));
  }
  if (said.joints.defined() && said.camera.defined()) {
    const CropCameras cameras = CamerasOf(batch, device_);
    said.keypoints = ProjectToCrop(said.joints, PlaceInCrop(said.camera, cameras, batch.crop_px),
                                   cameras, batch.crop_px);
  }
  return said;
}

void Learner::Draw(const Batch& batch, const LossOptions& weights, Output* said) const {
  if (!weights.DrawsBodies() || !said->vertices.defined() || !said->camera.defined()) return;
  const CropCameras cameras = CamerasOf(batch, device_);
  const MeshCameras seen{PlaceInCrop(said->camera, cameras, batch.crop_px), cameras.focal_px,
                         cameras.center_px};
  const CoverageOptions drawing{.size_px = batch.crop_px, .sigma_px = weights.silhouette_sigma_px};
  if (weights.silhouette > 0 || weights.silhouette_pixels > 0) {
    said->silhouette = silhouettes_->forward(said->vertices, seen, drawing).squeeze(1);
  }
  if (weights.parts > 0) said->part_maps = parts_->forward(said->vertices, seen, drawing);
}

void Learner::LeaveOutMissing(Targets* targets) const {
  if (layer_.is_empty()) return;
  for (const int joint : layer_->missing()) {
    if (joint >= targets->set->size()) continue;
    targets->keypoints.select(1, joint).select(1, 2).fill_(0);
    const int64_t in_space = joint - targets->joints_first;
    if (in_space < 0 || in_space >= targets->joints.size(1)) continue;
    targets->joints.select(1, in_space).select(1, 3).fill_(0);
  }
}

void Learner::PoseTargets(const Batch& batch, const Output& output, const LossOptions& weights,
                          Targets* targets) const {
  const at::NoGradGuard no_grad;
  const bool with_mesh = output.mesh.defined() && weights.mesh_vertices > 0;
  const bool with_vertices = weights.vertices > 0 || with_mesh,
             with_uvd = output.uvd_set != nullptr;
  SeenBody seen;
  if (targets->rotations.defined() && (with_vertices || with_uvd || weights.body_joints > 0)) {
    const BodyPoints posed = layer_->forward(
        targets->rotations, ShapeOf(targets->betas, targets->expression), with_vertices);
    targets->vertices = posed.vertices;
    targets->body_joints = posed.joints.narrow(1, 0, targets->set->size());
    if (with_uvd) {
      seen.joints = posed.joints.index_select(1, at::tensor(uvd_in_posed_).to(device_));
      seen.keypoints = ProjectToCrop(seen.joints, targets->translation, CamerasOf(batch, device_),
                                     batch.crop_px);
    }
  }
  if (!with_uvd) return;
  uvd_targets_.AddTo(seen, targets);
  if (layer_.is_empty()) return;
  for (const int joint : layer_->missing()) {
    const auto at = std::ranges::find(uvd_in_posed_, joint);
    if (at != uvd_in_posed_.end()) {
      targets->uvd_weight.select(1, at - uvd_in_posed_.begin()).fill_(0);
    }
  }
}

Losses Learner::LossesOf(const Batch& batch, const Output& said, int64_t step, Teacher& teacher,
                         const RankMean& rank_mean, SupervisionStats* stats) {
  std::optional<Span> phase("forward");
  std::vector<BodyParams> predictions;
  if (rest_ && said.HasBody()) predictions = BodiesFromOutput(said, batch, *rest_);
  phase.emplace("loss");
  LossOptions weights = options_.loss;
  if (step <= weights.vertices_after) weights.vertices = 0;
  if (step <= weights.unlabelled_after) weights.reprojection = weights.bones = 0;
  if (step <= weights.silhouette_after) {
    weights.silhouette = weights.silhouette_pixels = weights.parts = 0;
  }
  const bool with_vertices = weights.vertices > 0 || weights.DrawsBodies();
  // Before the fits: a device of its own poses the bodies while this one's cores fit.
  Output output = Complete(said, batch, with_vertices);
  Draw(batch, weights, &output);
  phase.reset();
  const std::vector<Target> taught = teacher.Step(batch.samples, predictions, step, stats);

  phase.emplace("copy");
  Targets targets = TargetTensors(batch, taught, network_->keypoints(), rest_ ? &*rest_ : nullptr,
                                  {options_.use_labels, options_.loss.fit_sd_rad}, device_);
  LeaveOutMissing(&targets);
  phase.emplace("loss");
  PoseTargets(batch, output, weights, &targets);
  return ComputeLosses(output, targets, weights, rank_mean);
}

Output Learner::Say(const Batch& batch) {
  const at::NoGradGuard no_grad;
  network_->eval();
  return network_->forward(NetworkInputs(batch, options_.network.input, device_));
}

Losses Learner::LossesOf(const Batch& batch, const Output& said, int64_t step, Teacher& teacher,
                         const RankMean& rank_mean) {
  const at::NoGradGuard no_grad;
  SupervisionStats stats;
  return LossesOf(batch, said, step, teacher, rank_mean, &stats);
}

std::vector<BodyParams> Learner::Predict(const Batch& batch) {
  GYRE_CHECK(rest_.has_value());
  return PredictBodies(network_, batch, *rest_, device_);
}

StepReport Learner::Step(const Batch& batch, int64_t step, Teacher& teacher, Ranks& ranks) {
  // Dropout draws from the step, not from what was drawn before it.
  Rng rng(options_.seed, RngStream::kNetwork, static_cast<uint32_t>(ranks.rank()),
          static_cast<uint64_t>(step));
  SeedTorch(rng.NextU32());
  SetLearningRate(optimizer_.get(), LearningRateAt(options_, step, batch.epoch),
                  options_.taught_rate);
  SetBatchNormMomentum(*network_,
                       DecayedMomentum(options_.norm_momentum, options_.norm_momentum_end,
                                       DoneBefore(options_, step)));
  std::optional<Span> phase("copy");
  const at::Tensor inputs = NetworkInputs(batch, options_.network.input, device_);
  phase.emplace("forward");
  network_->train();
  const Output said = network_->forward(inputs);
  phase.reset();
  StepReport report;
  const Losses losses = LossesOf(batch, said, step, teacher, ranks.Mean(), &report.supervision);
  phase.emplace("loss");
  // Of all ranks: if one's is not finite, none takes the step.
  report.loss = ranks.Sum({losses.total.item<double>()})[0] / ranks.count();
  for (const auto& [name, value] : losses.terms) {
    report.terms.emplace_back(name, value.item<double>());
  }
  if (!std::isfinite(report.loss)) {
    report.not_finite = NotFinite(losses, said, batch.samples);
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
