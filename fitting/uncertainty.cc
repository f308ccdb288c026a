// SPDX-License-Identifier: Apache-2.0
#include "fitting/uncertainty.h"

#include <Eigen/Cholesky>
#include <cmath>

#include "core/error.h"

namespace gyre {

FitUncertainty EstimateUncertainty(NormalMatrix normal, const FoldedJoints& skeleton,
                                   double noise_px, const BodyParams& params) {
  const int num_joints = params.num_joints(), num_pose = 3 * num_joints;
  GYRE_CHECK(skeleton.size() == num_joints);
  normal.values.diagonal().array() += 1e-9;  // what nothing observes stays finite
  const Eigen::LLT<Eigen::MatrixXd> factor(normal.values);

  Points3 positions;
  RowMatX jacobian;
  skeleton.Evaluate(params, &positions, &jacobian);
  // Columns: depth of each joint less the pelvis', then the pose values.
  const auto n = static_cast<Eigen::Index>(normal.params.size());
  Eigen::MatrixXd rows = Eigen::MatrixXd::Zero(n, num_joints + num_pose);
  for (int k = 0; k < num_joints; ++k) {
    rows.col(k) = (jacobian.row(3 * k + 2) - jacobian.row(2))(normal.params).transpose();
  }
  for (Eigen::Index i = 0; i < n && normal.params[i] < num_pose; ++i) {
    rows(i, num_joints + normal.params[i]) = 1;
  }
  factor.matrixL().solveInPlace(rows);
  const VecX sd = noise_px * rows.colwise().norm().transpose();

  FitUncertainty uncertainty;
  uncertainty.depth_sd_m = sd.head(num_joints);
  uncertainty.rotation_sd_rad.resize(num_joints);
  for (int k = 0; k < num_joints; ++k) {
    uncertainty.rotation_sd_rad[k] = sd.segment<3>(num_joints + 3 * k).norm() / std::sqrt(3.0);
  }
  return uncertainty;
}

}  // namespace gyre
