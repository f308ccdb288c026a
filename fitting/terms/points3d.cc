// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/points3d.h"

#include <utility>

#include "fitting/fit_options.h"
#include "fitting/observations.h"
#include "fitting/terms/term_list.h"

namespace gyre {

Points3dTerm::Points3dTerm(std::vector<PointObservation> points)
    : JointTerm("points", 1, static_cast<int>(points.size()), 3), points_(std::move(points)) {}

bool Points3dTerm::EvaluateAt(int group, double, const Vec3& joint, Vec3* residual,
                              Derivative* derivative) const {
  const PointObservation& target = points_[group];
  *residual = target.weight * (joint - target.point);
  *derivative = target.weight * Mat3::Identity();
  return true;
}

std::unique_ptr<const Term> MakePoints3dTerm(const TermSources& sources) {
  const auto& points = sources.stage == FitStage::kBody ? sources.observed.body_points
                                                        : sources.observed.torso_points;
  if (points.empty()) return nullptr;
  return std::make_unique<Points3dTerm>(points);
}

}  // namespace gyre
