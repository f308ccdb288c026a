// SPDX-License-Identifier: Apache-2.0
#include "loop/validation.h"

#include <cmath>

#include "core/error.h"
#include "metrics/errors.h"

namespace gyre {
namespace {

// JSON has no NaN: what cannot be said is null.
nlohmann::json NumberOrNull(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
}

Points2 ProjectAll(const Camera& camera, const Points3& points) {
  Points2 projected(points.rows(), 2);
  for (int i = 0; i < points.rows(); ++i) {
    projected.row(i) = camera.Project(points.row(i).transpose()).transpose();
  }
  return projected;
}

}  // namespace

SampleEvaluation::SampleEvaluation(std::shared_ptr<const Fitter> fitter, bool with_vertices)
    : fitter_(std::move(fitter)),
      with_vertices_(with_vertices),
      in_space_(FindProtocol("synthetic")),
      in_image_(FindProtocol("lsp-2d")) {}

double SampleEvaluation::Add(const Sample& sample, const BodyParams& params) {
  const Points3 joints = fitter_->Joints(params);
  const Points2 pixels = ProjectAll(ImageCamera(sample), joints);
  static const std::vector<int> lsp = SpinPositionsOf(FindKeypointSet("lsp14"));
  Points2 predicted_px(lsp.size(), 2), true_px(lsp.size(), 2);
  VecX visible(lsp.size());
  for (size_t i = 0; i < lsp.size(); ++i) {
    predicted_px.row(i) = pixels.row(lsp[i]);
    true_px.row(i) = sample.keypoints_px.row(lsp[i]);
    visible[i] = sample.keypoints_confidence[lsp[i]];
  }
  in_image_.Add(predicted_px, true_px, visible, sample.box.side_px);
  if (!sample.params) {
    return MeanError(PointErrors(predicted_px, true_px, visible)) / sample.box.side_px;
  }
  ++with_truth_;
  const Points3 truth = fitter_->Joints(*sample.params);
  if (with_vertices_) {
    in_space_.Add(joints, truth, VecX::Ones(kNumSpinJoints),
                  PoseBody(fitter_->body(), params).vertices,
                  PoseBody(fitter_->body(), *sample.params).vertices);
  } else {
    in_space_.Add(joints, truth, VecX::Ones(kNumSpinJoints));
  }
  Evaluation one(FindProtocol("synthetic"));
  one.Add(joints, truth, VecX::Ones(kNumSpinJoints));
  return one.Result().Get("pa_mpjpe_mm").value;
}

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
    const Points2 pixels = ProjectAll(ImageCamera(sample), fitter.Joints(fit->params));
    for (const int joint : sample.held_out) {
      errors.Add((pixels.row(joint) - sample.keypoints_px.row(joint)).norm() / sample.box.side_px);
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
  SampleEvaluation network(supervisor_->fitter_ptr()), fits(supervisor_->fitter_ptr());
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
      samples_.push_back({sample, predictions[i], network.Add(sample, predictions[i])});
      const auto fit = supervisor_->store().Get({sample.dataset, sample.index});
      if (!fit) continue;
      ++with_fit;
      accepted += supervisor_->store().Accepted(sample.dataset, *fit) ? 1 : 0;
      reprojection +=
          supervisor_->fitter().Score(MakeFitProblem(sample), fit->params).reprojection_px;
      fits.Add(sample, fit->params);
    }
  }
  if (samples_.empty()) ThrowUserError("the validation set has no usable sample");

  nlohmann::json json;
  json["val_samples"] = samples_.size();
  if (network.has_truth()) {
    const EvaluationResult net = network.Result3D(), fit = fits.Result3D();
    json["val_network_pa_mpjpe_mm"] = NumberOrNull(net.Get("pa_mpjpe_mm").value);
    json["val_network_mpjpe_mm"] = NumberOrNull(net.Get("mpjpe_mm").value);
    json["val_fits_pa_mpjpe_mm"] = NumberOrNull(fit.Get("pa_mpjpe_mm").value);
    json["val_fits_mpjpe_mm"] = NumberOrNull(fit.Get("mpjpe_mm").value);
  }
  const EvaluationResult image = network.Result2D();
  json["val_pck20"] = NumberOrNull(image.Get("pck20_torso").value);
  json["val_box_error"] = NumberOrNull(image.Get("box_error").value);
  json["val_fits_accepted_share"] = accepted / static_cast<double>(samples_.size());
  json["val_fits_reprojection_px"] =
      NumberOrNull(with_fit > 0 ? reprojection / static_cast<double>(with_fit) : std::nan(""));
  return json;
}

}  // namespace gyre
