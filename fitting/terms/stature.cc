// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/stature.h"

#include <utility>

namespace gyre {

Stature::Stature(const BodyModel& body) {
  Eigen::Index top = 0, bottom = 0;
  body.v_template.col(1).maxCoeff(&top);
  body.v_template.col(1).minCoeff(&bottom);
  mean_m = body.v_template(top, 1) - body.v_template(bottom, 1);
  per_shape_m = (body.shapedirs.row(3 * top + 1) - body.shapedirs.row(3 * bottom + 1)).transpose();
}

StatureTerm::StatureTerm(double weight, Stature stature, double height_m)
    : Term("stature", weight, 1), stature_(std::move(stature)), height_m_(height_m) {}

bool StatureTerm::Evaluate(std::span<const TermFrame> frames, Eigen::Ref<VecX> residuals,
                           std::span<JacobianRows> jacobians) const {
  const BodyParams& params = frames[0].params;
  residuals[0] = weight() * (stature_.Of(params) - height_m_);
  if (jacobians.empty()) return true;
  jacobians[0].row(0).segment(3 * params.num_joints(), params.num_shape()) =
      weight() * stature_.per_shape_m.transpose();
  return true;
}

}  // namespace gyre
