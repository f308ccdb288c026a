// SPDX-License-Identifier: Apache-2.0
#include "metrics/meter.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"

namespace gyre {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace

void Meter::Add(double value) {
  if (std::isnan(value)) return;
  if (std::isinf(value)) {
    ++failed_;
  } else {
    values_.push_back(value);
  }
}

void Meter::Add(const VecX& values) {
  for (double value : values) Add(value);
}

void Meter::Merge(const Meter& other) {
  values_.insert(values_.end(), other.values_.begin(), other.values_.end());
  failed_ += other.failed_;
}

double Meter::Mean() const {
  if (values_.empty()) return kNaN;
  double sum = 0;
  for (double value : values_) sum += value;
  return sum / static_cast<double>(values_.size());
}

double Meter::Percentile(double percent) const {
  GYRE_CHECK(percent >= 0 && percent <= 100, "{} percent", percent);
  if (values_.empty()) return kNaN;
  std::vector<double> sorted = values_;
  const double position = percent / 100 * static_cast<double>(sorted.size() - 1);
  const size_t below = static_cast<size_t>(position);
  std::nth_element(sorted.begin(), sorted.begin() + below, sorted.end());
  const double low = sorted[below];
  if (below + 1 == sorted.size()) return low;
  const double high = *std::min_element(sorted.begin() + below + 1, sorted.end());
  return low + (position - static_cast<double>(below)) * (high - low);
}

double Meter::ShareBelow(double threshold) const {
  const int64_t all = count() + failed_;
  if (all == 0) return kNaN;
  const auto hits = std::count_if(values_.begin(), values_.end(),
                                  [&](double value) { return value < threshold; });
  return static_cast<double>(hits) / static_cast<double>(all);
}

double Meter::AreaUnderCurve(std::span<const double> thresholds) const {
  GYRE_CHECK(!thresholds.empty());
  double sum = 0;
  for (double threshold : thresholds) sum += ShareBelow(threshold);
  return sum / static_cast<double>(thresholds.size());
}

double MeanError(const VecX& errors) {
  Meter meter;
  meter.Add(errors);
  return meter.failed() > 0 ? std::numeric_limits<double>::infinity() : meter.Mean();
}

std::vector<double> AucThresholdsMm() {
  std::vector<double> thresholds;
  for (int mm = 0; mm <= 150; mm += 5) thresholds.push_back(mm);
  return thresholds;
}

}  // namespace gyre
