// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/pose_prior.h"

#include <cmath>
#include <utility>

#include "fitting/fit_options.h"
#include "fitting/terms/term_list.h"

namespace gyre {

PosePriorTerm::PosePriorTerm(std::shared_ptr<const LayoutPrior> prior, double weight)
    : Term("pose_prior", weight, prior->size() + 1), prior_(std::move(prior)) {}

bool PosePriorTerm::Evaluate(std::span<const TermFrame> frames, Eigen::Ref<VecX> residuals,
                             std::span<JacobianRows> jacobians) const {
  const LayoutPrior::Pose pose = prior_->PoseOf(frames[0].params);
  const LayoutPrior::Component& best = prior_->components()[prior_->BestComponent(pose)];
  const double scale = weight() / std::sqrt(2.0);
  const int n = prior_->size();
  residuals.head(n).noalias() = scale * (best.sqrt_precision * (pose - best.mean));
  residuals[n] = weight() * std::sqrt(best.neg_log_weight);
  if (jacobians.empty()) return true;
  const std::vector<int>& joints = prior_->joints();
  for (size_t i = 0; i < joints.size(); ++i) {
    jacobians[0].block(0, 3 * joints[i], n, 3) = scale * best.sqrt_precision.middleCols<3>(3 * i);
  }
  return true;
}

std::unique_ptr<const Term> MakePosePriorTerm(const TermSources& sources) {
  const double weight = sources.options.pose_prior_weight;
  if (sources.stage != FitStage::kBody || weight == 0 || sources.prior->size() == 0) {
    return nullptr;
  }
  return std::make_unique<PosePriorTerm>(sources.prior, weight);
}

}  // namespace gyre
