// SPDX-License-Identifier: Apache-2.0
// Poses of hands by the principal components that a body's file has of them (MANO, Romero et al.
// 2017).
#pragma once

#include <vector>

#include "body/body_model.h"

namespace gyre {

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

}  // namespace gyre
