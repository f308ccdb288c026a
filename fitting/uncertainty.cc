// SPDX-License-Identifier: Apache-2.0
#include "fitting/uncertainty.h"

#include <Eigen/Cholesky>
#include <cmath>

#include "core/error.h"

namespace gyre {

FitUncertainty EstimateUncertainty(const FusedModel& model, const FoldedJoints& skeleton,
                                   const ObjectiveSpec& spec, double noise_px,
                                   FusedWorkspace& workspace, const BodyParams& params) {
  GYRE_CHECK(skeleton.size() == kNumBodyJoints);
  RowMatX normal;
  VecX gradient;
  FusedNormalEquations(model, spec, workspace, params, &normal, &gradient);
  normal.diagonal().array() += 1e-9;  // what nothing observes stays finite
  const Eigen::LLT<Eigen::MatrixXd> factor(normal);

  Points3 positions;
  RowMatX jacobian;
  skeleton.Evaluate(params, &positions, &jacobian);
  // Columns: depth of each joint less the pelvis', then the pose values.
  Eigen::MatrixXd rows(kNumBodyParams, kNumBodyJoints + kNumPoseParams);
  for (int k = 0; k < kNumBodyJoints; ++k) {
    rows.col(k) = (jacobian.row(3 * k + 2) - jacobian.row(2)).transpose();
  }
  rows.rightCols<kNumPoseParams>().setIdentity();
  factor.matrixL().solveInPlace(rows);
  const VecX sd = noise_px * rows.colwise().norm().transpose();

  FitUncertainty uncertainty;
  for (int k = 0; k < kNumBodyJoints; ++k) {
    uncertainty.depth_sd_m[k] = sd[k];
    uncertainty.rotation_sd_rad[k] = sd.segment<3>(kNumBodyJoints + 3 * k).norm() / std::sqrt(3.0);
  }
  return uncertainty;
}

}  // namespace gyre
