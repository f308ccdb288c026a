// SPDX-License-Identifier: Apache-2.0
#include "loop/training/interval_means.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

namespace gyre {

void IntervalMeans::Add(const std::string& key, double value) {
  auto& [sum, count] = sums_[key];
  if (std::isnan(value)) return;
  sum += value;
  ++count;
}

nlohmann::json IntervalMeans::Take(const Ranks& ranks) {
  nlohmann::json json;
  std::vector<double> shared;
  for (const auto& [key, sum] : sums_) {
    const auto count = static_cast<double>(sum.second);
    if (key.starts_with("seconds_")) {
      if (count > 0) json[key] = sum.first / count;
    } else {
      shared.insert(shared.end(), {sum.first, count});
    }
  }
  shared = ranks.Sum(std::move(shared));
  auto next = shared.begin();
  for (const auto& [key, sum] : sums_) {
    if (key.starts_with("seconds_")) continue;
    if (next[1] > 0) json[key] = next[0] / next[1];
    next += 2;
  }
  sums_.clear();
  return json;
}

}  // namespace gyre
