// SPDX-License-Identifier: Apache-2.0
// A known height: r = weight (stature(b) - height), stature being how high the body stands at rest,
// from the lowest vertex of its mean shape to the highest; linear in the shape b.
#pragma once

#include "body/body_model.h"
#include "fitting/terms/term.h"

namespace gyre {

struct Stature {
  double mean_m = 0;
  VecX per_shape_m;  // [S]

  explicit Stature(const BodyModel& body);
  double Of(const BodyParams& params) const { return mean_m + per_shape_m.dot(params.shape()); }
};

class StatureTerm final : public Term {
 public:
  // Weight in reference pixels per metre.
  StatureTerm(double weight, Stature stature, double height_m);

  void MarkJoints(std::span<uint8_t>) const override {}
  bool Evaluate(std::span<const TermFrame> frames, Eigen::Ref<VecX> residuals,
                std::span<JacobianRows> jacobians) const override;

 private:
  Stature stature_;
  double height_m_;
};

}  // namespace gyre
