// SPDX-License-Identifier: Apache-2.0
#include "fitting/objective.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/error.h"

namespace gyre {

Objective::Objective(std::shared_ptr<const FoldedJoints> joints, Terms terms, std::vector<int> free,
                     BodyParams anchor)
    : joints_(std::move(joints)),
      free_(std::move(free)),
      anchor_(std::move(anchor)),
      used_(joints_->size(), 0),
      positions_(joints_->size(), 3) {
  GYRE_CHECK(std::is_sorted(free_.begin(), free_.end()) &&
             (free_.empty() || (free_.front() >= 0 && free_.back() < num_params())));
  for (auto& term : terms) Add(std::move(term));
}

void Objective::Add(std::unique_ptr<const Term> term) {
  GYRE_CHECK(term->num_frames() == 1, "{} is about motion", term->name());
  term->MarkJoints(used_);
  num_residuals_ += term->rows();
  residual_scratch_.resize(num_residuals_);
  terms_.push_back(std::move(term));
}

void Objective::Replace(std::unique_ptr<const Term> term) {
  const auto old = std::ranges::find(terms_, term->name(), [](const auto& t) { return t->name(); });
  if (old == terms_.end()) return;
  GYRE_CHECK((*old)->rows() == term->rows(), "{} has another number of rows", term->name());
  *old = std::move(term);
}

bool Objective::Evaluate(const BodyParams& params, Eigen::Ref<VecX> residuals, RowMatX* jacobian) {
  GYRE_CHECK(residuals.size() == num_residuals_);
  const bool linearise = jacobian != nullptr;
  FoldedOptions folded;
  folded.mask = used_;
  joints_->Evaluate(params, &positions_, linearise ? &joint_jacobian_ : nullptr, folded);
  if (linearise) jacobian->setZero(num_residuals_, num_params());
  const TermFrame frame{params, anchor_, sigma_px_, positions_,
                        linearise ? &joint_jacobian_ : nullptr};
  int row = 0;
  for (const auto& term : terms_) {
    const int n = term->rows();
    bool has_value;
    if (linearise) {
      JacobianRows rows(jacobian->middleRows(row, n));
      has_value = term->Evaluate({&frame, 1}, residuals.segment(row, n), {&rows, 1});
    } else {
      has_value = term->Evaluate({&frame, 1}, residuals.segment(row, n), {});
    }
    if (!has_value) return false;
    row += n;
  }
  return residuals.allFinite();
}

double Objective::Cost(const BodyParams& params) {
  if (!Evaluate(params, residual_scratch_, nullptr)) return std::numeric_limits<double>::infinity();
  double cost = 0;
  int row = 0;
  for (const auto& term : terms_) {
    cost += residual_scratch_.segment(row, term->rows()).squaredNorm();
    row += term->rows();
  }
  return cost;
}

ObjectiveTerms Objective::Costs(const BodyParams& params) {
  ObjectiveTerms costs;
  if (!Evaluate(params, residual_scratch_, nullptr)) {
    costs.reprojection = std::numeric_limits<double>::infinity();
    return costs;
  }
  int row = 0;
  for (const auto& term : terms_) {
    costs.Named(term->name()) += residual_scratch_.segment(row, term->rows()).squaredNorm();
    row += term->rows();
  }
  return costs;
}

}  // namespace gyre
