// SPDX-License-Identifier: Apache-2.0
// One loss of a network's output against its targets: a quotient, so that several ranks can share
// denominators. A new loss is a file in this folder, a weight in LossOptions and a line of the
// table in losses.cc.
#pragma once

#include <ATen/core/Tensor.h>

#include "regressor/loss_options.h"
#include "regressor/losses/targets.h"
#include "regressor/output.h"

namespace gyre {

// Undefined where output or targets lack what the loss compares.
struct Quotient {
  at::Tensor numerator, denominator;

  bool defined() const { return numerator.defined(); }
};

struct LossKind {
  const char* name;
  double LossOptions::*weight;
  Quotient (*of)(const Output&, const Targets&, const LossOptions&);
};

Quotient KeypointLoss(const Output& output, const Targets& targets, const LossOptions& options);
Quotient JointLoss(const Output& output, const Targets& targets, const LossOptions& options);
Quotient PoseLoss(const Output& output, const Targets& targets, const LossOptions& options);
Quotient BetasLoss(const Output& output, const Targets& targets, const LossOptions& options);
Quotient ExpressionLoss(const Output& output, const Targets& targets, const LossOptions& options);
Quotient CameraLoss(const Output& output, const Targets& targets, const LossOptions& options);
Quotient UvdLoss(const Output& output, const Targets& targets, const LossOptions& options);
Quotient VolumeLoss(const Output& output, const Targets& targets, const LossOptions& options);
Quotient TwistLoss(const Output& output, const Targets& targets, const LossOptions& options);
Quotient AxisAngleLoss(const Output& output, const Targets& targets, const LossOptions& options);
Quotient BodyJointLoss(const Output& output, const Targets& targets, const LossOptions& options);
Quotient VertexLoss(const Output& output, const Targets& targets, const LossOptions& options);
Quotient MeshVertexLoss(const Output& output, const Targets& targets, const LossOptions& options);
Quotient MeshKeypointLoss(const Output& output, const Targets& targets, const LossOptions& options);
Quotient MeshJointLoss(const Output& output, const Targets& targets, const LossOptions& options);
Quotient JointDistanceLoss(const Output& output, const Targets& targets,
                           const LossOptions& options);
Quotient RootPathLoss(const Output& output, const Targets& targets, const LossOptions& options);
Quotient ReprojectionLoss(const Output& output, const Targets& targets, const LossOptions& options);
Quotient BoneLoss(const Output& output, const Targets& targets, const LossOptions& options);
Quotient SilhouetteLoss(const Output& output, const Targets& targets, const LossOptions& options);
Quotient SilhouettePixelLoss(const Output& output, const Targets& targets,
                             const LossOptions& options);
Quotient PartLoss(const Output& output, const Targets& targets, const LossOptions& options);
Quotient MaskLoss(const Output& output, const Targets& targets, const LossOptions& options);

// What losses are made of.

at::Tensor Penalty(const at::Tensor& difference, LossNorm norm);

// sum(weight * penalty(difference)) / denominator. Where the weight is not positive the difference
// is cut out, value and gradient, so that NaN in there goes nowhere. `weight` broadcasts.
Quotient WeightedMean(const at::Tensor& difference, const at::Tensor& weight,
                      const at::Tensor& denominator, LossNorm norm);

// Mean squared difference over the cells of each joint of [B,M,...]: [B,M].
at::Tensor VolumeCellMean(const at::Tensor& volumes, const at::Tensor& truth);

// Of a term over points: confidence [B,N] over `coordinates` values each, in samples with mask [B].
at::Tensor PointDenominator(const at::Tensor& confidence, const at::Tensor& mask,
                            int64_t coordinates, LossMean mean);

// Mean over the entries of the valid samples. Undefined without both tensors.
Quotient SampleMean(const at::Tensor& prediction, const at::Tensor& truth, const at::Tensor& valid,
                    LossNorm norm);

}  // namespace gyre
