// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include "body/kinematics.h"
#include "core/so3.h"
#include "fitting/hypotheses.h"
#include "fitting/test_problems.h"

namespace gyre {
namespace {

// A body whose bones lie flat is mirrored exactly.
TEST(LimbMirror, TurnsOneLimbInDepth) {
  auto flat = std::make_shared<BodyModel>(*MakeStickBody());
  flat->v_template.col(2).setZero();
  for (int row = 2; row < flat->shapedirs.rows(); row += 3) flat->shapedirs.row(row).setZero();
  const FoldedJoints skeleton = FoldedJoints::Skeleton(*flat);
  Rng rng(4, RngStream::kTest);
  BodyParams params(*flat->layout);
  for (double& value : params.pose()) value = 0.4 * rng.Normal();
  for (const auto& limb : kMirroredLimbs) {
    const Points3 before = skeleton.Positions(params),
                  after = skeleton.Positions(WithLimbMirrored(params, *flat->layout, limb));
    for (int k = 0; k < 24; ++k) {
      Vec3 expected = before.row(k).transpose();
      const bool below = k == limb[1] || k == limb[2];
      const double about = before(limb[0], 2);
      if (below) expected.z() = 2 * about - expected.z();
      if (below || flat->parents()[k] != limb[2]) {
        if (k > 21 || k == 10 || k == 11) continue;  // hands and feet, below the limbs' ends
        EXPECT_LT((after.row(k).transpose() - expected).norm(), 1e-9) << limb[0] << ", " << k;
      }
    }
  }
}

TEST(JointsMirror, TurnsTheirWorldRotationsAlone) {
  const BodyLayout& layout = SmplLayout();
  Rng rng(6, RngStream::kTest);
  BodyParams params(layout);
  for (double& value : params.values()) value = 0.5 * rng.Normal();
  const auto worlds = [&](const BodyParams& of) {
    std::vector<Mat3> world;
    for (int k = 0; k < 24; ++k) {
      const Mat3 own = ExpSO3(of.rotation(k));
      world.push_back(k == 0 ? own : Mat3(world[layout.parents[k]] * own));
    }
    return world;
  };
  const std::vector<int> joints = {0, 4, 16, 20};  // root, knee, shoulder and wrist of the left
  const BodyParams mirrored = WithJointsMirrored(params, layout, joints);
  const std::vector<Mat3> before = worlds(params), after = worlds(mirrored);
  for (int k = 0; k < 24; ++k) {
    Mat3 expected = before[k];
    if (k == 0 || k == 4 || k == 16 || k == 20) {  // rows and columns of z change sign
      expected.row(2) *= -1;
      expected.col(2) *= -1;
    }
    EXPECT_LT((after[k] - expected).norm(), 1e-9) << k;
  }
  EXPECT_EQ(VecX(mirrored.transl()), VecX(params.transl()));
  EXPECT_EQ(VecX(mirrored.betas()), VecX(params.betas()));
  EXPECT_EQ(VecX(mirrored.rotation(8)), VecX(params.rotation(8)));  // below what stays
}

}  // namespace
}  // namespace gyre
