// SPDX-License-Identifier: Apache-2.0
// keypoints_2d, keypoints_3d and body_joints.
#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>

#include "core/error.h"
#include "regressor/losses/loss.h"
#include "regressor/root_joints.h"

namespace gyre {
namespace {

// [N] of a set: OpenPose's joints have its prefix, the others were annotated by people.
at::Tensor JointWeights(const KeypointSet& set, const LossOptions& options,
                        const at::TensorOptions& like) {
  at::Tensor weights = at::full({set.size()}, options.annotated_joints, like);
  for (int begin = 0, end; begin < set.size(); begin = end) {
    const auto is_openpose = [&](int i) { return set.joints[i].starts_with("OP "); };
    end = begin + 1;
    while (end < set.size() && is_openpose(end) == is_openpose(begin)) ++end;
    if (is_openpose(begin)) weights.narrow(0, begin, end - begin).fill_(options.openpose_joints);
  }
  return weights;
}

// Joints [B,M,3] about their root.
at::Tensor About(const RootJoints& root, const at::Tensor& joints) {
  return joints - RootOf(joints, root);
}

}  // namespace

Quotient KeypointLoss(const Output& output, const Targets& targets, const LossOptions& options) {
  if (!output.keypoints.defined() || !targets.keypoints.defined()) return {};
  GYRE_CHECK(output.set == targets.set && targets.keypoints.size(2) == 3);
  GYRE_CHECK(output.keypoints.size(1) == targets.set->size());
  const at::Tensor truth = targets.keypoints.to(output.keypoints.scalar_type());
  const at::Tensor weight =
      truth.select(2, 2) * JointWeights(*targets.set, options, truth.options());
  const at::Tensor everyone = at::ones({truth.size(0)}, truth.options());
  return WeightedMean(output.keypoints - truth.narrow(2, 0, 2), weight.unsqueeze(2),
                      PointDenominator(weight, everyone, 2, options.mean), options.norm);
}

Quotient JointLoss(const Output& output, const Targets& targets, const LossOptions& options) {
  if (!output.joints.defined() || !targets.joints.defined()) return {};
  GYRE_CHECK(output.set == targets.set && targets.joints.size(2) == 4);
  const int64_t first = targets.joints_first, count = targets.joints.size(1);
  GYRE_CHECK(first + count <= output.joints.size(1));
  const RootJoints root = RootJointsOf(*targets.set, first, count);
  const at::Tensor joints = output.joints.narrow(1, first, count);
  const at::Tensor truth = targets.joints.to(joints.scalar_type());
  const at::Tensor confidence = truth.select(2, 3);
  // Without both there is no root.
  const at::Tensor has = targets.has_joints.to(truth.scalar_type()) *
                         (confidence.select(1, root.right) > 0) *
                         (confidence.select(1, root.left) > 0);
  const at::Tensor difference = About(root, joints) - About(root, truth.narrow(2, 0, 3));
  return WeightedMean(difference, (confidence * has.unsqueeze(1)).unsqueeze(2),
                      PointDenominator(confidence, has, 3, options.mean), options.norm);
}

Quotient BodyJointLoss(const Output& output, const Targets& targets, const LossOptions& options) {
  if (options.body_joints == 0 || !output.joints.defined() || !targets.body_joints.defined()) {
    return {};
  }
  GYRE_CHECK(output.set == targets.set);
  const at::Tensor truth = targets.body_joints.to(output.joints.scalar_type());
  const RootJoints root = RootJointsOf(*targets.set);
  // Joints that the body does not have stand at zero.
  const at::Tensor has = (truth != 0).any(2).to(truth.scalar_type());
  const at::Tensor valid = (targets.valid > 0).to(truth.scalar_type());
  return WeightedMean(About(root, output.joints) - About(root, truth),
                      (has * valid.unsqueeze(1)).unsqueeze(2),
                      PointDenominator(has, valid, 3, options.mean), options.norm);
}

}  // namespace gyre
