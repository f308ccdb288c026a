// SPDX-License-Identifier: Apache-2.0
#include "fitting/fit_store.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/file.h"
#include "fitting/residuals.h"

namespace gyre {
namespace {

constexpr int kSpinColumns = kNumPoseParams + kNumShapeParams;

bool Finite(const StoredFit& fit) {
  return fit.params.pose.allFinite() && fit.params.betas.allFinite() &&
         fit.params.transl.allFinite() && std::isfinite(fit.score_px2) &&
         std::isfinite(fit.pose_prior);
}

// How far the worst of SMPLify's four angles bends backwards, radians.
double Hyperextension(const BodyParams& params) {
  double worst = 0;
  for (const AnglePriorEntry& angle : kAnglePrior) {
    worst = std::max(worst, angle.sign * params.pose[angle.pose_idx]);
  }
  return worst;
}

}  // namespace

void StorePolicy::Check() const {
  const auto positive = [](const char* field, double value) {
    if (!std::isfinite(value) || value <= 0) {
      ThrowUserError("store option {} is {}; it must be a positive number", field, value);
    }
  };
  positive("max_abs_beta", max_abs_beta);
  positive("prior_ceiling", prior_ceiling);
  positive("max_hyperextension_rad", max_hyperextension_rad);
  positive("accept_px2", accept_px2);
  if (!std::isfinite(prior_margin) || prior_margin < 0) {
    ThrowUserError("store option prior_margin is {}; it must be a number >= 0", prior_margin);
  }
}

StorePolicy StorePolicy::Spin() {
  StorePolicy policy;
  policy.score_only = true;
  return policy;
}

FitStore::FitStore(StorePolicy policy) : policy_(policy) { policy_.Check(); }

FitStore::FitStore(FitStore&& other) noexcept {
  const std::lock_guard lock(other.mutex_);
  policy_ = other.policy_;
  fits_ = std::move(other.fits_);
  counters_ = other.counters_;
}

FitStore::Verdict FitStore::Judge(const StoredFit* stored, const StoredFit& candidate) const {
  if (stored != nullptr && stored->source == FitSource::kTruth) return Verdict::kKept;
  if (!Finite(candidate)) return Verdict::kNotFinite;
  if (!policy_.score_only) {
    if (candidate.params.betas.cwiseAbs().maxCoeff() > policy_.max_abs_beta) return Verdict::kShape;
    if (Hyperextension(candidate.params) > policy_.max_hyperextension_rad) return Verdict::kAngles;
  }
  if (stored != nullptr && !(candidate.score_px2 < stored->score_px2)) return Verdict::kNotBetter;
  if (!policy_.score_only) {
    // A stored fit that is itself beyond the ceiling does not close the door to better ones.
    const double bound =
        stored == nullptr
            ? policy_.prior_ceiling
            : std::max(stored->pose_prior,
                       std::min(stored->pose_prior + policy_.prior_margin, policy_.prior_ceiling));
    if (candidate.pose_prior > bound) return Verdict::kPrior;
  }
  return stored == nullptr ? Verdict::kFirst : Verdict::kImproved;
}

FitStore::Verdict FitStore::Consider(const Key& key, const StoredFit& candidate) {
  const std::lock_guard lock(mutex_);
  const auto found = fits_.find(key);
  const Verdict verdict = Judge(found == fits_.end() ? nullptr : &found->second, candidate);
  ++counters_.considered;
  switch (verdict) {
    case Verdict::kFirst:
      ++counters_.first;
      break;
    case Verdict::kImproved:
      ++counters_.improved;
      break;
    case Verdict::kNotBetter:
      ++counters_.not_better;
      break;
    case Verdict::kShape:
      ++counters_.refused_shape;
      break;
    case Verdict::kPrior:
      ++counters_.refused_prior;
      break;
    case Verdict::kAngles:
      ++counters_.refused_angles;
      break;
    case Verdict::kNotFinite:
      ++counters_.refused_not_finite;
      break;
    case Verdict::kKept:
      ++counters_.kept;
      break;
  }
  if (verdict == Verdict::kFirst || verdict == Verdict::kImproved) fits_[key] = candidate;
  return verdict;
}

void FitStore::Put(const Key& key, const StoredFit& fit) {
  const std::lock_guard lock(mutex_);
  fits_[key] = fit;
}

std::optional<StoredFit> FitStore::Get(const Key& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = fits_.find(key);
  if (found == fits_.end()) return std::nullopt;
  return found->second;
}

bool FitStore::Accepted(const StoredFit& fit) const {
  return fit.source == FitSource::kTruth || fit.score_px2 < policy_.accept_px2;
}

int64_t FitStore::size() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int64_t>(fits_.size());
}

