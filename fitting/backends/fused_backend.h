// SPDX-License-Identifier: Apache-2.0
// The solver of the loop and of bulk fitting, an optimisation for bodies of SMPL's sizes:
// Levenberg- Marquardt over the normal equations of an Objective, which are formed without ever
// writing a dense Jacobian. It takes the residuals from the terms, as every solver does, and lands
// where Ceres lands. Nothing is allocated in a solve once a workspace has its size.
//
// What makes it fast: a joint depends on its own chain only, so that a residual's rows touch a
// third of the columns, and columns are ordered by limbs, so that what they touch is contiguous;
// the prior's precision is constant and copied into the normal matrix; a candidate is evaluated
// with its Jacobian, most being accepted. Of the pose correctives, the Jacobian has those of a
// joint's own chain (FoldedOptions::Correctives::kChain).
#pragma once

#include <memory>

#include "body/kinematics.h"
#include "body/layout_prior.h"
#include "fitting/backends/dense_kernels.h"
#include "fitting/objective.h"
#include "solve/solver.h"

namespace gyre {

// Scratch space of one thread.
class FusedWorkspace {
 public:
  struct Memory {
    virtual ~Memory() = default;
  };
  // The memory of one kind of solver, made when it is first asked for.
  template <class T>
  T& Get() {
    if (dynamic_cast<T*>(memory_.get()) == nullptr) memory_ = std::make_unique<T>();
    return static_cast<T&>(*memory_);
  }

 private:
  std::unique_ptr<Memory> memory_;
};

// What all fits share: joints and prior in the solver's order of parameters. Immutable.
class FusedModel {
 public:
  // Null where no solver is compiled for the sizes of the layout and the prior. `kernels` null: the
  // fastest.
  static std::unique_ptr<const FusedModel> Of(const BodyLayout& layout,
                                              std::shared_ptr<const FoldedJoints> joints,
                                              std::shared_ptr<const LayoutPrior> prior,
                                              const DenseKernels* kernels = nullptr);
  virtual ~FusedModel() = default;

  // Whether it can solve this objective: one of these joints and of this prior, whose other terms
  // say what their rows touch (term.h), and in which everything moves, or all but the translation.
  virtual bool Applies(const Objective& objective) const = 0;
  // As SolveWithCeres (ceres_backend.h), where it Applies.
  virtual SolverResult Solve(const Objective& objective, const SolverOptions& options,
                             FusedWorkspace& workspace, BodyParams* params) const = 0;
  // J^T J and J^T r of the objective at `params`, in the order of BodyParams::values(), with
  // kChain's Jacobian. [P,P], [P]
  virtual void NormalEquations(const Objective& objective, FusedWorkspace& workspace,
                               const BodyParams& params, RowMatX* normal, VecX* gradient) const = 0;
};

}  // namespace gyre
