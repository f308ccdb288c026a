// SPDX-License-Identifier: Apache-2.0
#include "loop/tracking/assignment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/rng.h"

namespace gyre {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr double kNever = std::numeric_limits<double>::infinity();

// The cheapest pair first would come to 0 + 2 + 4; together it is 1 + 2 + 2.
TEST(CheapestAssignment, IsCheapestInSum) {
  RowMatX costs(3, 3);
  costs << 4, 1, 3, 2, 0, 5, 3, 2, 2;
  EXPECT_THAT(CheapestAssignment(costs, 100), ElementsAre(1, 0, 2));
}

TEST(CheapestAssignment, LeavesAloneWhoCostsMore) {
  RowMatX costs(2, 3);
  costs << kNever, 7, 1, kNever, kNever, 2;
  EXPECT_THAT(CheapestAssignment(costs, 3), ElementsAre(2, -1));  // 1 + 3; 3 + 2; 7 + 2
  EXPECT_THAT(CheapestAssignment(costs, 20), ElementsAre(1, 2));  // 7 + 2; 1 + 20
  EXPECT_THAT(CheapestAssignment(costs, 0.5), ElementsAre(-1, -1));
}

TEST(CheapestAssignment, MoreRowsThanColumns) {
  RowMatX costs(3, 1);
  costs << 5, 4, 6;
  EXPECT_THAT(CheapestAssignment(costs, 4.5), ElementsAre(-1, 0, -1));
  EXPECT_THAT(CheapestAssignment(RowMatX(2, 0), 1), ElementsAre(-1, -1));
  EXPECT_THAT(CheapestAssignment(RowMatX(0, 4), 1), IsEmpty());
}

double SumOf(const RowMatX& costs, const std::vector<int>& columns, double alone) {
  double sum = 0;
  for (size_t i = 0; i < columns.size(); ++i) sum += columns[i] < 0 ? alone : costs(i, columns[i]);
  return sum;
}

// Every way to give four rows five columns or nothing.
TEST(CheapestAssignment, NoOtherIsCheaper) {
  constexpr int kRows = 4, kColumns = 5;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Rng rng(seed, RngStream::kTest);
    RowMatX costs(kRows, kColumns);
    for (double& cost : costs.reshaped()) cost = rng.Bernoulli(0.2) ? kNever : rng.Uniform(-1, 3);
    const double alone = rng.Uniform(0, 2);
    double least = kNever;
    std::vector<int> columns(kRows + kColumns, -1);  // the last four: nothing
    std::iota(columns.begin() + kRows, columns.end(), 0);
    std::ranges::sort(columns);
    do {
      least = std::min(least, SumOf(costs, {columns.begin(), columns.begin() + kRows}, alone));
      std::reverse(columns.begin() + kRows, columns.end());  // the order of the rest is all one
    } while (std::ranges::next_permutation(columns).found);
    const std::vector<int> found = CheapestAssignment(costs, alone);
    EXPECT_NEAR(SumOf(costs, found, alone), least, 1e-12) << seed;
  }
}

}  // namespace
}  // namespace gyre
