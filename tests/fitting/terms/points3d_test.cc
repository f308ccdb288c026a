// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/points3d.h"

#include <gtest/gtest.h>

#include "fitting/terms/autodiff_term.h"
#include "fitting/terms/term_test_point.h"

namespace gyre {
namespace {

struct PointsOracle {
  std::vector<PointObservation> points;

  template <typename T>
  bool operator()(std::span<const AutodiffFrame<T>> frames, T* residuals) const {
    for (const PointObservation& target : points) {
      for (int i = 0; i < 3; ++i) {
        *residuals++ = target.weight * (frames[0].joints[3 * target.joint + i] - target.point[i]);
      }
    }
    return true;
  }
};

TEST(Points3dTest, EqualsItsOracle) {
  const TermTestPoint point;
  const std::vector<PointObservation> points = {
      {12, {0.1, -0.4, 6.2}, 310}, {7, {0.05, 0.3, 6}, 120}, {12, {0.2, -0.35, 6.1}, 55}};
  const Points3dTerm term(points);
  EXPECT_TERM(term, AutodiffTerm("oracle", 1, 9, {7, 12}, PointsOracle{points}), point.At(20));
  EXPECT_EQ(term.name(), "points");
  EXPECT_EQ(term.rows_each(), 3);
  const Points3 joints = point.joints.Positions(point.Params(3));
  EXPECT_NEAR(ValuesOf(term, point.At()).residuals[5], 120 * (joints(7, 2) - 6), 1e-9);
}

}  // namespace
}  // namespace gyre
