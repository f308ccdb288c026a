// SPDX-License-Identifier: Apache-2.0
#include "fitting/posterior.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "core/error.h"

namespace gyre {
namespace {

constexpr double kLeastInformation = 1e-9;  // what nothing observes stays finite
constexpr double kLeastWeight = 1e-4;       // of a component that matters

// Where the prior's values are among the parameters that move.
struct PriorPlaces {
  std::vector<int> of_prior;   // positions in LayoutPrior::Pose of those that move
  std::vector<int> of_params;  // and theirs in NormalMatrix::params

  PriorPlaces(const LayoutPrior& prior, const std::vector<int>& params) {
    for (int i = 0; i < prior.size(); ++i) {
      const int param = 3 * prior.joints()[static_cast<size_t>(i / 3)] + i % 3;
      const auto at = std::lower_bound(params.begin(), params.end(), param);
      if (at == params.end() || *at != param) continue;
      of_prior.push_back(i);
      of_params.push_back(static_cast<int>(at - params.begin()));
    }
  }
};

double LogDeterminant(const Eigen::LLT<Eigen::MatrixXd>& factor) {
  return 2 * factor.matrixLLT().diagonal().array().log().sum();
}

// The posterior with one component of the prior in place of the best.
class ComponentPosterior {
 public:
  ComponentPosterior(const FitOptimum& optimum, const LayoutPrior& prior)
      : optimum_(optimum),
        prior_(prior),
        places_(prior, optimum.normal.params),
        pose_(prior.PoseOf(optimum.params)),
        best_(prior.components()[static_cast<size_t>(prior.BestComponent(pose_))]),
        best_pull_(best_.precision * (pose_ - best_.mean)),
        half_weight2_(optimum.prior_weight * optimum.prior_weight / 2),
        cost_without_prior_(optimum.cost - 2 * half_weight2_ * best_.neg_log_weight -
                            half_weight2_ * best_pull_.dot(pose_ - best_.mean)) {}

  double VarianceFactor() const {
    const double cost = cost_without_prior_ + half_weight2_ * best_pull_.dot(pose_ - best_.mean);
    return std::max(1.0, cost / (half_weight2_ * std::max(optimum_.rows - 2, 1)));
  }

  // Its weight is the logarithm of the evidence, up to a constant.
  PosteriorGaussian Of(const LayoutPrior::Component& component, double variance_factor) const {
    const VecX offset = pose_ - component.mean;
    const VecX pull = component.precision * offset;
    Eigen::MatrixXd information = optimum_.normal.values;
    information(places_.of_params, places_.of_params) +=
        half_weight2_ * (component.precision - best_.precision)(places_.of_prior, places_.of_prior);
    information.diagonal().array() += kLeastInformation;
    VecX gradient = VecX::Zero(information.rows());
    gradient(places_.of_params) = half_weight2_ * (pull - best_pull_)(places_.of_prior);

    PosteriorGaussian gaussian;
    gaussian.information.compute(information);
    const VecX step = gaussian.information.solve(gradient);
    gaussian.mean = optimum_.params;
    for (size_t i = 0; i < optimum_.normal.params.size(); ++i) {
      gaussian.mean.values()[optimum_.normal.params[i]] -= step[static_cast<Eigen::Index>(i)];
    }
    const double cost = cost_without_prior_ + half_weight2_ * pull.dot(offset) - gradient.dot(step);
    gaussian.weight = -cost / (2 * half_weight2_ * variance_factor) - component.neg_log_weight -
                      0.5 * LogDeterminant(gaussian.information);
    return gaussian;
  }

 private:
  const FitOptimum& optimum_;
  const LayoutPrior& prior_;
  PriorPlaces places_;
  VecX pose_;
  const LayoutPrior::Component& best_;
  VecX best_pull_;
  double half_weight2_;  // s^2, which the prior's precision is multiplied by in J^T J
  double cost_without_prior_;
};

}  // namespace

BodyParams Posterior::Mean() const {
  GYRE_CHECK(!gaussians.empty());
  BodyParams mean = gaussians[0].mean;
  mean.values() *= gaussians[0].weight;
  for (size_t k = 1; k < gaussians.size(); ++k) {
    mean.values() += gaussians[k].weight * gaussians[k].mean.values();
  }
  return mean;
}

Posterior PosteriorAtOptimum(FitOptimum optimum) {
  Posterior posterior;
  posterior.noise_px = optimum.prior_weight / std::numbers::sqrt2;
  optimum.normal.values.diagonal().array() += kLeastInformation;
  PosteriorGaussian& gaussian = posterior.gaussians.emplace_back();
  gaussian.mean = optimum.params;
  gaussian.information.compute(optimum.normal.values);
  posterior.params = std::move(optimum.normal.params);
  return posterior;
}

Posterior PosteriorOverComponents(FitOptimum optimum, const LayoutPrior& prior) {
  if (prior.size() == 0) return PosteriorAtOptimum(std::move(optimum));
  const ComponentPosterior of(optimum, prior);
  const double variance_factor = of.VarianceFactor();
  Posterior posterior;
  posterior.noise_px = optimum.prior_weight * std::sqrt(variance_factor / 2);
  std::vector<PosteriorGaussian>& gaussians = posterior.gaussians;
  for (const LayoutPrior::Component& component : prior.components()) {
    gaussians.push_back(of.Of(component, variance_factor));
  }
  std::ranges::stable_sort(gaussians, std::ranges::greater(), &PosteriorGaussian::weight);
  const double most = gaussians[0].weight;
  double sum = 0;
  for (PosteriorGaussian& gaussian : gaussians) {
    gaussian.weight = std::exp((gaussian.weight - most) / kEvidenceTemper);
    if (gaussian.weight > kLeastWeight) sum += gaussian.weight;
  }
  std::erase_if(gaussians, [](const auto& gaussian) { return !(gaussian.weight > kLeastWeight); });
  for (PosteriorGaussian& gaussian : gaussians) gaussian.weight /= sum;
  posterior.params = std::move(optimum.normal.params);
  return posterior;
}

}  // namespace gyre
