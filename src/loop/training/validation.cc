// SPDX-License-Identifier: Apache-2.0
#include "loop/training/validation.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "fitting/person_problem.h"
#include "fitting/store/fit_record.h"
#include "loop/evaluation/body_errors.h"
#include "loop/evaluation/body_velocity.h"
#include "loop/evaluation/part_errors.h"
#include "loop/evaluation/sample_evaluation.h"
#include "metrics/shape_errors.h"

namespace gyre {
namespace {

// JSON has no NaN: what cannot be said is null.
nlohmann::json NumberOrNull(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
}

// A sample as it goes from rank to rank: set, position, whether it has a fit, prediction (doubles);
// the fit's record.
constexpr int kSampleNumbers = 3;

size_t MessageBytes(const BodyLayout& layout) {
  return (kSampleNumbers + layout.num_params()) * sizeof(double) + FitRecordBytes(layout);
}

void AppendMessage(const EvaluatedSample& one, const BodyLayout& layout, std::string* bytes) {
  const auto append = [&](double value) {
    bytes->append(reinterpret_cast<const char*>(&value), sizeof(value));
  };
  append(one.set_idx);
  append(static_cast<double>(one.sample.position));
  append(one.fit ? 1 : 0);
  for (const double value : one.prediction.values()) append(value);
  std::string record(FitRecordBytes(layout), '\0');
  if (one.fit) EncodeFitRecord({.fit = *one.fit}, one.sample.position, record);
  *bytes += record;
}

EvaluatedSample ReadMessage(std::string_view bytes, const BodyLayout& layout, const Mixture& data) {
  const auto take = [&] {
    double value;
    std::memcpy(&value, bytes.data(), sizeof(value));
    bytes.remove_prefix(sizeof(value));
    return value;
  };
  EvaluatedSample one;
  one.set_idx = static_cast<int>(take());
  const auto position = static_cast<int64_t>(take());
  one.sample = data.sets[one.set_idx]->Get(position);
  one.sample.position = position;
  const bool has_fit = take() != 0;
  one.prediction = BodyParams(layout);
  for (double& value : one.prediction.values()) value = take();
  if (!has_fit) return one;
  FitRecord record;
  GYRE_CHECK(DecodeFitRecord(bytes, position, layout, &record) == RecordState::kWhole);
  one.fit = record.fit;
  return one;
}

// The values of all ranks, on the first.
Meter GatherMeter(const Meter& own, const Ranks& ranks) {
  std::vector<double> numbers = own.values();
  numbers.insert(numbers.end(), own.failed(), std::numeric_limits<double>::infinity());
  const auto* const begin = reinterpret_cast<const char*>(numbers.data());
  Meter all;
  for (const std::string& bytes :
       ranks.Gather(std::string(begin, begin + numbers.size() * sizeof(double)))) {
    VecX values(bytes.size() / sizeof(double));
    std::memcpy(values.data(), bytes.data(), bytes.size());
    all.Add(values);
  }
  return all;
}

BodyOfSample BodiesIn(const FitStore& store) {
  return [&store](const Person& sample) -> std::optional<BodyParams> {
    const std::optional<StoredFit> fit = store.Get({sample.dataset, sample.index});
    if (!fit) return std::nullopt;
    return fit->params;
  };
}

// The entry `key`, where anybody was followed over frames.
void DescribeVelocity(const BodyVelocity& velocity, const char* key, nlohmann::json* json) {
  const Meter& errors = velocity.errors_mm();
  if (errors.count() > 0) (*json)[key] = errors.Mean();
}

// Entries PREFIX_median and PREFIX_within_10, where anything was held out.
void DescribeHeldOut(const Meter& errors, const std::string& prefix, nlohmann::json* json) {
  if (errors.count() == 0) return;
  (*json)[prefix + "_median"] = errors.Median();
  (*json)[prefix + "_within_10"] = errors.ShareBelow(0.1);
}

// Of one rank's own people: others' frames lie between theirs.
void AddVelocities(const Dataset& set, int set_idx, const BodyOfSample& body_of,
                   const DataShards& data_shards, BodyVelocity* velocity) {
  for (int64_t i = data_shards.rank; i < set.size(); i += data_shards.ranks) {
    const Person sample = set.Get(i);
    if (sample.track < 0) continue;
    if (const auto params = body_of(sample)) velocity->Add(sample, set_idx, *params);
  }
}

// Entries PREFIX_hands_pa_mm and PREFIX_face_pa_mm, where anything was measured.
void DescribeParts(const PartErrors& errors, const std::string& prefix, nlohmann::json* json) {
  const auto describe = [&](const Meter& meter, const char* name) {
    if (meter.count() > 0) (*json)[prefix + name] = meter.Mean();
  };
  describe(errors.hands_mm(), "_hands_pa_mm");
  describe(errors.face_mm(), "_face_pa_mm");
}

struct ShapeMeters {
  Meter tpose, girth;

