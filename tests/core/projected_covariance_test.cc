// SPDX-License-Identifier: Apache-2.0
#include "core/projected_covariance.h"

#include <gtest/gtest.h>

namespace gyre {
namespace {

TEST(ProjectedCovariance, IsTheProjectionsSpread) {
  const Camera camera{900, {310, 250}};
  const Vec3 at(0.5, -0.25, 2.5);
  Mat3 root;
  root << 0.3, 0, 0, 0.1, 0.2, 0, -0.2, 0.4, 0.5;
  const Eigen::Matrix2d projected = ProjectedCovariance(camera, at, root * root.transpose());
  // Differences of the projection itself.
  Eigen::Matrix<double, 2, 3> moved;
  for (int i = 0; i < 3; ++i) {
    constexpr double kStep = 1e-6;
    moved.col(i) =
        (camera.Project(at + kStep * root.col(i)) - camera.Project(at - kStep * root.col(i))) /
        (2 * kStep);
  }
  EXPECT_LT((projected - moved * moved.transpose()).cwiseAbs().maxCoeff(), 1e-3);
}

TEST(ProjectedCovariance, OfDepthAloneIsAlongTheRay) {
  const Mat3 of_depth = Vec3(0, 0, 0.04).asDiagonal();
  // 0.2 m of depth at 4 m: 5 % of the distance to the centre, which is 1000 (0.8, -0.6) / 4.
  const Eigen::Matrix2d cov = ProjectedCovariance({1000, {7, 9}}, {0.8, -0.6, 4}, of_depth);
  EXPECT_NEAR(cov(0, 0), 10.0 * 10.0, 1e-9);
  EXPECT_NEAR(cov(1, 1), 7.5 * 7.5, 1e-9);
  EXPECT_NEAR(cov(0, 1), -75, 1e-9);
}

}  // namespace
}  // namespace gyre
