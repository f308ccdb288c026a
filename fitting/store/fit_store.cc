// SPDX-License-Identifier: Apache-2.0
#include "fitting/store/fit_store.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "fitting/terms/angle_prior.h"

namespace gyre {
namespace {

// How far the worst of SMPLify's four angles bends backwards, radians.
double Hyperextension(const BodyParams& params) {
  double worst = 0;
  static const std::vector<AnglePriorEntry> hinges = HingeAngles(SmplLayout());
  for (const AnglePriorEntry& angle : hinges) {
    if (angle.pose_idx >= params.pose().size()) continue;
    worst = std::max(worst, angle.sign * params.pose()[angle.pose_idx]);
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
  AcceptPx2("");
}

double StorePolicy::AcceptPx2(const std::string& dataset) const {
  double accept = accept_px2;
  for (const std::string& entry : accept_px2_of) {
    const size_t equals = entry.rfind('=');
    double value = 0;
    const char* const end = entry.data() + entry.size();
    if (equals != std::string::npos) {
      const auto parsed = std::from_chars(entry.data() + equals + 1, end, value);
      if (parsed.ec != std::errc() || parsed.ptr != end) value = 0;
    }
    if (!std::isfinite(value) || value <= 0) {
      ThrowUserError("store option accept_px2_of: '{}' is not NAME=PX2 with a positive number",
                     entry);
    }
    if (entry.substr(0, equals) == dataset) accept = value;
  }
  return accept;
}

StorePolicy StorePolicy::Spin() {
  StorePolicy policy;
  policy.rule = StoreRule::kSpin;
  return policy;
}

double StorePolicy::ScoreOf(const FitScore& score) const {
  switch (rule) {
    case StoreRule::kSpin:
      return score.spin_score_px2;
    case StoreRule::kGuarded:
      return score.score_px2;
    case StoreRule::kObjective:
      return score.objective_px2;
  }
  GYRE_CHECK(false, "no such rule");
  return 0;
}

FitStore::FitStore(StorePolicy policy, FitFile file) : policy_(std::move(policy)) {
  policy_.Check();
  files_.push_back(std::move(file));
}

FitStore::FitStore(StorePolicy policy, std::vector<FitFile> files)
    : policy_(std::move(policy)), files_(std::move(files)) {
  policy_.Check();
}

FitStore::Verdict FitStore::Judge(const StoredFit* stored, const StoredFit& candidate) const {
  if (stored != nullptr && stored->source == FitSource::kTruth) return Verdict::kKept;
  // A fit of the keypoints scores better and knows less.
  if (stored != nullptr && stored->source == FitSource::kMasks &&
      candidate.source != FitSource::kMasks) {
    return Verdict::kKept;
  }
  if (!candidate.IsSound() || !std::isfinite(candidate.score_px2)) return Verdict::kNotFinite;
  if (policy_.rule == StoreRule::kGuarded) {
    if ((candidate.params.betas().array().abs() > policy_.max_abs_beta).any()) {
      return Verdict::kShape;
    }
    if (Hyperextension(candidate.params) > policy_.max_hyperextension_rad) return Verdict::kAngles;
  }
  if (stored != nullptr && !(candidate.score_px2 < stored->score_px2)) return Verdict::kNotBetter;
  if (policy_.rule == StoreRule::kGuarded) {
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

FitStore::Verdict FitStore::Consider(const Key& key, const StoredFit& candidate, int64_t file_idx) {
  FitFile& file = files_[static_cast<size_t>(file_idx)];
  const int64_t position = file.Position(key.first, key.second);
  GYRE_CHECK(position >= 0, "{} has no row {}", key.first, key.second);
  const std::optional<StoredFit> stored = file.Read(position);
  const Verdict verdict = Judge(stored ? &*stored : nullptr, candidate);
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
  if (verdict == Verdict::kFirst || verdict == Verdict::kImproved) file.Write(position, candidate);
  return verdict;
}

std::optional<StoredFit> FitStore::Get(const Key& key) const {
  for (const FitFile& file : files_) {
    const int64_t position = file.Position(key.first, key.second);
    if (auto fit = position < 0 ? std::nullopt : file.Read(position)) return fit;
  }
  return std::nullopt;
}

void FitStore::Sync() {
  for (FitFile& file : files_) file.Sync();
}

void FitStore::Protect(int64_t step) {
  for (FitFile& file : files_) file.Protect(step);
}

bool FitStore::Accepted(const std::string& dataset, const StoredFit& fit) const {
  const bool robust = policy_.rule == StoreRule::kObjective && std::isfinite(fit.score_px2);
  return fit.source == FitSource::kTruth ||
         (robust ? fit.robust_px2 : fit.score_px2) < policy_.AcceptPx2(dataset);
}

FitStore::Stats FitStore::GetStats(int64_t samples) const {
  Stats stats;
  for (const FitFile& file : files_) {
    for (int64_t p = file.NextUsed(0); p < file.size(); p = file.NextUsed(p + 1)) {
      const std::optional<StoredFit> fit = file.Read(p);
      if (!fit) continue;
      ++stats.fits;
      stats.accepted += Accepted(file.datasets()[file.At(p).first].name, *fit);
      if (fit->source == FitSource::kTruth || !std::isfinite(fit->score_px2)) continue;
      stats.mean_score_px2 += fit->score_px2;
      ++stats.scored;
    }
  }
  if (samples > 0) stats.share_with_fit = static_cast<double>(stats.fits) / samples;
  if (stats.fits > 0) stats.accepted_share = static_cast<double>(stats.accepted) / stats.fits;
  if (stats.scored > 0) stats.mean_score_px2 /= stats.scored;
  return stats;
}

}  // namespace gyre
