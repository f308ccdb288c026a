// SPDX-License-Identifier: Apache-2.0
#include "body/smpl_twin.h"

#include <gtest/gtest.h>

#include "body/reduced_body.h"
#include "body/test_body.h"

namespace gyre {
namespace {

TEST(SmplTwin, IsTheBodyWithHandsAndFaceAtRest) {
  const BodyModel body = MakeRandomSmplx(5);
  const auto twin = SmplTwinOf(body);
  ASSERT_TRUE(twin);
  EXPECT_EQ(*twin->layout, SmplLayout());
  CheckBodyModel(*twin);
  Rng rng(2, RngStream::kTest);
  BodyParams of_twin = RandomParams(rng);
  const BodyParams params = BodyFromTwin(of_twin, BodyParams(*body.layout));
  EXPECT_EQ(params.pose().tail(33 * 3), VecX::Zero(33 * 3));
  EXPECT_EQ(TwinFromBody(params).pose().head<66>(), of_twin.pose().head<66>());
  const PosedBody expected = PoseBody(body, params), posed = PoseBody(*twin, of_twin);
  EXPECT_LT((posed.vertices - expected.vertices).cwiseAbs().maxCoeff(), 1e-12);
  EXPECT_LT((posed.joints.topRows(22) - expected.joints.topRows(22)).cwiseAbs().maxCoeff(), 1e-12);
}

TEST(SmplTwin, LeavesHandsAndFaceOfAnotherPose) {
  const BodyModel body = MakeRandomSmplx(6);
  BodyParams like(*body.layout);
  like.values().setLinSpaced(0.01, 1.93);
  BodyParams twin(SmplLayout());
  twin.betas()[3] = 7;
  twin.transl()[1] = 5;
  const BodyParams params = BodyFromTwin(twin, like);
  EXPECT_EQ(params.pose().tail(99), like.pose().tail(99));
  EXPECT_EQ(params.expression(), like.expression());
  EXPECT_EQ(params.betas()[3], 7);
  EXPECT_EQ(params.transl()[1], 5);
  EXPECT_EQ(params.rotation(3), Vec3::Zero());
}

TEST(SmplTwin, NeedsSmplsJointsAndHands) {
  EXPECT_FALSE(SmplTwinOf(MakeRandomBody(1)));
  const BodyModel body = MakeRandomSmplx(1);
  std::vector<std::string> joints = body.layout->joints;
  std::erase(joints, "L_Knee");
  EXPECT_FALSE(SmplTwinOf(ReduceBody(body, joints, 10)));
  EXPECT_FALSE(SmplTwinOf(ReduceBody(body, body.layout->joints, 9)));
}

}  // namespace
}  // namespace gyre
