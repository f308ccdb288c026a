// SPDX-License-Identifier: Apache-2.0
// pose, betas, expression, camera and vertices.
#include <ATen/TensorOperators.h>
#include <ATen/ops/ones_like.h>

#include "regressor/losses/loss.h"

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

Quotient BetasLoss(const Output& output, const Targets& targets, const LossOptions& options) {
  return SampleMean(output.betas, targets.betas, targets.valid, options.norm);
}

Quotient ExpressionLoss(const Output& output, const Targets& targets, const LossOptions& options) {
  return SampleMean(output.expression, targets.expression, targets.valid, options.norm);
}

Quotient CameraLoss(const Output& output, const Targets& /*targets*/,
                    const LossOptions& /*options*/) {
  if (!output.camera.defined()) return {};
  const at::Tensor mean = (-20 * output.camera.select(1, 0)).exp().mean();
  return {mean, at::ones_like(mean)};  // ranks have equally many samples
}

Quotient VertexLoss(const Output& output, const Targets& targets, const LossOptions& /*options*/) {
  return SampleMean(output.vertices, targets.vertices, targets.valid, LossNorm::kL1);
}

}  // namespace gyre
