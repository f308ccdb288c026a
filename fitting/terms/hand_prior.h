// SPDX-License-Identifier: Apache-2.0
// What hands do: near the mean of the body's file, along its first principal components. With c the
// coefficients of a hand's pose less the mean, and d what of it no component explains,
//   r = weight [ c ; kOffComponents d ]       one for each hand
// MANO (Romero et al. 2017), SMPLify-X (Pavlakos et al. 2019: |c|^2 alone, d being zero there).
#pragma once

#include <memory>
#include <vector>

#include "body/hand_pca.h"
#include "fitting/terms/term.h"

namespace gyre {

struct TermSources;

class HandPriorTerm final : public Term {
 public:
  static constexpr double kOffComponents = 4;

  HandPriorTerm(std::vector<HandPca> hands, double weight);

  int num_hands() const { return static_cast<int>(hands_.size()); }
  const HandPca& hand(int i) const { return hands_[i]; }
  // r of one hand is Rows(i) (pose - mean).
  const RowMatX& Rows(int i) const { return rows_[i]; }

  void MarkJoints(std::span<uint8_t>) const override {}
  bool Evaluate(std::span<const TermFrame> frames, Eigen::Ref<VecX> residuals,
                std::span<JacobianRows> jacobians) const override;

 private:
  std::vector<HandPca> hands_;
  std::vector<RowMatX> rows_;  // d r / d pose of each hand
};

std::unique_ptr<const Term> MakeHandPriorTerm(const TermSources& sources);

}  // namespace gyre
