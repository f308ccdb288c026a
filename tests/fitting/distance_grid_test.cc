// SPDX-License-Identifier: Apache-2.0
#include "fitting/distance_grid.h"

#include <gtest/gtest.h>

#include <cmath>

namespace gyre {
namespace {

// Cells of 3 px around (10, 20), (13, 20), ...: 8 x 6 of them, of which (2..4, 1..3) are inside.
DistanceGrid Block() {
  const GridFrame frame{{10, 20}, 3, 8, 6};
  std::vector<uint8_t> inside(48, 0);
  for (int y = 1; y <= 3; ++y) {
    for (int x = 2; x <= 4; ++x) inside[frame.Index(x, y)] = 9;
  }
  return {frame, inside};
}

TEST(DistanceGrid, IsBilinearBetweenCells) {
  const DistanceGrid grid = Block();
  Vec2 gradient;
  // Cells (5, 2) and (6, 2) are 1 and 2 cells from (4, 2): 1.5 and 4.5 px; a third of the way.
  EXPECT_NEAR(grid.At({10 + 3 * 5 + 1, 26}, &gradient), 2.5, 1e-6);
  EXPECT_NEAR(gradient.x(), 1, 1e-6);
  EXPECT_NEAR(gradient.y(), 0, 1e-6);
  // The middle of the block is 2 cells from the nearest outside.
  EXPECT_NEAR(grid.At({10 + 3 * 3, 20 + 3 * 2}, nullptr), -4.5, 1e-6);
  // (6, 5) is 2 across and 2 down from the corner (4, 3).
  EXPECT_NEAR(grid.At({28, 35}, nullptr), 3 * (std::sqrt(8.0) - 0.5), 1e-6);
  EXPECT_NEAR(grid.At({10 + 3 * 4.5, 26}, nullptr), 0, 1e-6);
}

TEST(DistanceGrid, BeyondItTheWayThereIsAdded) {
  const DistanceGrid grid = Block();
  const double at_edge = grid.At({31, 26}, nullptr);  // the last cell of a row
  Vec2 gradient;
  EXPECT_NEAR(at_edge, 7.5, 1e-6);
  EXPECT_NEAR(grid.At({31 + 40, 26}, &gradient), 47.5, 1e-6);
  EXPECT_NEAR(gradient.x(), 1, 1e-6);
  const double corner = grid.At({31, 35}, nullptr);
  EXPECT_NEAR(grid.At({31 + 30, 35 + 40}, &gradient), corner + 50, 1e-6);
  EXPECT_NEAR(gradient.x(), 0.6, 1e-6);
  EXPECT_NEAR(gradient.y(), 0.8, 1e-6);
}

TEST(DistanceGrid, GradientIsThatOfItsValues) {
  const DistanceGrid grid = Block();
  constexpr double kStep = 1e-5;
  for (const Vec2& at : {Vec2(12.2, 21.3), {19.7, 24.9}, {25.1, 33.4}, {29.6, 30.2}, {40, 22.2}}) {
    Vec2 gradient;
    grid.At(at, &gradient);
    for (int axis = 0; axis < 2; ++axis) {
      const Vec2 step = kStep * Vec2::Unit(axis);
      const double slope =
          (grid.At(at + step, nullptr) - grid.At(at - step, nullptr)) / (2 * kStep);
      EXPECT_NEAR(gradient[axis], slope, 1e-6) << at.transpose();
    }
  }
}

TEST(DistanceGrid, BorderIsBetweenCellsAndPointsOut) {
  const auto border =
      Block().Border([](int x, int y, int outside_x, int) { return y == 2 && outside_x != x; }, 6);
  ASSERT_EQ(border.size(), 2);
  EXPECT_EQ(border[0].at_px, Vec2(10 + 3 * 1.5, 26));
  EXPECT_EQ(border[1].at_px, Vec2(10 + 3 * 4.5, 26));
  EXPECT_NEAR(border[0].normal.x(), -1, 1e-6);
  EXPECT_NEAR(border[1].normal.x(), 1, 1e-6);
  EXPECT_EQ(Block().Border([](int, int, int, int) { return true; }, 6).size(), 12);
}

TEST(DistanceGrid, OfOneKindAloneIsFinite) {
  const DistanceGrid none({{0, 0}, 1, 5, 4}, std::vector<uint8_t>(20, 0));
  const DistanceGrid all({{0, 0}, 1, 5, 4}, std::vector<uint8_t>(20, 1));
  EXPECT_EQ(none.At({2.3, 1.7}, nullptr), 8.5);
  EXPECT_EQ(all.At({2.3, 1.7}, nullptr), -8.5);
}

}  // namespace
}  // namespace gyre