FitStore::Counters FitStore::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

FitStore::Stats FitStore::GetStats(int64_t samples) const {
  const std::lock_guard lock(mutex_);
  Stats stats;
  stats.fits = static_cast<int64_t>(fits_.size());
  int64_t accepted = 0, scored = 0;
  for (const auto& [key, fit] : fits_) {
    accepted += Accepted(fit);
    if (fit.source == FitSource::kTruth || !std::isfinite(fit.score_px2)) continue;
    stats.mean_score_px2 += fit.score_px2;
    ++scored;
  }
  if (samples > 0) stats.share_with_fit = static_cast<double>(stats.fits) / samples;
  if (stats.fits > 0) stats.accepted_share = static_cast<double>(accepted) / stats.fits;
  if (scored > 0) stats.mean_score_px2 /= scored;
  return stats;
}

Npz FitStore::ToNpz() const {
  const std::lock_guard lock(mutex_);
  const int64_t n = static_cast<int64_t>(fits_.size());
  std::vector<std::string> dataset;
  std::vector<int64_t> index, observed, step;
  std::vector<int8_t> source;
  RowMatX pose(n, kNumPoseParams), betas(n, kNumShapeParams), transl(n, 3), center(n, 2);
  std::vector<double> focal, score, prior;
  int64_t row = 0;
  for (const auto& [key, fit] : fits_) {
    dataset.push_back(key.first);
    index.push_back(key.second);
    pose.row(row) = fit.params.pose;
    betas.row(row) = fit.params.betas;
    transl.row(row) = fit.params.transl;
    focal.push_back(fit.camera.focal_px);
    center.row(row) = fit.camera.center_px;
    score.push_back(fit.score_px2);
    prior.push_back(fit.pose_prior);
    observed.push_back(fit.observed_joints);
    source.push_back(static_cast<int8_t>(fit.source));
    step.push_back(fit.step);
    ++row;
  }
  Npz npz;
  npz["dataset"] = NdArray::FromStrings(dataset);
  npz["index"] = NdArray::From<int64_t>({n}, index);
  npz["pose"] = NdArray::FromMatrix(pose);
  npz["betas"] = NdArray::FromMatrix(betas);
  npz["transl"] = NdArray::FromMatrix(transl);
  npz["focal_px"] = NdArray::From<double>({n}, focal);
  npz["center_px"] = NdArray::FromMatrix(center);
  npz["score_px2"] = NdArray::From<double>({n}, score);
  npz["pose_prior"] = NdArray::From<double>({n}, prior);
  npz["observed_joints"] = NdArray::From<int64_t>({n}, observed);
  npz["source"] = NdArray::From<int8_t>({n}, source);
  npz["step"] = NdArray::From<int64_t>({n}, step);
  return npz;
}

