// SPDX-License-Identifier: Apache-2.0
// Whether stated covariances hold: how often a truth lies in the region in which, of a normal
// distribution of that mean and covariance C, a share p of the mass is:
//   d^T C^-1 d < q,   p of chi-squared's distribution with dim(d) degrees of freedom being below q
#pragma once

#include <Eigen/Cholesky>
#include <cmath>
#include <cstdint>
#include <limits>

#include "core/types.h"
#include "metrics/meter.h"

namespace gyre {

// The share of chi-squared's distribution of 2 or 3 degrees of freedom below x.
double ChiSquaredShare(int degrees, double x);

class Coverage {
 public:
  // `error` [2] or [3], the truth less what is stated; a `covariance` that is not positive definite
  // is no region, and nothing in it. `unit`: what the length of the error is told as a share of.
  template <int N>
  void Add(const Eigen::Matrix<double, N, 1>& error, const Eigen::Matrix<double, N, N>& covariance,
           double unit) {
    const Eigen::LLT<Eigen::Matrix<double, N, N>> factor(covariance);
    const double norm2 = factor.matrixL().solve(error).squaredNorm();
    const bool known = factor.info() == Eigen::Success && std::isfinite(norm2);
    AddShares(known ? ChiSquaredShare(N, norm2) : std::numeric_limits<double>::infinity(),
              error.norm() / unit, std::sqrt(covariance.trace() / N) / unit);
  }

  int64_t count() const { return inside_.count() + inside_.failed(); }
  // Of those that were added, how many are inside the region of share p, in (0, 1).
  double Within(double p) const { return inside_.ShareBelow(p); }
  const Meter& errors() const { return errors_; }          // |error| / unit
  const Meter& deviations() const { return deviations_; }  // root mean square per axis, / unit

 private:
  void AddShares(double inside, double error, double deviation);

  Meter inside_, errors_, deviations_;
};

}  // namespace gyre
