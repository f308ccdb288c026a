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

// Where the prior's values are among the parameters that move, and the others.
struct PriorPlaces {
  std::vector<int> of_prior;   // positions in LayoutPrior::Pose of those that move
  std::vector<int> of_params;  // and theirs in NormalMatrix::params
  std::vector<int> others;     // positions there of what the prior says nothing of

  PriorPlaces(const LayoutPrior& prior, const std::vector<int>& params) {
    std::vector<int> place(params.empty() ? 0 : params.back() + 1, -1);
    for (int i = 0; i < prior.size(); ++i) {
      const auto param = 3 * static_cast<size_t>(prior.joints()[i / 3]) + i % 3;
      if (param < place.size()) place[param] = i;
    }
    for (size_t i = 0; i < params.size(); ++i) {
      const int at = static_cast<int>(i), of = place[params[i]];
      (of < 0 ? others : of_params).push_back(at);
      if (of >= 0) of_prior.push_back(of);
    }
  }
};

double LogDeterminant(const Eigen::LLT<Eigen::MatrixXd>& factor) {
  return 2 * factor.matrixLLT().diagonal().array().log().sum();
}

// The posterior with one component of the prior in place of the best. Components differ where the
// prior's values are alone: the others are eliminated once.
class ComponentPosterior {
 public:
  ComponentPosterior(const FitOptimum& optimum, const LayoutPrior& prior)
      : optimum_(optimum),
        places_(prior, optimum.normal.params),
        pose_(prior.PoseOf(optimum.params)),
        best_(prior.components()[static_cast<size_t>(prior.BestComponent(pose_))]),
        best_pull_(best_.precision * (pose_ - best_.mean)),
        half_weight2_(optimum.prior_weight * optimum.prior_weight / 2),
        cost_without_prior_(optimum.cost - 2 * half_weight2_ * best_.neg_log_weight -
                            half_weight2_ * best_pull_.dot(pose_ - best_.mean)) {
    const RowMatX& normal = optimum.normal.values;
    Eigen::MatrixXd of_others = normal(places_.others, places_.others);
    of_others.diagonal().array() += kLeastInformation;
    others_.compute(of_others);
    of_both_ = normal(places_.others, places_.of_params);
    const Eigen::MatrixXd eliminated = others_.matrixL().solve(of_both_);
    reduced_ = normal(places_.of_params, places_.of_params);
    reduced_.diagonal().array() += kLeastInformation;
    reduced_.noalias() -= eliminated.transpose() * eliminated;
  }

  double VarianceFactor() const {
    const double cost = cost_without_prior_ + half_weight2_ * best_pull_.dot(pose_ - best_.mean);
    return std::max(1.0, cost / (half_weight2_ * std::max(optimum_.rows - 2, 1)));
  }

  // Without `information`; its weight is the logarithm of the evidence, up to a constant.
  PosteriorGaussian Of(const LayoutPrior::Component& component, double variance_factor) const {
    const VecX offset = pose_ - component.mean;
    const VecX pull = component.precision * offset;
    const VecX gradient = half_weight2_ * (pull - best_pull_)(places_.of_prior);
    const Eigen::LLT<Eigen::MatrixXd> factor(reduced_ + MoreInformation(component));
    const VecX step = factor.solve(gradient);
    const VecX step_of_others = -others_.solve(of_both_ * step);

    PosteriorGaussian gaussian;
    gaussian.mean = optimum_.params;
    const auto move = [&](const std::vector<int>& places, const VecX& by) {
      for (size_t i = 0; i < places.size(); ++i) {
        gaussian.mean.values()[optimum_.normal.params[places[i]]] -= by[static_cast<int>(i)];
      }
    };
    move(places_.of_params, step);
    move(places_.others, step_of_others);
    const double cost = cost_without_prior_ + half_weight2_ * pull.dot(offset) - gradient.dot(step);
    gaussian.weight = -cost / (2 * half_weight2_ * variance_factor) - component.neg_log_weight -
                      0.5 * (LogDeterminant(others_) + LogDeterminant(factor));
    return gaussian;
  }

  Eigen::LLT<Eigen::MatrixXd> InformationOf(const LayoutPrior::Component& component) const {
    Eigen::MatrixXd information = optimum_.normal.values;
    information(places_.of_params, places_.of_params) += MoreInformation(component);
    information.diagonal().array() += kLeastInformation;
    return information.llt();
  }

 private:
  // Than with the best one, where the prior's values are.
  Eigen::MatrixXd MoreInformation(const LayoutPrior::Component& component) const {
    return half_weight2_ *
           (component.precision - best_.precision)(places_.of_prior, places_.of_prior);
  }

  const FitOptimum& optimum_;
  PriorPlaces places_;
  VecX pose_;
  const LayoutPrior::Component& best_;
  VecX best_pull_;
  double half_weight2_;  // s^2, which the prior's precision is multiplied by in J^T J
  double cost_without_prior_;
  Eigen::LLT<Eigen::MatrixXd> others_;
  Eigen::MatrixXd of_both_, reduced_;  // the prior's values: information without the others'
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
  std::vector<std::pair<PosteriorGaussian, const LayoutPrior::Component*>> all;
  for (const LayoutPrior::Component& component : prior.components()) {
    all.emplace_back(of.Of(component, variance_factor), &component);
  }
  const auto weight_of = [](const auto& one) { return one.first.weight; };
  std::ranges::stable_sort(all, std::ranges::greater(), weight_of);
  const double most = weight_of(all[0]);
  double sum = 0;
  for (auto& [gaussian, component] : all) {
    gaussian.weight = std::exp((gaussian.weight - most) / kEvidenceTemper);
    if (gaussian.weight > kLeastWeight) sum += gaussian.weight;
  }
  for (auto& [gaussian, component] : all) {
    if (!(gaussian.weight > kLeastWeight)) continue;
    gaussian.weight /= sum;
    gaussian.information = of.InformationOf(*component);
    posterior.gaussians.push_back(std::move(gaussian));
  }
  posterior.params = std::move(optimum.normal.params);
  return posterior;
}

}  // namespace gyre
