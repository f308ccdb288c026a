// SPDX-License-Identifier: Apache-2.0
#include "body/posed_skeleton.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "core/so3.h"

namespace gyre {
namespace {

// An arm along x whose second joint turns by a right angle about z, and a joint that it carries.
PosedSkeleton BentArm() {
  Points3 rest(3, 3);
  rest << 0, 1, 0,  //
      0.3, 1, 0,    //
      0.7, 1, 0.2;
  const Mat3 bent = ExpSO3(Vec3(0, 0, std::numbers::pi / 2));
  return {rest, {Mat3::Identity(), bent, bent}, {-1, 0, 1}};
}

// Of two vertices: by halves, and one part in four.
SparseRows SharedSkin() {
  SparseRows weights(2, 3);
  weights.insert(0, 0) = 0.5;
  weights.insert(0, 1) = 0.5;
  weights.insert(1, 0) = 0.75;
  weights.insert(1, 1) = 0.25;
  return weights;
}

TEST(PosedSkeleton, JointsAndPlacesAreCarriedAlong) {
  const PosedSkeleton arm = BentArm();
  EXPECT_LT((arm.joints().row(1) - Eigen::RowVector3d(0.3, 1, 0)).norm(), 1e-12);
  EXPECT_LT((arm.joints().row(2) - Eigen::RowVector3d(0.3, 1.4, 0.2)).norm(), 1e-12);
  EXPECT_LT((arm.Carried(2, Vec3(0.8, 1, 0.2)) - Vec3(0.3, 1.5, 0.2)).norm(), 1e-12);
  EXPECT_LT((arm.Carried(0, Vec3(-0.1, 0.4, 2)) - Vec3(-0.1, 0.4, 2)).norm(), 1e-12);
}

TEST(PosedSkeleton, LinearSkinShrinksTowardsTheJointAndDualQuaternionsKeepTheDistance) {
  const PosedSkeleton arm = BentArm();
  const SparseRows weights = SharedSkin();
  const Vec3 place(0.5, 1, 0);
  const PosedSkeleton::Affine blend = arm.Linear(weights, 0);
  // Halfway between (0.5, 1, 0) and (0.3, 1.2, 0).
  EXPECT_LT((blend.linear * place + blend.shift - Vec3(0.4, 1.1, 0)).norm(), 1e-12);
  // Turned by 45 degrees, 0.2 m from the joint.
  EXPECT_LT((arm.ByDualQuaternions(weights, 0, place) - Vec3(0.441421356, 1.141421356, 0)).norm(),
            1e-9);
  // A quarter of the quaternion turns by 21.598 degrees, not by a quarter of the right angle.
  EXPECT_LT((arm.ByDualQuaternions(weights, 1, place) - Vec3(0.485957660, 1.073618942, 0)).norm(),
            1e-9);
}

}  // namespace
}  // namespace gyre
