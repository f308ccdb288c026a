// SPDX-License-Identifier: Apache-2.0
// Losses of lifted clips (Pavllo et al. 2019). P joints said, X true ones, r their root, p the root
// that is said; of labelled people, all weighted by the confidence of X:
//   joint_distance  mean of |P_j - (X_j - r)|: what is said is not centred, the root is in the mean
//   root_path       mean of |p - r| / r_z
// and of people without labels:
//   reprojection    mean of |x_j - x^_j| over keypoints, [-1,1] of the crop
//   bones           mean over bones of | mean length of these people - that of labelled people |,
//                   both as they are said; of several ranks, each compares its own
#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>

#include "body/anatomy.h"
#include "core/error.h"
#include "regressor/losses/loss.h"
#include "regressor/root_joints.h"

namespace gyre {
namespace {

// Roots nearer than this say nothing of the depth.
constexpr double kNearestM = 0.1;

// The labelled people's joints in space.
struct Labels {
  at::Tensor said, truth;      // [B,M,3]
  at::Tensor confidence;       // [B,M]
  at::Tensor root, with_root;  // [B,1,3], [B]

  Labels(const Output& output, const Targets& targets) {
    GYRE_CHECK(output.set == targets.set && targets.joints.size(2) == 4);
    const int64_t first = targets.joints_first, count = targets.joints.size(1);
    const RootJoints pelvis = PelvisOf(*targets.set, first, count);
    said = output.joints.narrow(1, first, count);
    const at::Tensor joints = targets.joints.to(said.scalar_type());
    truth = joints.narrow(2, 0, 3);
    confidence = joints.select(2, 3);
    root = RootOf(truth, pelvis);
    with_root = targets.has_joints.to(said.scalar_type()) *
                (confidence.select(1, pelvis.right) > 0) * (confidence.select(1, pelvis.left) > 0);
  }
};

// Sum of weighted lengths of differences, cut out where they don't count, over the weights' sum.
Quotient MeanLength(const at::Tensor& difference, const at::Tensor& weight,
                    const at::Tensor& denominator) {
  const at::Tensor unknown = (weight > 0).logical_not();
  const at::Tensor kept = difference.masked_fill(unknown.unsqueeze(-1), 0);
  return {(weight.masked_fill(unknown, 0) * kept.norm(2, -1)).sum(), denominator};
}

at::Tensor WithoutLabels(const Targets& targets, const at::Tensor& like) {
  return (targets.has_joints > 0).logical_not().to(like.scalar_type());
}

}  // namespace

Quotient JointDistanceLoss(const Output& output, const Targets& targets,
                           const LossOptions& options) {
  if (options.joint_distance == 0 || !output.joints.defined() || !targets.joints.defined()) {
    return {};
  }
  const Labels labels(output, targets);
  const at::Tensor weight = labels.confidence * labels.with_root.unsqueeze(1);
  return MeanLength(labels.said - (labels.truth - labels.root), weight,
                    PointDenominator(labels.confidence, labels.with_root, 1, LossMean::kObserved));
}

Quotient RootPathLoss(const Output& output, const Targets& targets, const LossOptions& options) {
  if (options.root_path == 0 || !output.path.defined() || !targets.placed.defined()) return {};
  const Labels labels(output, targets);
  const at::Tensor root = labels.root.squeeze(1), depth = root.select(1, 2);
  const at::Tensor known =
      labels.with_root * targets.placed.to(root.scalar_type()) * (depth > kNearestM);
  return MeanLength(output.path - root, known / depth.clamp_min(kNearestM), known.sum());
}

Quotient ReprojectionLoss(const Output& output, const Targets& targets,
                          const LossOptions& options) {
  if (options.reprojection == 0 || !output.keypoints.defined() || !targets.keypoints.defined()) {
    return {};
  }
  GYRE_CHECK(output.set == targets.set);
  const at::Tensor truth = targets.keypoints.to(output.keypoints.scalar_type());
  const at::Tensor people = WithoutLabels(targets, truth), confidence = truth.select(2, 2);
  return MeanLength(output.keypoints - truth.narrow(2, 0, 2), confidence * people.unsqueeze(1),
                    PointDenominator(confidence, people, 1, LossMean::kObserved));
}

Quotient BoneLoss(const Output& output, const Targets& targets, const LossOptions& options) {
  if (options.bones == 0 || !output.joints.defined() || !targets.has_joints.defined()) return {};
  std::vector<int64_t> from, to;
  for (const auto& [parent, child] : BonesOf(*targets.set)) {
    from.push_back(parent);
    to.push_back(child);
  }
  if (from.empty())
    ThrowUserError("no bones of {} are known; use --loss.bones 0", output.set->name);
  const auto ends = [&](const std::vector<int64_t>& joints) {
    return output.joints.index_select(1, at::tensor(joints).to(output.joints.device()));
  };
  const at::Tensor lengths = (ends(to) - ends(from)).norm(2, 2);  // [B,bones]
  const at::Tensor without = WithoutLabels(targets, lengths);
  const auto mean = [&](const at::Tensor& people) {
    return (lengths * people.unsqueeze(1)).sum(0) / people.sum().clamp_min(1);
  };
  const at::Tensor both = (without.sum() > 0).logical_and((1 - without).sum() > 0);
  return {(mean(without) - mean(1 - without)).abs().mean() * both, both.to(lengths.scalar_type())};
}

}  // namespace gyre
