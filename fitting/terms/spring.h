// SPDX-License-Identifier: Apache-2.0
// Springs on consecutive parameters: r_i = weight (x_i - target_i), the target being the anchor or
// zero.
#pragma once

#include "fitting/terms/term.h"

namespace gyre {

class SpringTerm : public ParamTerm {
 public:
  enum class Target { kZero, kAnchor };

  // `first`: position in BodyParams::values() of the first of `count` parameters.
  SpringTerm(std::string_view name, double weight, int first, int count, Target target)
      : ParamTerm(name, weight, count), first_(first), target_(target) {}

  const SpringTerm* AsSpringTerm() const final { return this; }
  int first() const { return first_; }
  int count() const { return rows(); }

  void FillRows(const BodyParams& params, const BodyParams& anchor, Row* rows) const override;
  // |r|^2 at once; N is count(), or Eigen::Dynamic.
  template <int N>
  double Cost(const BodyParams& params, const BodyParams& anchor) const {
    const auto x = params.values().template segment<N>(first_, count());
    const double weight2 = weight() * weight();
    if (target_ == Target::kZero) return weight2 * x.squaredNorm();
    return weight2 * (x - anchor.values().template segment<N>(first_, count())).squaredNorm();
  }

 private:
  int first_;
  Target target_;
};

}  // namespace gyre
