// SPDX-License-Identifier: Apache-2.0
// How far a point may lie off in a picture.
#pragma once

#include "core/camera.h"
#include "core/types.h"

namespace gyre {

// The covariance in the image, px^2, of a point of covariance `cov_m2` (metres squared, camera
// frame) about `point_in_cam`: D cov D^T with D the derivative of Camera::Project there,
//   D = focal_px / Z [1 0 -X/Z; 0 1 -Y/Z].
inline Eigen::Matrix2d ProjectedCovariance(const Camera& camera, const Vec3& point_in_cam,
                                           const Mat3& cov_m2) {
  Eigen::Matrix<double, 2, 3> slope;
  slope << 1, 0, -point_in_cam.x() / point_in_cam.z(), 0, 1, -point_in_cam.y() / point_in_cam.z();
  slope *= camera.focal_px / point_in_cam.z();
  return slope * cov_m2 * slope.transpose();
}

}  // namespace gyre