  void Add(const BodyModel& body, const BodyParams& params, const BodyParams& truth) {
    const ShapeErrors errors =
        ErrorsOf(MeasureShape(body, params.shape()), MeasureShape(body, truth.shape()));
    tpose.Add(errors.tpose_mm);
    girth.Add(errors.girth_mm);
  }
  // Entries PREFIX_tpose_mm and PREFIX_girth_mm, where anything was measured.
  void Describe(const std::string& prefix, nlohmann::json* json) const {
    if (tpose.count() == 0) return;
    (*json)[prefix + "_tpose_mm"] = NumberOrNull(tpose.Mean());
    (*json)[prefix + "_girth_mm"] = NumberOrNull(girth.Mean());
  }
};

}  // namespace

nlohmann::json DescribeFits(const Supervisor& supervisor, const Mixture& data, Ranks* ranks) {
  const FitStore& store = supervisor.store();
  FitStore::Stats stats;
  std::vector<Meter> errors;  // of each set
  Meter held_out;
  const EvaluationBody body(supervisor.fitter().body());
  BodyVelocity velocity(body);
  ranks->Together([&] {
    stats = store.GetStats(data.size());
    int set_idx = 0;
    for (const auto& set : data.sets) {
      AddVelocities(*set, set_idx++, BodiesIn(store), supervisor.data_shards(), &velocity);
      errors.push_back(TruthErrors(*set, BodiesIn(store), body, supervisor.data_shards()));
      held_out.Merge(HeldOutErrors(*set, BodiesIn(store), body, supervisor.data_shards()));
    }
  });
  std::vector<double> sums = {static_cast<double>(stats.fits), static_cast<double>(stats.accepted),
                              static_cast<double>(stats.scored),
                              stats.mean_score_px2 * static_cast<double>(stats.scored)};
  for (const Meter& of_set : errors) {
    const auto count = static_cast<double>(of_set.count());
    sums.push_back(count);
    sums.push_back(count > 0 ? of_set.Mean() * count : 0);
  }
  sums = ranks->Sum(std::move(sums));
  held_out = GatherMeter(held_out, *ranks);

  nlohmann::json json = nlohmann::json::object();
  if (sums[0] == 0) return json;
  json["train_fits_accepted_share"] = sums[1] / static_cast<double>(data.size());
  json["train_fits_score_px2"] = sums[2] > 0 ? sums[3] / sums[2] : 0;
  Meter over_sets;
  for (size_t i = 4; i < sums.size(); i += 2) over_sets.Add(sums[i + 1] / sums[i]);
  if (over_sets.count() > 0) json["train_fits_pa_mpjpe_mm"] = over_sets.Mean();
  DescribeVelocity(velocity, "train_fits_mpjve_mm", &json);
  DescribeHeldOut(held_out, "train_fits_held_out", &json);
  return json;
}

Validator::Validator(Mixture data, const LoaderOptions& loading,
                     std::unique_ptr<Supervisor> supervisor)
    : data_(std::move(data)),
      loader_options_(loading),
      supervisor_(std::move(supervisor)),
      body_(supervisor_->fitter().body()) {}

const Dataset& Validator::DatasetOf(const Person& sample) const {
  for (const auto& set : data_.sets) {
    if (set->name() == sample.dataset) return *set;
  }
  GYRE_CHECK(false, "no data set {}", sample.dataset);
  return *data_.sets.front();
}

void Validator::EvaluateOwn(const PredictFunction& predict, int64_t step, const Ranks& ranks) {
  Loader loader(data_, loader_options_);
  for (int64_t i = 0; i < loader.steps_per_epoch() && !ranks.Interrupted(); ++i) {
    const Batch batch = loader.Next();
    if (batch.size() == 0) continue;  // all are other ranks'
    const std::vector<BodyParams> predictions = predict(batch);
    SupervisionStats stats;
    supervisor_->Step(batch.samples, predictions, step, &stats);
    for (int k = 0; k < batch.size(); ++k) {
      const Person& sample = batch.samples[k];
      samples_.push_back({sample, batch.set_idx[k], predictions[k],
                          supervisor_->store().Get({sample.dataset, sample.index})});
    }
  }
}

nlohmann::json Validator::Run(const PredictFunction& predict, int64_t step, bool with_vertices,
                              Ranks* ranks) {
  samples_.clear();
  ranks->Together([&] { EvaluateOwn(predict, step, *ranks); });
  const BodyLayout& layout = *supervisor_->fitter().body().layout;
  std::string bytes;
  for (const EvaluatedSample& one : samples_) {
    if (!ranks->first()) AppendMessage(one, layout, &bytes);
  }
  const std::vector<std::string> of_others = ranks->Gather(bytes);
  nlohmann::json json = nlohmann::json::object();
  ranks->Together([&] {
    if (!ranks->first()) return;
    const size_t size = MessageBytes(layout);
    for (const std::string_view of_one : of_others) {
      for (size_t at = 0; at < of_one.size(); at += size) {
        samples_.push_back(ReadMessage(of_one.substr(at, size), layout, data_));
      }
    }
    std::sort(samples_.begin(), samples_.end(), [](const auto& a, const auto& b) {
      return std::pair(a.set_idx, a.sample.position) < std::pair(b.set_idx, b.sample.position);
    });
    json = Summarise(with_vertices);
  });
  return json;
}

nlohmann::json Validator::Summarise(bool with_vertices) {
  if (samples_.empty()) ThrowUserError("the validation set has no usable sample");
  const Fitter& fitter = supervisor_->fitter();
  SampleEvaluation network(with_vertices ? FindProtocol("synthetic") : SyntheticJoints(), body_),
      fits(SyntheticJoints(), body_);
  SampleEvaluation in_image(FindProtocol("lsp-2d"), body_);
  Meter held_out;
  BodyVelocity network_velocity(body_), fits_velocity(body_);
  ShapeMeters network_shape, fits_shape;
  PartErrors network_parts(fitter.body()), fits_parts(fitter.body());
  const bool with_shape = with_vertices && HasWaist(fitter.body());
  double accepted = 0, reprojection = 0;
  int64_t with_fit = 0;
  for (EvaluatedSample& one : samples_) {
    const Dataset& set = *data_.sets[one.set_idx];
    network.Add(set, one.sample, one.prediction);
    in_image.Add(set, one.sample, one.prediction);
    AddHeldOutErrors(one.sample, one.prediction, body_, &held_out);
    network_velocity.Add(one.sample, one.set_idx, one.prediction);
    one.error = SampleError(set, one.sample, one.prediction, body_);
    if (one.sample.params) network_parts.Add(one.prediction, *one.sample.params);
    const bool true_shape = with_shape && one.sample.params;
    if (true_shape) network_shape.Add(fitter.body(), one.prediction, *one.sample.params);
    if (!one.fit) continue;
    ++with_fit;
    accepted += supervisor_->store().Accepted(one.sample.dataset, *one.fit) ? 1 : 0;
    reprojection += fitter.Score(ProblemInCrop(one.sample), one.fit->params).reprojection_px;
    fits.Add(set, one.sample, one.fit->params);
    fits_velocity.Add(one.sample, one.set_idx, one.fit->params);
    if (one.sample.params) fits_parts.Add(one.fit->params, *one.sample.params);
    if (true_shape) fits_shape.Add(fitter.body(), one.fit->params, *one.sample.params);
  }

  nlohmann::json json;
  json["val_samples"] = samples_.size();
  if (network.samples() > 0) {
    const EvaluationResult net = network.Result(), fit = fits.Result();
    json["val_network_pa_mpjpe_mm"] = NumberOrNull(net.Get("pa_mpjpe_mm").value);
    json["val_network_mpjpe_mm"] = NumberOrNull(net.Get("mpjpe_mm").value);
    if (with_vertices) json["val_network_pve_mm"] = NumberOrNull(net.Get("pve_mm").value);
    json["val_fits_pa_mpjpe_mm"] = NumberOrNull(fit.Get("pa_mpjpe_mm").value);
    json["val_fits_mpjpe_mm"] = NumberOrNull(fit.Get("mpjpe_mm").value);
  }
  DescribeVelocity(network_velocity, "val_network_mpjve_mm", &json);
  DescribeVelocity(fits_velocity, "val_fits_mpjve_mm", &json);
  DescribeParts(network_parts, "val_network", &json);
  DescribeParts(fits_parts, "val_fits", &json);
  network_shape.Describe("val_network", &json);
  fits_shape.Describe("val_fits", &json);
  const EvaluationResult image = in_image.Result();
  json["val_pck20"] = NumberOrNull(image.Get("pck20_torso").value);
  json["val_box_error"] = NumberOrNull(image.Get("box_error").value);
  DescribeHeldOut(held_out, "val_network_held_out", &json);
  json["val_fits_accepted_share"] = accepted / static_cast<double>(samples_.size());
  json["val_fits_reprojection_px"] =
      NumberOrNull(with_fit > 0 ? reprojection / static_cast<double>(with_fit) : std::nan(""));
  return json;
}

}  // namespace gyre
