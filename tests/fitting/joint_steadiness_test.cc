// SPDX-License-Identifier: Apache-2.0
#include "fitting/joint_steadiness.h"

#include <gtest/gtest.h>

#include <cmath>

namespace gyre {
namespace {

TEST(JointSteadinessTest, TrunksAreSteadierThanFeet) {
  const KeypointSet set{"odd", {"OP LHeel", "SMPL Pelvis", "SMPL R_Ankle", "SMPL L_Foot"}};
  const VecX steadiness = JointSteadiness(set);
  ASSERT_EQ(steadiness.size(), 4);
  EXPECT_NEAR(steadiness[0], std::pow(10 / 18.0, 0.4), 1e-12);
  EXPECT_NEAR(steadiness[1], std::pow(10 / 3.0, 0.4), 1e-12);
  EXPECT_NEAR(steadiness[2], std::pow(10 / 15.0, 0.4), 1e-12);
  EXPECT_EQ(steadiness[3], steadiness[0]);
}

TEST(JointSteadinessTest, JointsOfNoKnownKindAreAsUsual) {
  EXPECT_EQ(JointSteadiness({"odd", {"something"}})[0], 1);
}

}  // namespace
}  // namespace gyre
