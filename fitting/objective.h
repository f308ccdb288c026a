// SPDX-License-Identifier: Apache-2.0
// The objective of one stage of a fit: a list of terms over the joints of a body, |r(x)|^2, x being
// the parameters that may move. This is the one place where it is put together, as terms/ is the
// one place where its rows are written; every solver asks these.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "body/kinematics.h"
#include "fitting/fit_problem.h"
#include "fitting/terms/term.h"

namespace gyre {

class Objective {
 public:
  using Terms = std::vector<std::unique_ptr<const Term>>;

  // `terms` read one frame. `free`: the positions in BodyParams::values() of what moves, ascending;
  // the rest is held where it is. `anchor` says of which body the parameters are.
  Objective(std::shared_ptr<const FoldedJoints> joints, Terms terms, std::vector<int> free,
            BodyParams anchor);

  // One more, behind the others.
  void Add(std::unique_ptr<const Term> term);
  // In place of that of its name and as many rows; nothing where there is none.
  void Replace(std::unique_ptr<const Term> term);

  const FoldedJoints& joints() const { return *joints_; }
  const Terms& terms() const { return terms_; }
  const std::vector<int>& free() const { return free_; }
  int num_params() const { return static_cast<int>(anchor_.values().size()); }
  int num_residuals() const { return num_residuals_; }

  // What stages change as they go: where anchors hold, and the scale of the robust norm (0: squared
  // errors).
  const BodyParams& anchor() const { return anchor_; }
  void set_anchor(const BodyParams& anchor) { anchor_ = anchor; }
  double sigma_px() const { return sigma_px_; }
  void set_sigma_px(double sigma_px) { sigma_px_ = sigma_px; }

  // residuals [num_residuals], term after term; jacobian null or [num_residuals, num_params], of
  // what is held too. False where a term has no value or a value is not finite. One thread at a
  // time per Objective; nothing is allocated once its matrices have their size.
  bool Evaluate(const BodyParams& params, Eigen::Ref<VecX> residuals, RowMatX* jacobian);
  // |r|^2; infinite where there is no value.
  double Cost(const BodyParams& params);
  // The same term by term; where there is no value, the reprojection is infinite.
  ObjectiveTerms Costs(const BodyParams& params);

 private:
  std::shared_ptr<const FoldedJoints> joints_;
  Terms terms_;
  std::vector<int> free_;
  BodyParams anchor_;
  double sigma_px_ = 0;
  int num_residuals_ = 0;
  std::vector<uint8_t> used_;  // per joint, for FoldedOptions::mask
  Points3 positions_;
  RowMatX joint_jacobian_;
  VecX residual_scratch_;
};

}  // namespace gyre
