// SPDX-License-Identifier: Apache-2.0
#include "fitting/test_problems.h"

#include <numbers>

#include "body/reduced_body.h"
#include "core/so3.h"

namespace gyre {
namespace {

constexpr double kJoints[kNumBodyJoints][3] = {{0, 0, 0},
                                               {0.07, -0.08, 0},
                                               {-0.07, -0.08, 0},
                                               {0, 0.11, -0.02},
                                               {0.1, -0.47, 0},
                                               {-0.1, -0.47, 0},
                                               {0, 0.25, 0},
                                               {0.09, -0.88, -0.04},
                                               {-0.09, -0.88, -0.04},
                                               {0, 0.3, 0.02},
                                               {0.11, -0.94, 0.08},
                                               {-0.11, -0.94, 0.08},
                                               {0, 0.51, -0.01},
                                               {0.08, 0.42, -0.01},
                                               {-0.08, 0.42, -0.01},
                                               {0, 0.6, 0.04},
                                               {0.17, 0.45, -0.03},
                                               {-0.17, 0.45, -0.03},
                                               {0.43, 0.44, -0.05},
                                               {-0.43, 0.44, -0.05},
                                               {0.68, 0.45, -0.05},
                                               {-0.68, 0.45, -0.05},
                                               {0.77, 0.44, -0.06},
                                               {-0.77, 0.44, -0.06}};
constexpr int kPerJoint = 4;
constexpr double kOffsets[kPerJoint][3] = {
    {0, 0.04, 0}, {0, -0.04, 0}, {0.03, 0, 0.05}, {-0.03, 0, -0.05}};

}  // namespace

std::shared_ptr<const BodyModel> MakeStickBody() {
  auto model = std::make_shared<BodyModel>();
  model->name = "stick body";
  const int n = kPerJoint * kNumBodyJoints;
  model->v_template.resize(n, 3);
  model->shapedirs = RowMatX::Zero(3 * n, kNumShapeParams);
  model->posedirs = RowMatX::Zero(3 * n, kNumPoseFeatures);
  RowMatX weights = RowMatX::Zero(n, kNumBodyJoints), regressor = RowMatX::Zero(kNumBodyJoints, n);
  Rng rng(1, RngStream::kTest);
  for (int v = 0; v < n; ++v) {
    const int joint = v / kPerJoint;
    for (int axis = 0; axis < 3; ++axis) {
      model->v_template(v, axis) = kJoints[joint][axis] + kOffsets[v % kPerJoint][axis];
      model->shapedirs(3 * v + axis, 0) = 0.04 * kJoints[joint][axis];
      for (int k = 9 * (joint - 1); joint > 0 && k < 9 * joint; ++k) {  // of the joint alone
        model->posedirs(3 * v + axis, k) = 0.004 * rng.Normal();
      }
    }
    model->shapedirs(3 * v + 1, 1) = 0.03 * kJoints[joint][1];
    model->shapedirs(3 * v, 2) = 0.03 * kJoints[joint][0];
    weights(v, joint) = 0.8;
    weights(v, joint == 0 ? 3 : model->parents()[joint]) += 0.2;
    regressor(joint, v) = 1.0 / kPerJoint;
  }
  model->weights = weights.sparseView(0, 0);
  model->J_regressor = regressor.sparseView(0, 0);
  // Landmarks: face and head vertices, feet, hands, in the registry's order.
  for (int i = 0; i < kNumLandmarks; ++i) {
    const int joint = i < 5 ? 15 : i < 8 ? 10 : i < 11 ? 11 : i < 16 ? 22 : 23;
    model->landmark_vertices[i] = kPerJoint * joint + i % kPerJoint;
  }
  RowMatX extra = RowMatX::Zero(kNumExtraJoints, n);
  constexpr int kExtra[kNumExtraJoints] = {2, 1, 12, 15, 0, 9, 6, 12, 15};
  for (int row = 0; row < kNumExtraJoints; ++row) {
    extra(row, kPerJoint * kExtra[row]) = 0.6;
    extra(row, kPerJoint * kExtra[row] + 2) = 0.4;
  }
  model->J_regressor_extra = extra.sparseView(0, 0);
  model->faces.resize(1, 3);
  model->faces << 0, 1, 2;
  return model;
}

std::shared_ptr<const PosePrior> MakeStickPrior() {
  RowMatX means = RowMatX::Zero(2, kNumPriorPose);
  means(0, 3 * 15 + 2) = -1.2;  // left shoulder: the arm hangs
  means(0, 3 * 16 + 2) = 1.2;
  means.row(1) = means.row(0);
  means(1, 3 * 3) = means(1, 3 * 4) = 0.8;   // knees
  means(1, 3 * 0) = means(1, 3 * 1) = -0.5;  // hips
  PriorMatrix covariance = 0.09 * PriorMatrix::Identity();
  covariance(0, 3) = covariance(3, 0) = 0.02;
  return std::make_shared<PosePrior>(
      VecX{{0.6, 0.4}}, means, std::vector<PriorMatrix>{covariance, 1.2 * covariance}, "test");
}

std::shared_ptr<const BodyModel> MakeTwelveJointBody() {
  const std::vector<std::string> joints = {"Pelvis",     "L_Hip",      "R_Hip",   "L_Knee",
                                           "R_Knee",     "L_Ankle",    "R_Ankle", "Neck",
                                           "L_Shoulder", "R_Shoulder", "L_Elbow", "R_Elbow"};
  return std::make_shared<BodyModel>(ReduceBody(*MakeStickBody(), joints, 3));
}

TrueProblem MakeTrueProblem(const Fitter& fitter, uint64_t seed) {
  Rng rng(seed, RngStream::kTest);
  TrueProblem made;
  const BodyLayout& layout = *fitter.body().layout;
  made.truth = BodyParams(layout);
  const PriorPose pose = fitter.prior().Sample(rng, 0.5);
  for (int k = 1; k < SmplLayout().num_joints(); ++k) {
    const int joint = layout.IndexOf(SmplLayout().joints[k]);
    if (joint > 0) made.truth.rotation(joint) = pose.segment<3>(3 * (k - 1));
  }
  // Drawn one by one: in one expression each compiler has its own order, and so other people.
  const double body_yaw = rng.Normal(0, 0.5), camera_yaw = rng.Normal(0, 0.3);
  made.truth.rotation(0) = LogSO3(ExpSO3({0, camera_yaw, 0}) * ExpSO3({std::numbers::pi, 0, 0}) *
                                  ExpSO3({0, body_yaw, 0}));
  for (int i = 0; i < 3; ++i) made.truth.betas()[i] = rng.Normal(0, 0.5);
  made.truth.transl() = Vec3{0.2, -0.1, 8};
  made.problem.camera = {1000, {320, 240}};
  made.problem.start = made.truth;
  const Points3 joints = fitter.Joints(made.truth);
  made.problem.keypoints_px.setZero(joints.rows(), 2);
  made.problem.confidence.setZero(joints.rows());
  for (Eigen::Index i = 0; i < joints.rows(); ++i) {
    if (!joints.row(i).allFinite()) continue;
    made.problem.keypoints_px.row(i) =
        made.problem.camera.Project(joints.row(i).transpose()).transpose();
    made.problem.confidence[i] = 1;
  }
  return made;
}

BodyParams Disturbed(const BodyParams& params, double sigma_rad, uint64_t seed) {
  Rng rng(seed, RngStream::kNoise);
  BodyParams disturbed = params;
  for (double& value : disturbed.pose()) value += rng.Normal(0, sigma_rad);
  disturbed.betas().setZero();
  disturbed.transl() += Vec3(0.05, -0.05, 0.6);
  return disturbed;
}

}  // namespace gyre
