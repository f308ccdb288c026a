// SPDX-License-Identifier: Apache-2.0
// Gathers errors and summarises them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/types.h"

namespace gyre {

// NaN values don't count. Infinite ones count as failed: misses for PCK and AUC, named beside the
// mean and percentiles, which are those of the finite values. All statistics of nothing are NaN.
class Meter {
 public:
  void Add(double value);
  void Add(const VecX& values);
  void Merge(const Meter& other);

  const std::vector<double>& values() const { return values_; }  // finite, as they were added
  int64_t count() const { return static_cast<int64_t>(values_.size()); }  // finite values
  int64_t failed() const { return failed_; }

  double Mean() const;
  double Median() const { return Percentile(50); }
  // Linear between order statistics (as numpy.percentile); percent in [0, 100].
  double Percentile(double percent) const;
  // Share of values below `threshold`, failures included in the whole.
  double ShareBelow(double threshold) const;
  // Mean of ShareBelow over the given thresholds.
  double AreaUnderCurve(std::span<const double> thresholds) const;

 private:
  std::vector<double> values_;
  int64_t failed_ = 0;
};

// Mean of the finite values; NaN when all are NaN; infinity when any is infinite.
double MeanError(const VecX& errors);

// The thresholds of 3DHP's AUC: 0, 5, ..., 150 mm, 31 values (Mehta et al. 2017).
std::vector<double> AucThresholdsMm();

}  // namespace gyre
