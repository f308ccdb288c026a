// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <numbers>

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

// A trunk, an arm, a wrist and a finger, and a leg: 0 - 1 - 2 - 3 and 0 - 4.
TEST(PartsOf, TurnInSpaceAsTheyAreThere) {
  BodyLayout layout;
  layout.joints = {"trunk", "arm", "wrist", "finger", "leg"};
  layout.parents = {-1, 0, 1, 2, 0};
  layout.num_betas = 2;
  layout.num_expression = 1;
  constexpr double kQuarter = std::numbers::pi / 2;
  BodyParams body(layout), other(layout);
  body.rotation(0) = Vec3(0, 0, kQuarter);
  body.rotation(1) = Vec3(0.3, 0, 0);
  body.rotation(2) = Vec3(0.7, 0.1, -0.2);
  body.rotation(3) = Vec3(0, 1, 0);
  body.rotation(4) = Vec3(0.5, 0, 0.25);
  body.betas() << 1, 2;
  other.rotation(0) = Vec3(0, 0, kQuarter);
  other.rotation(1) = Vec3(-0.2, 0, 0);
  other.rotation(2) = Vec3(0.4, 0, 0);
  other.rotation(3) = Vec3(0, 0, 0.6);
  other.rotation(4) = Vec3(0, 0.9, 0);
  other.betas() << 7, 8;
  other.expression() << -1.5;
  const std::vector<int> wrist = {2};
  const BodyParams mixed = WithPartsOf(other, layout, wrist, body);
  EXPECT_EQ(mixed.rotation(0), body.rotation(0));
  EXPECT_EQ(mixed.rotation(1), body.rotation(1));
  // About the same axis: -0.2 + 0.4 there, 0.3 of it are the arm's here.
  EXPECT_LT((mixed.rotation(2) - Vec3(-0.1, 0, 0)).norm(), 1e-12);
  EXPECT_EQ(mixed.rotation(3), other.rotation(3));
  EXPECT_EQ(mixed.rotation(4), body.rotation(4));
  EXPECT_EQ(mixed.betas(), (VecX{{1, 2}}));
  EXPECT_EQ(mixed.expression()[0], -1.5);

  // Of no pivot nothing but the face.
  const BodyParams same = WithPartsOf(other, layout, {}, body);
  EXPECT_EQ(same.pose(), body.pose());
  EXPECT_EQ(same.expression()[0], -1.5);
}

}  // namespace
}  // namespace gyre
