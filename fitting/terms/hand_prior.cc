// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/hand_prior.h"

#include <numeric>
#include <utility>

#include "fitting/fit_options.h"
#include "fitting/terms/term_list.h"

namespace gyre {
HandPriorTerm::HandPriorTerm(std::vector<HandPca> hands, double weight)
    : Term("hand_prior", weight,
           std::accumulate(hands.begin(), hands.end(), 0,
                           [](int n, const HandPca& hand) { return n + hand.num_pose(); })),
      hands_(std::move(hands)) {
  for (const HandPca& hand : hands_) {
    RowMatX& rows = rows_.emplace_back(weight * hand.whitened());
    rows.bottomRows(hand.num_pose() - hand.size()) *= kOffComponents;
  }
}

bool HandPriorTerm::Evaluate(std::span<const TermFrame> frames, Eigen::Ref<VecX> residuals,
                             std::span<JacobianRows> jacobians) const {
  int row = 0;
  for (size_t i = 0; i < hands_.size(); ++i) {
    const HandPca& hand = hands_[i];
    const int n = hand.num_pose(), first = hand.first_param();
    residuals.segment(row, n).noalias() =
        rows_[i] * (frames[0].params.values().segment(first, n) - hand.mean());
    if (!jacobians.empty()) jacobians[0].block(row, first, n, n) = rows_[i];
    row += n;
  }
  return true;
}

std::unique_ptr<const Term> MakeHandPriorTerm(const TermSources& sources) {
  const double weight = sources.options.hand_prior_weight;
  if (sources.stage != FitStage::kBody || weight == 0 || sources.body == nullptr) return nullptr;
  std::vector<HandPca> hands;
  for (const int right : {0, 1}) {
    if (HandPca::IsKnown(*sources.body, right)) hands.emplace_back(*sources.body, right);
  }
  if (hands.empty()) return nullptr;
  return std::make_unique<HandPriorTerm>(std::move(hands), weight);
}

}  // namespace gyre
