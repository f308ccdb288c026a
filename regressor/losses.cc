// SPDX-License-Identifier: Apache-2.0
#include "regressor/losses.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/stack.h>

#include "body/joints.h"
#include "core/error.h"

namespace gyre {
namespace {

// Positions in SPIN's 49: OpenPose's joints, then the annotated superset.
int NumOpenPose() {
  static const int count = FindKeypointSet("body25").size();
  return count;
}

at::Tensor Penalty(const at::Tensor& difference, LossNorm norm) {
  return norm == LossNorm::kL1 ? difference.abs() : difference * difference;
}

// A term before it is divided: the denominators of all terms are averaged over the ranks at once.
struct Quotient {
  at::Tensor numerator, denominator;
};

// sum(weight * penalty(difference)) / denominator. Where the weight is not positive the difference
// is cut out, value and gradient, so that NaN in there goes nowhere. `weight` broadcasts.
Quotient WeightedMean(const at::Tensor& difference, const at::Tensor& weight,
                      const at::Tensor& denominator, LossNorm norm) {
  const at::Tensor unobserved = (weight > 0).logical_not();
  const at::Tensor kept = difference.masked_fill(unobserved, 0);
  const at::Tensor weights = weight.masked_fill(unobserved, 0);
  return {(weights * Penalty(kept, norm)).sum(), denominator};
}

// Of a keypoint term: confidence [B,N] over `coordinates` values each, in samples with mask [B].
at::Tensor Denominator(const at::Tensor& confidence, const at::Tensor& mask, int64_t coordinates,
                       LossMean mean) {
  if (mean == LossMean::kAll) return mask.sum() * (confidence.size(1) * coordinates);
  const at::Tensor weight = confidence * mask.unsqueeze(1);
  return weight.masked_fill((weight > 0).logical_not(), 0).sum() * coordinates;
}

Quotient Keypoints2d(const LossPrediction& prediction, const LossTarget& target,
                     const LossOptions& options) {
  const at::Tensor truth = target.keypoints_2d.to(prediction.keypoints_2d.scalar_type());
  at::Tensor joint_weight = at::ones({kNumSpinJoints}, truth.options());
  joint_weight.narrow(0, 0, NumOpenPose()).fill_(options.openpose_joints);
  joint_weight.narrow(0, NumOpenPose(), kNumSpinJoints - NumOpenPose())
      .fill_(options.annotated_joints);
  const at::Tensor weight = truth.select(2, 2) * joint_weight;
  const at::Tensor everyone = at::ones({truth.size(0)}, truth.options());
  return WeightedMean(prediction.keypoints_2d - truth.narrow(2, 0, 2), weight.unsqueeze(2),
                      Denominator(weight, everyone, 2, options.mean), options.norm);
}

// Superset joints [B,24,3] about the middle of their hips.
at::Tensor HipCentered(const at::Tensor& joints, int right_hip, int left_hip) {
  return joints - (joints.narrow(1, right_hip, 1) + joints.narrow(1, left_hip, 1)) / 2;
}

Quotient Keypoints3d(const LossPrediction& prediction, const LossTarget& target,
                     const LossOptions& options) {
  static const int right_hip = SpinJoints().IndexOf("Right Hip") - NumOpenPose();
  static const int left_hip = SpinJoints().IndexOf("Left Hip") - NumOpenPose();
  const at::Tensor joints =
      prediction.joints49.narrow(1, NumOpenPose(), kNumSpinJoints - NumOpenPose());
  const at::Tensor truth = target.joints_3d.to(joints.scalar_type());
  const at::Tensor confidence = truth.select(2, 3);
  // Without both hips there is no centre.
  const at::Tensor has = target.has_joints_3d.to(truth.scalar_type()) *
                         (confidence.select(1, right_hip) > 0) *
                         (confidence.select(1, left_hip) > 0);
  const at::Tensor difference = HipCentered(joints, right_hip, left_hip) -
                                HipCentered(truth.narrow(2, 0, 3), right_hip, left_hip);
  return WeightedMean(difference, (confidence * has.unsqueeze(1)).unsqueeze(2),
                      Denominator(confidence, has, 3, options.mean), options.norm);
}

// Mean over the entries of the valid samples.
Quotient SampleMean(const at::Tensor& prediction, const at::Tensor& truth, const at::Tensor& valid,
                    LossNorm norm) {
  const at::Tensor mask = (valid > 0).to(prediction.scalar_type());
  std::vector<int64_t> shape(static_cast<size_t>(prediction.dim()), 1);
  shape[0] = mask.size(0);
  const int64_t entries = prediction.numel() / std::max<int64_t>(prediction.size(0), 1);
  return WeightedMean(prediction - truth, mask.reshape(shape), mask.sum() * entries, norm);
}

Quotient PoseTerm(const LossPrediction& prediction, const LossTarget& target, LossNorm norm) {
  if (!target.joint_weight.defined()) {
    return SampleMean(prediction.rotmats, target.rotmats, target.valid, norm);
  }
  const at::Tensor mask = (target.valid > 0).to(prediction.rotmats.scalar_type());
  const at::Tensor weight = (target.joint_weight * mask.unsqueeze(1)).unsqueeze(2).unsqueeze(3);
  const int64_t entries = prediction.rotmats.size(2) * prediction.rotmats.size(3);
  return WeightedMean(prediction.rotmats - target.rotmats, weight, weight.sum() * entries, norm);
}

Quotient Camera(const LossPrediction& prediction) {
  const at::Tensor mean = (-20 * prediction.cam.select(1, 0)).exp().mean();
  return {mean, at::ones_like(mean)};  // ranks have equally many samples
}

}  // namespace

Losses ComputeLosses(const LossPrediction& prediction, const LossTarget& target,
                     const LossOptions& options, const RankMean& rank_mean) {
  GYRE_CHECK(prediction.joints49.size(1) == kNumSpinJoints && target.keypoints_2d.size(2) == 3);
  GYRE_CHECK(target.joints_3d.size(2) == 4 &&
             target.joints_3d.size(1) == kNumSpinJoints - NumOpenPose());
  struct Term {
    const char* name;
    double weight;
    Quotient quotient;
  };
  std::vector<Term> terms = {
      {"keypoints_2d", options.keypoints_2d, Keypoints2d(prediction, target, options)},
      {"keypoints_3d", options.keypoints_3d, Keypoints3d(prediction, target, options)},
      {"pose", options.pose, PoseTerm(prediction, target, options.norm)},
      {"betas", options.betas,
       SampleMean(prediction.betas, target.betas, target.valid, options.norm)},
      {"camera", options.camera, Camera(prediction)}};
  if (options.vertices > 0) {
    terms.push_back(
        {"vertices", options.vertices,
         SampleMean(prediction.vertices, target.vertices, target.valid, LossNorm::kL1)});
  }
  std::vector<at::Tensor> denominators;
  for (const Term& term : terms) denominators.push_back(term.quotient.denominator);
  const at::Tensor over_all = rank_mean.Of(at::stack(denominators));

  Losses losses;
  for (size_t i = 0; i < terms.size(); ++i) {
    // An empty mask has numerator 0: any positive denominator gives 0.
    const at::Tensor term =
        terms[i].quotient.numerator / over_all[static_cast<int64_t>(i)].clamp_min(1e-6);
    losses.terms.emplace_back(terms[i].name, term.detach());
    const at::Tensor weighted = (options.total * terms[i].weight) * term;
    losses.total = losses.total.defined() ? losses.total + weighted : weighted;
  }
  return losses;
}

}  // namespace gyre
