// SPDX-License-Identifier: Apache-2.0
// What hands do: near the mean of the body's file, along its first principal components. With c the
// coefficients of a hand's pose less the mean, and d what of it no component explains,
//   r = weight [ c ; kOffComponents d ]       one for each hand
// MANO (Romero et al. 2017), SMPLify-X (Pavlakos et al. 2019: |c|^2 alone, d being zero there).
#pragma once

#include <memory>
#include <vector>

#include "body/body_model.h"
#include "fitting/terms/term.h"

namespace gyre {

struct TermSources;

// The principal components of a hand that are used, as SMPLify-X: those behind them say little.
inline constexpr int kHandComponents = 12;

// The pose of one hand by its principal components: pose = mean + basis c.
class HandPca {
 public:
  // `right`: 0 or 1. The body has to have components.
  HandPca(const BodyModel& body, int right);
  static bool IsKnown(const BodyModel& body, int right);

  // Positions of the hand's pose in BodyParams::values(), ascending, without gaps. [45]
  const std::vector<int>& params() const { return params_; }
  int first_param() const { return params_.front(); }
  int num_pose() const { return static_cast<int>(params_.size()); }
  int size() const { return static_cast<int>(basis_.cols()); }
  const VecX& mean() const { return mean_; }       // [45]
  const RowMatX& basis() const { return basis_; }  // [45,size]
  VecX Coefficients(const BodyParams& params) const;
  // Coefficients and, without the components' span, d in an orthonormal basis of the rest. [45,45]
  const RowMatX& whitened() const { return whitened_; }

 private:
  std::vector<int> params_;
  VecX mean_;
  RowMatX basis_, whitened_;
};

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
