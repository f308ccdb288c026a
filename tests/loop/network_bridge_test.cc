// SPDX-License-Identifier: Apache-2.0
#include "loop/training/network_bridge.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "body/kinematics.h"
#include "body/symmetry.h"
#include "core/rng.h"
#include "core/so3.h"
#include "datasets/decorators/augment.h"
#include "person/crops.h"
#include "regressor/layers/body_layer.h"
#include "regressor/layers/ik_layer.h"
#include "regressor/projection.h"

namespace gyre {
namespace {

constexpr int kCropPx = 128;

const BodyModel& Body() {
  static const BodyModel body = MakeBuiltinBody();
  return body;
}

// A person whose keypoints are the exact projection of its truth, under an augmentation.
Batch MakeBatch(const std::optional<Camera>& camera, bool flip, double rotation_rad, double scale) {
  Rng rng(7, RngStream::kTest);
  BodyParams truth{SmplLayout()};
  for (int i = 0; i < kNumPoseParams; ++i) truth.pose()[i] = rng.Normal(0, 0.2);
  truth.rotation(0) = Vec3(3.0, 0.2, 0.3);  // upright in the image
  for (int i = 0; i < kNumShapeParams; ++i) truth.betas()[i] = rng.Normal(0, 0.5);
  Batch batch;
  batch.crop_px = kCropPx;
  Person sample;
  sample.dataset = "test";
  sample.box = {Vec2(300, 240), 260};
  sample.camera = camera;
  const Camera image_camera = ImageCamera(sample);
  truth.transl() = Vec3(0.1, 0.2, image_camera.focal_px * 2.2 / sample.box.side_px);
  truth.transl().head<2>() +=
      (sample.box.center_px - image_camera.center_px) * truth.transl().z() / image_camera.focal_px;
  const Points3 joints = FoldedJoints(Body(), SpinJoints()).Positions(truth);
  for (int j = 0; j < kNumSpinJoints; ++j) {
    sample.keypoints.px.row(j) = image_camera.Project(joints.row(j).transpose()).transpose();
  }
  sample.keypoints.confidence.setOnes();
  sample.params = truth;
  Augmentation augmentation;
  augmentation.flip = flip;
  augmentation.rotation_rad = rotation_rad;
  augmentation.scale = scale;
  batch.augmentations = {augmentation};
  batch.crops = {CropOf(sample.box, kCropPx, augmentation)};
  batch.keypoints = {KeypointsInCrop(sample.keypoints, batch.crops[0])};
  batch.samples = {sample};
  return batch;
}

// What a perfect network would say of the batch's only sample.
Output PerfectOutput(const Batch& batch, const RestJoints& rest) {
  const BodyParams& truth = *batch.samples[0].params;
  const BodyParams body = BodyInCrop(truth, batch.crops[0], rest);
  const Camera camera = CameraInCrop(ImageCamera(batch.samples[0]), batch.crops[0]);
  Output output;
  output.rotations = at::zeros({1, kNumBodyJoints, 3, 3}, at::kDouble);
  output.betas = at::zeros({1, kNumShapeParams}, at::kDouble);
  for (int k = 0; k < kNumBodyJoints; ++k) {
    const Mat3 rotation = ExpSO3(body.rotation(k));
    for (int r = 0; r < 3; ++r) {
      for (int c = 0; c < 3; ++c) output.rotations[0][k][r][c] = rotation(r, c);
    }
  }
  for (int k = 0; k < kNumShapeParams; ++k) output.betas[0][k] = body.betas()[k];
  const Vec2 middle = Vec2::Constant(0.5 * (kCropPx - 1));
  Vec3 at_middle = body.transl();
  at_middle.head<2>() -= (middle - camera.center_px) * body.transl().z() / camera.focal_px;
  const Vec3 cam = WeakPerspectiveFromTranslation(at_middle, camera.focal_px, kCropPx);
  output.camera = at::zeros({1, 3}, at::kDouble);
  for (int k = 0; k < 3; ++k) output.camera[0][k] = cam[k];
  return output;
}

struct Case {
  bool known_camera, flip;
  double rotation_rad, scale;
};

class NetworkBridgeTest : public testing::TestWithParam<Case> {
 protected:
  Batch batch_ = MakeBatch(
      GetParam().known_camera ? std::optional<Camera>({900, Vec2(420, 160)}) : std::nullopt,
      GetParam().flip, GetParam().rotation_rad, GetParam().scale);
  RestJoints rest_{Body()};
};

TEST_P(NetworkBridgeTest, APerfectNetworkGivesTheTruthBack) {
  const BodyParams truth = *batch_.samples[0].params;
  const BodyParams body = BodiesFromOutput(PerfectOutput(batch_, rest_), batch_, rest_)[0];
  EXPECT_LT((body.transl() - truth.transl()).norm(), 1e-5 * truth.transl().norm());
  EXPECT_LT((body.betas() - truth.betas()).norm(), 1e-12);
  for (int k = 0; k < kNumBodyJoints; ++k) {
    EXPECT_LT(RotationAngle(ExpSO3(body.rotation(k)), ExpSO3(truth.rotation(k))), 1e-6) << k;
  }
}

TEST_P(NetworkBridgeTest, ItsJointsProjectOntoTheKeypointsOfTheCrop) {
  const Output output = PerfectOutput(batch_, rest_);
  BodyLayer layer(Body(), SpinJoints(), at::kDouble);
  const at::Tensor joints = layer->forward(output.rotations, output.betas).joints;
  const CropCameras cameras = CamerasOf(batch_, at::kCPU);
  const at::Tensor points = PixelsFromNormalized(
      ProjectToCrop(joints, PlaceInCrop(output.camera, cameras, kCropPx), cameras, kCropPx),
      kCropPx);
  for (int j = 0; j < kNumSpinJoints; ++j) {
    // The mirrored body is the mirror image only as nearly as the body is symmetric.
    EXPECT_NEAR(points[0][j][0].item<double>(), batch_.keypoints[0].px(j, 0), 0.05) << j;
    EXPECT_NEAR(points[0][j][1].item<double>(), batch_.keypoints[0].px(j, 1), 0.05) << j;
  }
}

TEST_P(NetworkBridgeTest, TargetsAreWhatAPerfectNetworkSays) {
  const Target target{*batch_.samples[0].params, true, {}};
  const Targets tensors = TargetTensors(batch_, std::span(&target, 1), SpinJoints(), &rest_,
                                        {.use_labels = false, .fit_sd_rad = 0}, at::kCPU);
  const Output output = PerfectOutput(batch_, rest_);
  EXPECT_TRUE(at::allclose(tensors.rotations.to(at::kDouble), output.rotations, 0, 1e-6));
  EXPECT_TRUE(at::allclose(tensors.betas.to(at::kDouble), output.betas, 0, 1e-6));
  EXPECT_EQ(tensors.valid.item<float>(), 1);
  EXPECT_EQ(tensors.has_joints.item<float>(), 0);
}

// Where the body that teaches is seen is where its keypoints are, however the crop is turned.
TEST_P(NetworkBridgeTest, TheBodyThatTeachesStandsOnTheKeypoints) {
  const Target target{*batch_.samples[0].params, true, {}};
  const Targets tensors = TargetTensors(batch_, std::span(&target, 1), SpinJoints(), &rest_,
                                        {.use_labels = false, .fit_sd_rad = 0}, at::kCPU);
  BodyLayer layer(Body(), SpinJoints());
  const at::Tensor joints = layer->forward(tensors.rotations, tensors.betas).joints;
  const at::Tensor points = PixelsFromNormalized(
      ProjectToCrop(joints, tensors.translation, CamerasOf(batch_, at::kCPU), kCropPx), kCropPx);
  for (int j = 0; j < kNumSpinJoints; ++j) {
    EXPECT_NEAR(points[0][j][0].item<double>(), batch_.keypoints[0].px(j, 0), 0.05) << j;
    EXPECT_NEAR(points[0][j][1].item<double>(), batch_.keypoints[0].px(j, 1), 0.05) << j;
  }
}

// The joints of the body that teaches, its shape and the twists that teach are all that inverse
// kinematics needs to give its rotations back, however the crop is turned.
TEST_P(NetworkBridgeTest, TwistsThatTeachAreThoseOfTheRotations) {
  const Target target{*batch_.samples[0].params, true, {}};
  const Targets tensors = TargetTensors(batch_, std::span(&target, 1), SpinJoints(), &rest_,
                                        {.use_labels = false, .fit_sd_rad = 0}, at::kCPU);
  BodyLayer layer(Body(), SpinJoints());
  const at::Tensor joints = layer->forward(tensors.rotations, tensors.betas).kinematic;
  const IkLayer ik(Body(), IkOptions());
  const at::Tensor found = ik->forward({joints, tensors.betas, tensors.twist, {}});
  for (int64_t k = 0; k < kNumBodyJoints; ++k) {
    if (std::ranges::count(ik->ends(), k) > 0) continue;
    EXPECT_TRUE(at::allclose(found.select(1, k), tensors.rotations.select(1, k), 0, 2e-3)) << k;
  }
  EXPECT_EQ(tensors.twist[0][0].abs().sum().item<float>(), 0);  // the root has none
}

TEST_P(NetworkBridgeTest, UnsureRotationsTeachLess) {
  Target target{*batch_.samples[0].params, true, JointFloats::Zero(24)};
  constexpr int kRightKnee = 5, kLeftKnee = 4;
  target.rotation_sd_rad[kRightKnee] = 0.2F;
  const auto weights = [&](double fit_sd_rad) {
    return TargetTensors(batch_, std::span(&target, 1), SpinJoints(), &rest_,
                         {.use_labels = false, .fit_sd_rad = fit_sd_rad}, at::kCPU)
        .joint_weight;
  };
  EXPECT_FALSE(weights(0).defined());
  const at::Tensor fifth = weights(0.1);  // 1 / (1 + 2^2)
  for (int k = 0; k < kNumBodyJoints; ++k) {  // on the other side where the crop is mirrored
    const bool unsure = k == (batch_.crops[0].flip() ? kLeftKnee : kRightKnee);
    EXPECT_NEAR(fifth[0][k].item<float>(), unsure ? 0.2 : 1, 1e-6) << k;
  }
}

TEST_P(NetworkBridgeTest, WithoutAFitOnlyKeypointsTeach) {
  const Target target{};
  const Targets tensors =
      TargetTensors(batch_, std::span(&target, 1), SpinJoints(), &rest_, {}, at::kCPU);
  EXPECT_EQ(tensors.valid.item<float>(), 0);
  EXPECT_EQ(tensors.keypoints.size(1), kNumSpinJoints);
}

INSTANTIATE_TEST_SUITE_P(Augmentations, NetworkBridgeTest,
                         testing::Values(Case{false, false, 0, 1}, Case{false, true, 0.4, 0.8},
                                         Case{false, true, -0.7, 1.2}, Case{true, false, 0, 1},
                                         Case{true, false, 0.5, 1.1}, Case{true, true, -0.3, 0.9}));

}  // namespace
}  // namespace gyre
