// SPDX-License-Identifier: Apache-2.0
// Ceres over any least-squares problem: blocks of parameters, and groups of residuals that each
// read some of them. This is the solver of every objective; solvers written for one kind of
// problem are optimisations, and have to land where this one lands.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "solve/solver.h"

namespace gyre {

struct ParameterBlock {
  double* values = nullptr;  // the start, and the end
  int size = 0;
  bool constant = false;
};

// Rows of r that are evaluated together.
class ResidualGroup {
 public:
  // `blocks`: which it reads, by their position in LeastSquares::blocks.
  ResidualGroup(int rows, std::vector<int> blocks) : rows_(rows), blocks_(std::move(blocks)) {}
  virtual ~ResidualGroup() = default;

  int rows() const { return rows_; }
  const std::vector<int>& blocks() const { return blocks_; }

  // Ceres' form: values[i] are those of blocks()[i]; residuals [rows]; jacobians null or, per
  // block, null or [rows, size] row by row. False where there is no value. One thread at a time.
  virtual bool Evaluate(const double* const* values, double* residuals,
                        double** jacobians) const = 0;

 private:
  int rows_;
  std::vector<int> blocks_;
};

struct LeastSquares {
  std::vector<ParameterBlock> blocks;  // none without values is read by a group
  std::vector<std::unique_ptr<const ResidualGroup>> groups;

  // The share of the entries of the Jacobian, over the blocks that move, that a group may fill.
  double Density() const;
};

// Levenberg-Marquardt, dense or sparse as the problem is, on the caller's thread. A problem whose
// start cannot be evaluated fails; then, and where the end would be above the start, nothing moves.
SolverResult SolveByCeres(const LeastSquares& problem, const SolverOptions& options);

}  // namespace gyre
