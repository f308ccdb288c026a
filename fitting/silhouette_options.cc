// SPDX-License-Identifier: Apache-2.0
#include "fitting/silhouette_options.h"

#include "core/error.h"

namespace gyre {
namespace {

void CheckRange(const char* field, double value, double low, double high) {
  if (!(value >= low && value <= high)) {
    ThrowUserError("mask option {} is {}; it must be from {} to {}", field, value, low, high);
  }
}

}  // namespace

void SilhouetteOptions::Check() const {
  CheckRange("weight", weight, 1e-6, 1e6);
  CheckRange("edge_px", edge_px, 0, 1000);
  CheckRange("shape_prior_weight", shape_prior_weight, 0, 1e6);
  CheckRange("sigma_px", sigma_px, 0.1, 1e6);
  CheckRange("spacing_px", spacing_px, 0.5, 1000);
  CheckRange("match_px", match_px, 1, 1000);
  CheckRange("rounds", rounds, 1, 1000);
  CheckRange("max_iterations", max_iterations, 1, 10000);
  CheckRange("vertices", vertices, 1, 1e6);
  CheckRange("hidden_px", hidden_px, 0, 1e6);
  CheckRange("min_overlap", min_overlap, 0, 1);
}

}  // namespace gyre
