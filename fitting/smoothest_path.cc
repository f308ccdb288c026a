// SPDX-License-Identifier: Apache-2.0
#include "fitting/smoothest_path.h"

#include <array>
#include <cstdint>
#include <limits>
#include <utility>

#include "core/error.h"

namespace gyre {
namespace {

constexpr double kUnreached = std::numeric_limits<double>::infinity();

}  // namespace

std::vector<int> SmoothestPath(std::span<const std::vector<PathStep>> steps,
                               std::span<const int> frames, double seconds_per_frame,
                               double acceleration_weight) {
  constexpr int kMost = 3;                                     // steps of a frame
  using Table = std::array<std::array<double, kMost>, kMost>;  // by previous, this step
  const auto weight2 = acceleration_weight * acceleration_weight;
  const int n = static_cast<int>(frames.size());
  GYRE_CHECK(steps.size() == frames.size());
  // The path to each pair of neighbours, and its step before them.
  Table best{};
  std::vector<std::array<std::array<int8_t, kMost>, kMost>> before(n);
  for (int k = 0; k < n; ++k) {
    Table next;
    for (auto& row : next) row.fill(kUnreached);
    GYRE_CHECK(!steps[k].empty() && steps[k].size() <= kMost);
    const int here = static_cast<int>(steps[k].size());
    const int last = k >= 1 ? static_cast<int>(steps[k - 1].size()) : 1;
    const int first = k >= 2 ? static_cast<int>(steps[k - 2].size()) : 1;
    for (int c = 0; c < here; ++c) {
      for (int b = 0; b < last; ++b) {
        for (int a = 0; a < first; ++a) {
          double cost = best[a][b] + steps[k][c].cost;
          if (k >= 2) {  // frames may be missing in between
            const double since = seconds_per_frame * (frames[k - 1] - frames[k - 2]);
            const double until = seconds_per_frame * (frames[k] - frames[k - 1]);
            const Points3 change = (steps[k][c].joints - steps[k - 1][b].joints) / until -
                                   (steps[k - 1][b].joints - steps[k - 2][a].joints) / since;
            cost += weight2 * (2 / (since + until) * change).squaredNorm();
          }
          if (cost >= next[b][c]) continue;
          next[b][c] = cost;
          before[k][b][c] = static_cast<int8_t>(a);
        }
      }
    }
    best = next;
  }
  int b = 0, c = 0;
  for (int i = 0; i < kMost; ++i) {
    for (int j = 0; j < kMost; ++j) {
      if (best[i][j] < best[b][c]) b = i, c = j;
    }
  }
  std::vector<int> path(n);
  for (int k = n; k-- > 0;) {
    path[k] = c;
    c = std::exchange(b, before[k][b][c]);
  }
  return path;
}

}  // namespace gyre
