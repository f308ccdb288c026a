// SPDX-License-Identifier: Apache-2.0
// A symmetric matrix whose row i has entries only in the columns of the unknowns above i in a tree,
// and in its own: what rotations of a kinematic tree have for a Hessian, since two joints of
// different limbs move no point together. H = L^T D L fills nothing in (Featherstone 2008, 6.5).
// The unknowns above one are numbered by their depth, so that its row begins as theirs do.
#pragma once

#include <algorithm>
#include <vector>

#include "body/ik/ik_tree.h"

namespace gyre {

class TreeMatrix {
 public:
  // `pattern` has to live as long.
  explicit TreeMatrix(const TreePattern& pattern)
      : pattern_(&pattern), entries_(pattern.above.size(), 0.0) {}

  int size() const { return pattern_->size(); }
  int Depth(int i) const { return pattern_->depth[i]; }
  // Row i, entry t: with the unknown above it at depth t; at its own depth the diagonal.
  double* Row(int i) { return &entries_[pattern_->start[i]]; }
  const double* Row(int i) const { return &entries_[pattern_->start[i]]; }
  double& Diagonal(int i) { return Row(i)[Depth(i)]; }
  double Diagonal(int i) const { return Row(i)[Depth(i)]; }

  // In place. False where it is not positive definite.
  bool Factorise();
  // Once factorised: x becomes H^-1 x.
  void Solve(VecX* x) const;
  // While it is not: H x.
  VecX Times(const VecX& x) const;

 private:
  const int* Above(int i) const { return &pattern_->above[pattern_->start[i]]; }

  const TreePattern* pattern_;
  std::vector<double> entries_;
};

}  // namespace gyre
