// SPDX-License-Identifier: Apache-2.0
#include "loop/tracking/assignment.h"

#include <cmath>
#include <limits>

#include "core/error.h"

namespace gyre {

std::vector<int> CheapestAssignment(const RowMatX& costs, double alone) {
  GYRE_CHECK(std::isfinite(alone));
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const int rows = static_cast<int>(costs.rows()), columns = static_cast<int>(costs.cols());
  const int all = columns + rows;  // each row has a column of its own to be alone in
  const auto cost = [&](int row, int column) {
    if (column < columns) return costs(row, column);
    return column - columns == row ? alone : kInfinity;
  };
  // Dual prices of rows and columns; row_of: whose each column is. Column `all` is where the next
  // row comes in.
  VecX row_price = VecX::Zero(rows), column_price = VecX::Zero(all + 1);
  std::vector<int> row_of(all + 1, -1);
  for (int next = 0; next < rows; ++next) {
    row_of[all] = next;
    VecX slack = VecX::Constant(all, kInfinity);
    std::vector<int> before(all, -1);
    std::vector<bool> reached(all + 1, false);
    int column = all;
    do {
      reached[column] = true;
      const int row = row_of[column];
      double least = kInfinity;
      int nearest = -1;
      for (int j = 0; j < all; ++j) {
        if (reached[j]) continue;
        const double reduced = cost(row, j) - row_price[row] - column_price[j];
        if (reduced < slack[j]) {
          slack[j] = reduced;
          before[j] = column;
        }
        if (slack[j] < least) {
          least = slack[j];
          nearest = j;
        }
      }
      GYRE_CHECK(nearest >= 0);
      for (int j = 0; j <= all; ++j) {
        if (reached[j]) {
          row_price[row_of[j]] += least;
          column_price[j] -= least;
        } else if (j < all) {
          slack[j] -= least;
        }
      }
      column = nearest;
    } while (row_of[column] >= 0);
    for (; column != all; column = before[column]) row_of[column] = row_of[before[column]];
  }
  std::vector<int> column_of(rows, -1);
  for (int j = 0; j < columns; ++j) {
    if (row_of[j] >= 0) column_of[row_of[j]] = j;
  }
  return column_of;
}

}  // namespace gyre
