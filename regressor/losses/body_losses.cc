// SPDX-License-Identifier: Apache-2.0
// pose, twist, axis_angle, betas, expression, camera and vertices.
#include <ATen/TensorOperators.h>
#include <ATen/ops/ones_like.h>

#include "regressor/losses/loss.h"
#include "regressor/rotation.h"

namespace gyre {

Quotient PoseLoss(const Output& output, const Targets& targets, const LossOptions& options) {
  const at::Tensor &prediction = output.rotations, &truth = targets.rotations;
  if (!prediction.defined() || !truth.defined() || !targets.joint_weight.defined()) {
    return SampleMean(prediction, truth, targets.valid, options.norm);
  }
  const at::Tensor mask = (targets.valid > 0).to(prediction.scalar_type());
  const at::Tensor weight = (targets.joint_weight * mask.unsqueeze(1)).unsqueeze(2).unsqueeze(3);
  const int64_t entries = prediction.size(2) * prediction.size(3);
  return WeightedMean(prediction - truth, weight, weight.sum() * entries, options.norm);
}

Quotient AxisAngleLoss(const Output& output, const Targets& targets, const LossOptions& options) {
  if (options.axis_angle == 0 || !output.rotations.defined() || !targets.rotations.defined()) {
    return {};
  }
  return SampleMean(AxisAngleFromRotation(output.rotations),
                    AxisAngleFromRotation(targets.rotations), targets.valid, options.norm);
}

Quotient TwistLoss(const Output& output, const Targets& targets, const LossOptions& options) {
  if (!output.twist.defined() || !targets.twist.defined()) return {};
  const at::Tensor swings = (targets.twist != 0).any(2).to(output.twist.scalar_type());
  const at::Tensor valid = (targets.valid > 0).to(output.twist.scalar_type());
  const at::Tensor weight = swings * valid.unsqueeze(1);
  return WeightedMean(output.twist - targets.twist, weight.unsqueeze(2),
                      weight.sum() * output.twist.size(2), options.norm);
}

Quotient BetasLoss(const Output& output, const Targets& targets, const LossOptions& options) {
  return SampleMean(output.betas, targets.betas, targets.valid, options.norm);
}

Quotient ExpressionLoss(const Output& output, const Targets& targets, const LossOptions& options) {
  return SampleMean(output.expression, targets.expression, targets.valid, options.norm);
}

Quotient CameraLoss(const Output& output, const Targets& /*targets*/,
                    const LossOptions& /*options*/) {
  // Where a mesh has the camera, the body only borrows it.
  const at::Tensor& camera = output.mesh_camera.defined() ? output.mesh_camera : output.camera;
  if (!camera.defined()) return {};
  const at::Tensor mean = (-20 * camera.select(1, 0)).exp().mean();
  return {mean, at::ones_like(mean)};  // ranks have equally many samples
}

Quotient VertexLoss(const Output& output, const Targets& targets, const LossOptions& /*options*/) {
  return SampleMean(output.vertices, targets.vertices, targets.valid, LossNorm::kL1);
}

}  // namespace gyre
