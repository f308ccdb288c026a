// SPDX-License-Identifier: Apache-2.0
#include "loop/validation.h"

#include <cmath>

#include "core/error.h"
#include "loop/sample_evaluation.h"

namespace gyre {
namespace {

// JSON has no NaN: what cannot be said is null.
nlohmann::json NumberOrNull(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
}

// The protocol "synthetic" without its vertices: a mesh takes 5 ms to pose.
Protocol SyntheticJoints() {
  Protocol protocol = FindProtocol("synthetic");
  std::erase(protocol.metrics, MetricKind::kPve);
  return protocol;
}

// See EvaluatedSample.
double ErrorOf(const Dataset& set, const Sample& sample, const BodyParams& params,
               const std::shared_ptr<const Fitter>& fitter) {
  SampleEvaluation one(sample.params ? SyntheticJoints() : FindProtocol("lsp-2d"), fitter);
  one.Add(set, sample, params);
  return one.Result().Get(sample.params ? "pa_mpjpe_mm" : "box_error").value;
}

}  // namespace

double StoredFitsError(const FitStore& store, const Dataset& data, const Fitter& fitter) {
  Evaluation evaluation(FindProtocol("synthetic"));
  for (int64_t i = 0; i < data.size(); ++i) {
    const Sample sample = data.Get(i);
    if (!sample.params) continue;
    const std::optional<StoredFit> fit = store.Get({sample.dataset, sample.index});
    if (!fit) continue;
    evaluation.Add(fitter.Joints(fit->params), fitter.Joints(*sample.params),
                   VecX::Ones(kNumSpinJoints));
  }
  return evaluation.Result().Get("pa_mpjpe_mm").value;
}

Meter HeldOutErrors(const FitStore& store, const Dataset& data, const Fitter& fitter) {
  Meter errors;
  for (int64_t i = 0; i < data.size(); ++i) {
    const Sample sample = data.Get(i);
    if (sample.held_out.empty()) continue;
    const std::optional<StoredFit> fit = store.Get({sample.dataset, sample.index});
    if (!fit) continue;
    const Camera camera = ImageCamera(sample);
    const Points3 joints = fitter.Joints(fit->params);
    for (const int joint : sample.held_out) {
      const Vec2 pixel = camera.Project(joints.row(joint).transpose());
      errors.Add((pixel - sample.keypoints_px.row(joint).transpose()).norm() / sample.box.side_px);
    }
  }
  return errors;
}

Validator::Validator(Mixture data, const LoaderOptions& loading,
                     std::unique_ptr<Supervisor> supervisor)
    : data_(std::move(data)), loader_options_(loading), supervisor_(std::move(supervisor)) {}

const Dataset& Validator::DatasetOf(const Sample& sample) const {
  for (const auto& set : data_.sets) {
    if (set->name() == sample.dataset) return *set;
  }
  GYRE_CHECK(false, "no data set {}", sample.dataset);
  return *data_.sets.front();
}

nlohmann::json Validator::Run(const PredictFunction& predict, int64_t step) {
  samples_.clear();
  const auto& fitter = supervisor_->fitter_ptr();
  SampleEvaluation network(SyntheticJoints(), fitter), fits(SyntheticJoints(), fitter);
  SampleEvaluation in_image(FindProtocol("lsp-2d"), fitter);
  Loader loader(data_, loader_options_);
  double accepted = 0, reprojection = 0;
  int64_t with_fit = 0;
  for (int64_t batch_idx = 0; batch_idx < loader.steps_per_epoch(); ++batch_idx) {
    const Batch batch = loader.Next();
    const std::vector<BodyParams> predictions = predict(batch);
    SupervisionStats stats;
    supervisor_->Step(batch.samples, predictions, step, &stats);
    for (int i = 0; i < batch.size(); ++i) {
      const Sample& sample = batch.samples[i];
      const Dataset& set = *data_.sets[batch.set_idx[i]];
      network.Add(set, sample, predictions[i]);
      in_image.Add(set, sample, predictions[i]);
      samples_.push_back({sample, predictions[i], ErrorOf(set, sample, predictions[i], fitter)});
      const auto fit = supervisor_->store().Get({sample.dataset, sample.index});
      if (!fit) continue;
      ++with_fit;
      accepted += supervisor_->store().Accepted(sample.dataset, *fit) ? 1 : 0;
      reprojection +=
          supervisor_->fitter().Score(MakeFitProblem(sample), fit->params).reprojection_px;
      fits.Add(set, sample, fit->params);
    }
  }
  if (samples_.empty()) ThrowUserError("the validation set has no usable sample");

  nlohmann::json json;
  json["val_samples"] = samples_.size();
  if (network.samples() > 0) {
    const EvaluationResult net = network.Result(), fit = fits.Result();
    json["val_network_pa_mpjpe_mm"] = NumberOrNull(net.Get("pa_mpjpe_mm").value);
    json["val_network_mpjpe_mm"] = NumberOrNull(net.Get("mpjpe_mm").value);
    json["val_fits_pa_mpjpe_mm"] = NumberOrNull(fit.Get("pa_mpjpe_mm").value);
    json["val_fits_mpjpe_mm"] = NumberOrNull(fit.Get("mpjpe_mm").value);
  }
  const EvaluationResult image = in_image.Result();
  json["val_pck20"] = NumberOrNull(image.Get("pck20_torso").value);
  json["val_box_error"] = NumberOrNull(image.Get("box_error").value);
  json["val_fits_accepted_share"] = accepted / static_cast<double>(samples_.size());
  json["val_fits_reprojection_px"] =
      NumberOrNull(with_fit > 0 ? reprojection / static_cast<double>(with_fit) : std::nan(""));
  return json;
}

}  // namespace gyre
