// SPDX-License-Identifier: Apache-2.0
// Holds a term against its autodiff form, its oracle, and against differences:
//   EXPECT_TERM(term, oracle, at);
// The oracle is an AutodiffTerm (fitting/terms/autodiff_term.h) written from the term's formula,
// not from its code.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "body/kinematics.h"
#include "fitting/terms/term.h"

namespace gyre {

// Where a term is evaluated.
struct TermPoint {
  const FoldedJoints& joints;
  std::vector<BodyParams> frames;  // as many as the term reads
  BodyParams anchor;
  double sigma_px = 0;
  // Of entries of the Jacobian against differences, relative to 1 or to the entry.
  double tolerance = 1e-6;
};

// A term's rows at a point.
struct TermValues {
  bool has_value = false;
  VecX residuals;
  std::vector<RowMatX> jacobians;  // of each frame [rows, P]
};
TermValues ValuesOf(const Term& term, const TermPoint& at);

// Compares residuals, Jacobian and gradient J^T r with the oracle's, the Jacobian with differences
// of the residuals, the residuals with and without a Jacobian, and looks whether the term reads
// joints that it does not mark.
testing::AssertionResult AgreesWithOracle(const Term& term, const Term& oracle,
                                          const TermPoint& at);

#define EXPECT_TERM(term, oracle, at) EXPECT_TRUE(gyre::AgreesWithOracle(term, oracle, at))

}  // namespace gyre
