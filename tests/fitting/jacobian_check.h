// SPDX-License-Identifier: Apache-2.0
// Holds an analytic Jacobian against central differences.
#pragma once

#include <algorithm>
#include <functional>

#include "core/types.h"

namespace gyre {

// r(x), and J(x) [rows, x.size()] when `jacobian` is not null.
using VectorFunction = std::function<VecX(const VecX& x, RowMatX* jacobian)>;

// The largest |analytic - numeric| / max(1, |numeric|) over all entries; Richardson-extrapolated
// central differences, good to about 1e-8 for smooth functions of values around 1.
inline double WorstJacobianError(const VectorFunction& function, const VecX& x,
                                 double step = 1e-3) {
  RowMatX jacobian;
  function(x, &jacobian);
  double worst = 0;
  for (Eigen::Index column = 0; column < x.size(); ++column) {
    const auto difference = [&](double h) -> VecX {
      VecX plus = x, minus = x;
      plus[column] += h;
      minus[column] -= h;
      return (function(plus, nullptr) - function(minus, nullptr)) / (2 * h);
    };
    const VecX numeric = (4 * difference(step / 2) - difference(step)) / 3;
    for (Eigen::Index row = 0; row < numeric.size(); ++row) {
      const double error = std::abs(jacobian(row, column) - numeric[row]);
      worst = std::max(worst, error / std::max(1.0, std::abs(numeric[row])));
    }
  }
  return worst;
}

}  // namespace gyre
