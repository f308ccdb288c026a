// SPDX-License-Identifier: Apache-2.0
#include "body/layout_prior.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace gyre {

LayoutPrior::LayoutPrior(std::shared_ptr<const PosePrior> prior, const BodyLayout& layout)
    : prior_(std::move(prior)) {
  std::vector<int> kept;  // the prior's own values
  const std::vector<std::string>& smpl = SmplLayout().joints;
  for (size_t k = 1; k < smpl.size(); ++k) {
    const int joint = layout.IndexOf(smpl[k]);
    if (joint <= 0) continue;
    contiguous_ = contiguous_ && joint == static_cast<int>(joints_.size()) + 1;
    joints_.push_back(joint);
    for (int axis = 0; axis < 3; ++axis) kept.push_back(static_cast<int>(3 * (k - 1)) + axis);
  }
  const bool whole = static_cast<int>(kept.size()) == kNumPriorPose;
  const PriorPose mean = prior_->Mean();
  mean_ = mean(kept);

  std::vector<double> half_log_det;
  for (const PosePrior::Component& of : prior_->components()) {
    Component& c = components_.emplace_back();
    c.weight = of.weight;
    c.mean = of.mean(kept);
    if (whole) {
      c.precision = of.precision;
      c.sqrt_precision = of.sqrt_precision;
      c.neg_log_weight = of.neg_log_weight;
      continue;
    }
    const Eigen::LLT<Eigen::MatrixXd> covariance(of.covariance(kept, kept));
    c.precision = covariance.solve(Eigen::MatrixXd::Identity(size(), size()));
    c.sqrt_precision = Eigen::LLT<Eigen::MatrixXd>(c.precision).matrixU();
    half_log_det.push_back(
        Eigen::MatrixXd(covariance.matrixL()).diagonal().array().log().sum());
  }
  if (whole) return;
  const double smallest = *std::min_element(half_log_det.begin(), half_log_det.end());
  for (size_t k = 0; k < components_.size(); ++k) {
    components_[k].neg_log_weight = half_log_det[k] - smallest - std::log(components_[k].weight) +
                                    0.5 * size() * std::log(2 * std::numbers::pi);
  }
}

LayoutPrior::Pose LayoutPrior::PoseOf(const BodyParams& params) const {
  if (contiguous_) return params.pose().segment(3, size());
  Pose pose(size());
  for (size_t i = 0; i < joints_.size(); ++i) {
    pose.segment<3>(3 * i) = params.rotation(joints_[i]);
  }
  return pose;
}

void LayoutPrior::SetPose(const Pose& pose, BodyParams* params) const {
  for (size_t i = 0; i < joints_.size(); ++i) {
    params->rotation(joints_[i]) = pose.segment<3>(3 * i);
  }
}

int LayoutPrior::BestComponent(const Pose& pose, double* energy) const {
  int best = 0;
  double lowest = std::numeric_limits<double>::infinity();
  for (size_t k = 0; k < components_.size(); ++k) {
    const Component& c = components_[k];
    const Pose offset = pose - c.mean;
    const Pose whitened = c.sqrt_precision.triangularView<Eigen::Upper>() * offset;
    // The whole mixture's sums are unrolled, as PosePrior's are: the same to the last bit.
    const double norm2 = size() == kNumPriorPose
                             ? Eigen::Map<const PriorPose>(whitened.data()).squaredNorm()
                             : whitened.squaredNorm();
    const double value = 0.5 * norm2 + c.neg_log_weight;
    if (value < lowest) {
      lowest = value;
      best = static_cast<int>(k);
    }
  }
  if (energy != nullptr) *energy = lowest;
  return best;
}

double LayoutPrior::Energy(const BodyParams& params) const {
  double energy = 0;
  BestComponent(PoseOf(params), &energy);
  return energy;
}

}  // namespace gyre
