// SPDX-License-Identifier: Apache-2.0
#include "body/mesh_poser.h"

#include <gtest/gtest.h>

#include "body/test_body.h"

namespace gyre {
namespace {

TEST(MeshPoser, AgreesWithPoseBodyPoseAfterPose) {
  BodyModel body = MakeRandomSmplx(4);
  body.posedirs.middleCols<9>(9 * 17).setZero();  // a joint that corrects nothing
  const CorrectedRows rows(body);
  EXPECT_TRUE(rows.OfJoint(18).empty());
  EXPECT_EQ(rows.OfJoint(3).size(), static_cast<size_t>(body.posedirs.rows()));
  MeshPoser poser(rows);
  Rng rng(2, RngStream::kTest);
  BodyParams params(*body.layout);
  for (double& value : params.values()) value = 0.4 * rng.Normal();
  EXPECT_LT((poser.Vertices(params) - PoseBody(body, params).vertices).cwiseAbs().maxCoeff(), 1e-9);
  params.rotation(7) += Vec3(0.3, -0.2, 0.1);
  params.betas()[2] -= 0.7;
  params.transl() += Vec3(0.1, 0.2, 0.3);
  EXPECT_LT((poser.Vertices(params) - PoseBody(body, params).vertices).cwiseAbs().maxCoeff(), 1e-9);
  // Steps too small to be worked out do not add up.
  for (int i = 0; i < 50; ++i) params.rotation(12).x() += 3e-5;
  const double largest = body.posedirs.cwiseAbs().maxCoeff();
  EXPECT_LT((poser.Vertices(params) - PoseBody(body, params).vertices).cwiseAbs().maxCoeff(),
            1e-3 * largest);
}

}  // namespace
}  // namespace gyre