FitStore FitStore::FromNpz(const Npz& npz, const std::filesystem::path& what, StorePolicy policy) {
  const NdArray& dataset = gyre::Get(npz, "dataset", what);
  dataset.CheckShape({-1}, fmt::format("{}, key dataset", what.string()));
  const int64_t n = dataset.size();
  if (n > 0 && dataset.dtype != DType::kString) {
    ThrowUserError("{}, key dataset: expected strings, found {}", what.string(),
                   DTypeName(dataset.dtype));
  }
  const auto read = [&]<typename T>(const char* key, int64_t columns, T) {
    const NdArray& array = gyre::Get(npz, key, what);
    const std::string where = fmt::format("{}, key {}", what.string(), key);
    if (columns == 1) {
      array.CheckShape({n}, where);
    } else {
      array.CheckShape({n, columns}, where);
    }
    return array.As<T>(where);
  };
  const auto index = read("index", 1, int64_t{});
  const auto pose = read("pose", kNumPoseParams, double{});
  const auto betas = read("betas", kNumShapeParams, double{});
  const auto transl = read("transl", 3, double{});
  const auto focal = read("focal_px", 1, double{});
  const auto center = read("center_px", 2, double{});
  const auto score = read("score_px2", 1, double{});
  const auto prior = read("pose_prior", 1, double{});
  const auto observed = read("observed_joints", 1, int64_t{});
  const auto source = read("source", 1, int64_t{});
  const auto step = read("step", 1, int64_t{});

  FitStore store(policy);
  for (int64_t i = 0; i < n; ++i) {
    if (source[i] < 0 || source[i] > static_cast<int64_t>(FitSource::kTruth)) {
      ThrowUserError("{}, key source, row {}: {} is not a source of fits (0 to 3)", what.string(),
                     i, source[i]);
    }
    StoredFit fit;
    fit.params.pose = Eigen::Map<const VecX>(&pose[i * kNumPoseParams], kNumPoseParams);
    fit.params.betas = Eigen::Map<const VecX>(&betas[i * kNumShapeParams], kNumShapeParams);
    fit.params.transl = Eigen::Map<const Vec3>(&transl[3 * i]);
    fit.camera = {focal[i], {center[2 * i], center[2 * i + 1]}};
    fit.score_px2 = score[i];
    fit.pose_prior = prior[i];
    fit.observed_joints = static_cast<int>(observed[i]);
    fit.source = static_cast<FitSource>(source[i]);
    fit.step = step[i];
    store.fits_[{dataset.strings[i], index[i]}] = fit;
  }
  return store;
}

void FitStore::Save(const std::filesystem::path& path) const { WriteNpz(path, ToNpz()); }

FitStore FitStore::Load(const std::filesystem::path& path, StorePolicy policy) {
  return FromNpz(ReadNpz(path), path, policy);
}

void FitStore::ExportSpin(const std::filesystem::path& path, const std::string& dataset,
                          int64_t rows) const {
  RowMatX table = RowMatX::Zero(rows, kSpinColumns);
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, fit] : fits_) {
      if (key.first != dataset || key.second < 0 || key.second >= rows) continue;
      table.row(key.second) << fit.params.pose.transpose(), fit.params.betas.transpose();
    }
  }
  WriteFileAtomically(path, FormatNpy(NdArray::FromMatrix(table)));
}

void FitStore::ImportSpin(const std::filesystem::path& path, const std::string& dataset) {
  const NdArray array = ReadNpy(path);
  array.CheckShape({-1, kSpinColumns}, path.string());
  const std::vector<double> table = array.As<double>(path.string());
  const std::lock_guard lock(mutex_);
  for (int64_t row = 0; row < array.dim(0); ++row) {
    const Eigen::Map<const VecX> values(&table[row * kSpinColumns], kSpinColumns);
    if (!values.allFinite()) {
      ThrowUserError("{}, row {}: a value is not finite", path.string(), row);
    }
    if (values.isZero(0)) continue;
    StoredFit fit;
    fit.params.pose = values.head<kNumPoseParams>();
    fit.params.betas = values.tail<kNumShapeParams>();
    fit.camera = SpinCropCamera();
    fit.score_px2 = std::numeric_limits<double>::infinity();
    fit.source = FitSource::kStatic;
    fits_[{dataset, row}] = fit;
  }
}

}  // namespace gyre
