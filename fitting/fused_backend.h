// SPDX-License-Identifier: Apache-2.0
// The solver of the loop and of bulk fitting: Levenberg-Marquardt over the normal equations of an
// ObjectiveSpec, which are formed without ever writing a dense Jacobian. Nothing is allocated in a
// solve once a workspace has its size.
//
// What makes it fast: a joint depends on its own chain only, so that a residual's rows touch a
// third of the 85 columns, and columns are ordered by limbs, so that what they touch is contiguous;
// the prior's precision is constant and copied into the normal matrix; a candidate is evaluated
// with its Jacobian, most being accepted. Of the pose correctives, the Jacobian has those of a
// joint's own chain (FoldedOptions::Correctives::kChain).
#pragma once

#include <memory>

#include "body/kinematics.h"
#include "body/pose_prior.h"
#include "fitting/dense_kernels.h"
#include "fitting/residuals.h"
#include "fitting/solver.h"

namespace gyre {

// What all fits share: joints and prior in the solver's order of parameters. Immutable.
class FusedModel {
 public:
  FusedModel(std::shared_ptr<const FoldedJoints> joints, const PosePrior& prior,
             const DenseKernels& kernels = BestKernels());
  ~FusedModel();

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<const Impl> impl_;
};

// Scratch space of one thread.
class FusedWorkspace {
 public:
  FusedWorkspace();
  ~FusedWorkspace();

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// As SolveWithCeres (ceres_backend.h).
SolverResult SolveFused(const FusedModel& model, const ObjectiveSpec& spec,
                        const SolverOptions& options, FusedWorkspace& workspace,
                        BodyParams* params);

// J^T J and J^T r of the objective at `params`, for tests: in the order (pose, betas, transl),
// with kChain's Jacobian. [85,85], [85]
void FusedNormalEquations(const FusedModel& model, const ObjectiveSpec& spec,
                          FusedWorkspace& workspace, const BodyParams& params, RowMatX* normal,
                          VecX* gradient);

}  // namespace gyre
