// SPDX-License-Identifier: Apache-2.0
// How likely the stored fits of a run's people are right: fitting/quality.h, by its table without
// deviations, since a store keeps none of joints' places.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "body/body_params.h"
#include "datasets/decorators/mixture.h"
#include "loop/runs/ranks.h"
#include "loop/training/supervisor.h"

namespace gyre {

struct UnlikelyFit {
  int set_idx = 0;       // position in Mixture::sets
  int64_t position = 0;  // of the person in that set
  double quality = 0;
  double robust_px2 = 0;  // FitScore::robust_px2
  BodyParams params;
};

struct FitQuality {
  int64_t fits = 0;                 // that were judged
  double mean = 0;                  // of their quality
  double below_half = 0;            // share of them whose quality is below 0.5
  std::vector<UnlikelyFit> lowest;  // of the lowest quality, lowest first
};

struct JudgeLimits {
  int64_t rows = 2000;  // people looked at, evenly taken from all sets: bounds the time
  int lowest = 8;
};

// Of the fits that the store holds now, all ranks' together; truth in the store is not judged. On
// the first rank; nothing on the others.
FitQuality JudgeFits(const Supervisor& supervisor, const Mixture& data, const JudgeLimits& limits,
                     Ranks* ranks);

// The `train_fits_quality_*` entries of metrics.jsonl; none where nothing was judged.
nlohmann::json DescribeQuality(const FitQuality& quality);

}  // namespace gyre
