// SPDX-License-Identifier: Apache-2.0
// SMPLify's max-mixture over the pose values that the prior knows (body/pose_prior.h):
//   r = weight [ L_k^T (x - m_k) / sqrt 2 ; sqrt(-log w'_k) ],   k the best component,
// so that |r|^2 = weight^2 E(x). The last row is the component's constant: with it |r|^2 is the
// whole energy, and solvers see the step up or down when the best component changes.
#pragma once

#include <memory>

#include "body/layout_prior.h"
#include "fitting/terms/term.h"

namespace gyre {

struct TermSources;

class PosePriorTerm final : public Term {
 public:
  PosePriorTerm(std::shared_ptr<const LayoutPrior> prior, double weight);

  const LayoutPrior& prior() const { return *prior_; }

  void MarkJoints(std::span<uint8_t>) const override {}
  bool Evaluate(std::span<const TermFrame> frames, Eigen::Ref<VecX> residuals,
                std::span<JacobianRows> jacobians) const override;

 private:
  std::shared_ptr<const LayoutPrior> prior_;
};

std::unique_ptr<const Term> MakePosePriorTerm(const TermSources& sources);

}  // namespace gyre
