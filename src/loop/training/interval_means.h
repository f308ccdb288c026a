// SPDX-License-Identifier: Apache-2.0
// Means of what the steps between two lines of metrics.jsonl report.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>

#include "loop/runs/ranks.h"

namespace gyre {

class IntervalMeans {
 public:
  // NaN does not count, but keeps its key known: all ranks report the same keys.
  void Add(const std::string& key, double value);
  // Over all ranks; times ("seconds_...") are the caller's own. Keys without a value are left out.
  nlohmann::json Take(const Ranks& ranks);

 private:
  std::map<std::string, std::pair<double, int64_t>> sums_;
};

}  // namespace gyre
