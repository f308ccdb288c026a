// SPDX-License-Identifier: Apache-2.0
#include "metrics/coverage.h"

#include <cmath>
#include <numbers>

#include "core/error.h"

namespace gyre {

double ChiSquaredShare(int degrees, double x) {
  GYRE_CHECK(degrees == 2 || degrees == 3, "{} degrees of freedom", degrees);
  if (!(x > 0)) return 0;
  if (degrees == 2) return -std::expm1(-x / 2);
  return std::erf(std::sqrt(x / 2)) - std::sqrt(2 * x / std::numbers::pi) * std::exp(-x / 2);
}

void Coverage::AddShares(double inside, double error, double deviation) {
  inside_.Add(inside);
  errors_.Add(error);
  deviations_.Add(deviation);
}

}  // namespace gyre
