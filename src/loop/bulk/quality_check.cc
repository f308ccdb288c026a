// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/quality_check.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/types.h"

namespace gyre {
namespace {

// Weights of the columns of x, of which the first is 1.
VecX FitLogistic(const RowMatX& x, const VecX& good) {
  constexpr double kRidge = 1;
  constexpr int kMostSteps = 100;
  RowMatX scaled = x;
  VecX mean = x.colwise().mean(), deviation = VecX::Ones(x.cols());
  mean[0] = 0;
  for (int c = 1; c < x.cols(); ++c) {
    const double spread = std::sqrt((x.col(c).array() - mean[c]).square().mean());
    deviation[c] = std::max(spread, 1e-9);
    scaled.col(c) = (x.col(c).array() - mean[c]) / deviation[c];
  }
  VecX ridge = VecX::Constant(x.cols(), kRidge);
  ridge[0] = 0;
  VecX weights = VecX::Zero(x.cols());
  for (int step = 0; step < kMostSteps; ++step) {
    const VecX p = (1 + (-(scaled * weights).array()).exp()).inverse();
    const VecX gradient = scaled.transpose() * (p - good) + ridge.cwiseProduct(weights);
    const VecX curve = p.array() * (1 - p.array());
    RowMatX normal = scaled.transpose() * curve.asDiagonal() * scaled;
    normal.diagonal() += ridge;
    const VecX move = normal.ldlt().solve(gradient);
    weights -= move;
    if (move.cwiseAbs().maxCoeff() < 1e-10) break;
  }
  weights = weights.cwiseQuotient(deviation);
  weights[0] -= weights.tail(weights.size() - 1).dot(mean.tail(mean.size() - 1));
  return weights;
}

template <size_t N>
std::array<double, N> FitTable(const std::vector<const JudgedFit*>& fits, const VecX& good,
                               std::array<double, N> (*factors)(const QualityEvidence&)) {
  RowMatX x(std::ssize(fits), static_cast<int>(N));
  for (size_t i = 0; i < fits.size(); ++i) {
    const std::array<double, N> row = factors(fits[i]->evidence);
    for (size_t c = 0; c < N; ++c) x(static_cast<int>(i), static_cast<int>(c)) = row[c];
  }
  const VecX weights = FitLogistic(x, good);
  std::array<double, N> table;
  std::copy(weights.begin(), weights.end(), table.begin());
  return table;
}

nlohmann::json Describe(const WorstTenth& worst) {
  return {{"people", worst.people},
          {"lost", worst.lost},
          {"in_tenth", worst.in_tenth},
          {"lost_in_tenth", worst.lost_in_tenth},
          {"times_its_share", worst.Times()}};
}

}  // namespace

QualityTable LearnQuality(std::span<const JudgedFit> fits) {
  std::vector<const JudgedFit*> known;
  int64_t good = 0;
  for (const JudgedFit& fit : fits) {
    if (std::isnan(fit.error_mm) || std::isnan(fit.evidence.sd_share)) continue;
    known.push_back(&fit);
    good += fit.error_mm < kQualityMm;
  }
  constexpr int64_t kFewest = std::tuple_size_v<decltype(QualityTable::without_sd)>;
  if (std::min(good, std::ssize(known) - good) <= kFewest) {
    ThrowUserError("quality cannot be learnt from {} fits below {} mm and {} above", good,
                   kQualityMm, std::ssize(known) - good);
  }
  VecX is_good(std::ssize(known));
  for (size_t i = 0; i < known.size(); ++i) {
    is_good[static_cast<int>(i)] = known[i]->error_mm < kQualityMm;
  }
  return {FitTable(known, is_good, &FactorsWithSd), FitTable(known, is_good, &FactorsWithoutSd)};
}

std::array<ReliabilityBin, 10> Reliability(std::span<const JudgedFit> fits) {
  std::array<ReliabilityBin, 10> bins;
  for (const JudgedFit& fit : fits) {
    if (std::isnan(fit.error_mm)) continue;
    ReliabilityBin& bin = bins[static_cast<size_t>(std::clamp(10 * fit.quality, 0.0, 9.0))];
    ++bin.people;
    bin.stated += fit.quality;
    bin.observed += fit.error_mm < kQualityMm;
  }
  for (ReliabilityBin& bin : bins) {
    bin.stated /= static_cast<double>(bin.people);
    bin.observed /= static_cast<double>(bin.people);
  }
  return bins;
}

double WorstTenth::Times() const {
  return (static_cast<double>(lost_in_tenth) / static_cast<double>(lost)) /
         (static_cast<double>(in_tenth) / static_cast<double>(people));
}

WorstTenth LostInWorstTenth(std::span<const JudgedFit> fits, double JudgedFit::*value,
                            double threshold) {
  std::vector<const JudgedFit*> known;
  for (const JudgedFit& fit : fits) {
    if (!std::isnan(fit.*value)) known.push_back(&fit);
  }
  std::ranges::stable_sort(known, {}, &JudgedFit::quality);
  WorstTenth worst;
  worst.people = std::ssize(known);
  worst.in_tenth = (worst.people + 5) / 10;
  for (int64_t i = 0; i < worst.people; ++i) {
    const bool lost = known[static_cast<size_t>(i)]->*value > threshold;
    worst.lost += lost;
    worst.lost_in_tenth += lost && i < worst.in_tenth;
  }
  return worst;
}

nlohmann::json DescribeQuality(std::span<const JudgedFit> fits) {
  nlohmann::json json = {{"fits", fits.size()}};
  const WorstTenth space = LostInWorstTenth(fits, &JudgedFit::error_mm, kQualityMm);
  if (space.people > 0) {
    json["below_100_mm"] = 1 - static_cast<double>(space.lost) / static_cast<double>(space.people);
    json["worst_tenth"]["space"] = Describe(space);
    for (const ReliabilityBin& bin : Reliability(fits)) {
      json["reliability"].push_back(
          {{"people", bin.people}, {"stated", bin.stated}, {"observed", bin.observed}});
    }
  }
  const WorstTenth mean = LostInWorstTenth(fits, &JudgedFit::hidden_mean, kHiddenLost);
  if (mean.people > 0) {
    json["worst_tenth"]["hidden_mean"] = Describe(mean);
    json["worst_tenth"]["hidden_most"] =
        Describe(LostInWorstTenth(fits, &JudgedFit::hidden_most, kHiddenLost));
  }
  return json;
}

}  // namespace gyre
