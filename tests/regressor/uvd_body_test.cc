// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/uvd_body.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include "body/kinematics.h"
#include "core/error.h"
#include "regressor/layers/body_layer.h"
#include "regressor/regressor_test_util.h"
#include "regressor/runtime.h"

namespace gyre {
namespace {

// A body of mean shape in a made-up pose, upright and turned, and its joints of `set`.
struct SeenPose {
  BodyParams params{SmplLayout()};
  at::Tensor joints;  // [1,M,3]
};
SeenPose PoseSeenBy(const KeypointSet& set) {
  SeenPose seen;
  seen.params.rotation(0) = Vec3(2.8, 0.5, -0.3);
  const std::pair<const char*, Vec3> turns[] = {{"L_Knee", {0.8, 0, 0}},
                                                {"R_Hip", {-0.5, 0.1, 0.2}},
                                                {"L_Shoulder", {0, 0.3, -0.7}},
                                                {"R_Elbow", {0, 1.1, 0}},
                                                {"Spine2", {0.2, 0, 0.1}}};
  for (const auto& [joint, turn] : turns) {
    seen.params.rotation(SmplLayout().IndexOf(joint)) = turn;
  }
  seen.joints = TensorOf(FoldedJoints(BuiltinBody(), set).Positions(seen.params)).unsqueeze(0);
  return seen;
}

// What a network should say of joints at scale s, moved by (tx, ty), about the root `root`.
at::Tensor UvdOf(const at::Tensor& joints, const at::Tensor& root, double s, double tx, double ty) {
  at::Tensor uvd = joints - root * at::tensor({0.0, 0.0, 1.0});
  uvd.select(2, 0).add_(tx).mul_(s);
  uvd.select(2, 1).add_(ty).mul_(s);
  return uvd;
}

TEST(UvdBody, StandsWhereItsJointsAreSeen) {
  for (const auto& [name, tolerance_m] :
       std::initializer_list<std::pair<const char*, double>>{{"smpl24", 0.01}, {"h36m17", 0.035}}) {
    const KeypointSet& set = FindKeypointSet(name);
    const SeenPose seen = PoseSeenBy(set);
    Output output;
    output.uvd = UvdOf(seen.joints, seen.joints.narrow(1, 0, 1), 0.83, 0.12, -0.31).to(at::kFloat);
    output.uvd_set = &set;
    UvdBody(BuiltinBody(), LoadPosePrior().get(), set)->AddTo(&output);
    ASSERT_TRUE(output.HasBody());
    EXPECT_NEAR(Value(output.camera[0][0]), 0.83, 0.02) << name;
    EXPECT_EQ(MaxAbs(output.betas), 0);
    // Its own joints, where its camera shows them, and in space.
    BodyLayer layer(BuiltinBody(), set);
    const at::Tensor joints = layer->forward(output.rotations, output.betas).joints;
    const at::Tensor camera = output.camera[0];
    const at::Tensor found = (joints.narrow(2, 0, 2) + camera.narrow(0, 1, 2)) * camera[0];
    EXPECT_LT(Value((found - output.uvd.narrow(2, 0, 2)).norm(2, 2).mean()), 0.83 * tolerance_m)
        << name;
    const at::Tensor about = joints - joints.narrow(1, 0, 1);
    const at::Tensor expected = (seen.joints - seen.joints.narrow(1, 0, 1)).to(at::kFloat);
    EXPECT_LT(Value((about - expected).norm(2, 2).mean()), tolerance_m) << name;
  }
}

TEST(UvdBody, GradientsGoBackToTheJoints) {
  const KeypointSet& set = FindKeypointSet("smpl24");
  const SeenPose seen = PoseSeenBy(set);
  Output output;
  output.uvd = UvdOf(seen.joints, seen.joints.narrow(1, 0, 1), 1.1, 0, 0).to(at::kFloat);
  output.uvd = output.uvd.detach().requires_grad_();
  UvdBody(BuiltinBody(), LoadPosePrior().get(), set)->AddTo(&output);
  const int elbow = SmplLayout().IndexOf("L_Elbow"), shoulder = SmplLayout().IndexOf("L_Shoulder");
  output.rotations.select(1, shoulder).select(1, 0).sum().backward();
  EXPECT_GT(MaxAbs(output.uvd.grad()[0][elbow]), 0);
  EXPECT_TRUE(output.uvd.grad().isfinite().all().item<bool>());
}

// A network that sees people well but knows no depth yet: what it says is a person of a person's
// size where it sees one, not a body that shrank to a point at arm's length.
TEST(UvdBody, IsAPersonWhateverTheDepths) {
  const KeypointSet& set = FindKeypointSet("h36m17");
  const SeenPose seen = PoseSeenBy(set);
  Output output;
  output.uvd = UvdOf(seen.joints, seen.joints.narrow(1, 0, 1), 0.9, 0, 0).to(at::kFloat);
  SeedTorch(4);
  output.uvd.select(2, 2).add_(2 * at::rand({1, set.size()}) - 1);
  output.uvd_set = &set;
  UvdBody(BuiltinBody(), LoadPosePrior().get(), set)->AddTo(&output);
  const double scale = Value(output.camera[0][0]);
  EXPECT_NEAR(scale, 0.9, 0.25);
  BodyLayer layer(BuiltinBody(), set);
  const at::Tensor joints = layer->forward(output.rotations, output.betas).joints;
  const at::Tensor found = (joints.narrow(2, 0, 2) + output.camera[0].narrow(0, 1, 2)) * scale;
  EXPECT_LT(Value((found - output.uvd.narrow(2, 0, 2)).norm(2, 2).mean()), 0.12);
}

// A network that has learnt nothing says all joints in one place.
TEST(UvdBody, IsFiniteWhereThereIsNothingToSee) {
  const KeypointSet& set = FindKeypointSet("h36m17");
  Output output;
  output.uvd = at::zeros({2, set.size(), 3}).requires_grad_();
  UvdBody(BuiltinBody(), LoadPosePrior().get(), set)->AddTo(&output);
  EXPECT_TRUE(output.rotations.isfinite().all().item<bool>());
  EXPECT_TRUE(output.camera.isfinite().all().item<bool>());
  (output.rotations.sum() + output.camera.sum()).backward();
  EXPECT_TRUE(output.uvd.grad().isfinite().all().item<bool>());
}

TEST(UvdBody, NeedsLimbsInTheSet) {
  const KeypointSet set{"ends", {"Left Wrist", "Right Wrist", "Left Ankle"}};
  EXPECT_THROW(UvdBody(BuiltinBody(), LoadPosePrior().get(), set), UserError);
}

}  // namespace
}  // namespace gyre
