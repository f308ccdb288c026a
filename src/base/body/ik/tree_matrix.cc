// SPDX-License-Identifier: Apache-2.0
#include "body/ik/tree_matrix.h"

namespace gyre {

bool TreeMatrix::Factorise() {
  for (int k = size() - 1; k >= 0; --k) {
    double* const row = Row(k);
    const int* const above = Above(k);
    const int depth = Depth(k);
    const double pivot = row[depth];
    if (!(pivot > 0)) return false;
    for (int t = depth - 1; t >= 0; --t) {
      const double factor = row[t] / pivot;
      double* const upper = Row(above[t]);
      for (int s = 0; s <= t; ++s) upper[s] -= factor * row[s];
    }
    for (int t = 0; t < depth; ++t) row[t] /= pivot;
  }
  return true;
}

void TreeMatrix::Solve(VecX* x) const {
  for (int k = size() - 1; k >= 0; --k) {
    const double* const row = Row(k);
    const int* const above = Above(k);
    for (int t = 0; t < Depth(k); ++t) (*x)[above[t]] -= row[t] * (*x)[k];
  }
  for (int k = 0; k < size(); ++k) {
    const double* const row = Row(k);
    const int* const above = Above(k);
    (*x)[k] /= row[Depth(k)];
    for (int t = 0; t < Depth(k); ++t) (*x)[k] -= row[t] * (*x)[above[t]];
  }
}

VecX TreeMatrix::Times(const VecX& x) const {
  VecX product = VecX::Zero(size());
  for (int k = 0; k < size(); ++k) {
    const double* const row = Row(k);
    const int* const above = Above(k);
    for (int t = 0; t < Depth(k); ++t) {
      product[k] += row[t] * x[above[t]];
      product[above[t]] += row[t] * x[k];
    }
    product[k] += row[Depth(k)] * x[k];
  }
  return product;
}

}  // namespace gyre
