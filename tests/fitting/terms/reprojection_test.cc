// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/reprojection.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "core/so3.h"
#include "fitting/terms/autodiff_term.h"
#include "fitting/terms/term_test_point.h"

namespace gyre {
namespace {

// The formula of reprojection.h.
struct ReprojectionOracle {
  std::vector<Observation> observations;
  std::vector<View> views;
  double sigma_px;
  bool per_coordinate;

  template <typename T>
  bool operator()(std::span<const AutodiffFrame<T>> frames, T* residuals) const {
    using std::sqrt;
    for (const Observation& seen : observations) {
      const View& view = views[seen.view];
      const T* joint = frames[0].joints + 3 * seen.joint;
      T point[3];
      for (int i = 0; i < 3; ++i) {
        point[i] = T(view.translation[i]);
        for (int k = 0; k < 3; ++k) point[i] += view.rotation(i, k) * joint[k];
      }
      T e[2];
      for (int i = 0; i < 2; ++i) {
        const T pixel = view.camera.focal_px * point[i] / point[2] + view.camera.center_px[i];
        e[i] = view.pixel_scale * (pixel - seen.point_px[i]);
      }
      for (int i = 0; i < 2; ++i) {
        const T size2 = per_coordinate ? e[i] * e[i] : e[0] * e[0] + e[1] * e[1];
        residuals[i] = seen.weight * e[i];
        if (sigma_px > 0) residuals[i] /= sqrt(1.0 + size2 / (sigma_px * sigma_px));
      }
      residuals += 2;
    }
    return true;
  }
};

class ReprojectionTest : public testing::Test {
 protected:
  testing::AssertionResult Check(double sigma_px, bool per_coordinate, const TermPoint& at) const {
    const AutodiffTerm oracle("oracle", 1, 2 * static_cast<int>(observations_.size()), {7, 9, 25},
                              ReprojectionOracle{observations_, views_, sigma_px, per_coordinate});
    return AgreesWithOracle(ReprojectionTerm(observations_, views_, per_coordinate), oracle, at);
  }

  const TermTestPoint point_{};
  // One joint seen twice with different weights, and a second camera from the side.
  const std::vector<View> views_ = {
      {{1000, {320, 240}}, 0.7},
      {{1230, {301, 207}}, 0.45, ExpSO3({0.1, 1.2, -0.2}), {-6, 0.3, 5}}};
  const std::vector<Observation> observations_ = {{7, {300, 400}, 0.8},
                                                  {25, {340, 100}, 0.55},
                                                  {7, {310, 395}, 0.95},
                                                  {9, {310, 297}, 0.35, 1}};
};

TEST_F(ReprojectionTest, EqualsItsOracle) {
  for (const double sigma_px : {0.0, 12.5, 100.0}) {
    for (const bool per_coordinate : {false, true}) {
      EXPECT_TRUE(Check(sigma_px, per_coordinate, point_.At(sigma_px)))
          << sigma_px << per_coordinate;
    }
  }
}

TEST_F(ReprojectionTest, RotationsAtZeroNearPiAndAtPi) {
  for (const double angle : {0.0, 1e-9, 1e-5, std::numbers::pi - 1e-6, std::numbers::pi}) {
    TermPoint at = point_.At(100);
    at.frames[0].rotation(0) = Vec3(angle, 0, 0);
    at.frames[0].rotation(4) = Vec3(0, angle, 0);
    EXPECT_TRUE(Check(100, false, at)) << angle;
  }
}

TEST_F(ReprojectionTest, TheCostIsGemanMcClures) {
  const TermPoint at = point_.At(12.5);
  const ReprojectionTerm term({observations_[3]}, views_);
  const Points3 joints = point_.joints.Positions(at.frames[0]);
  const Vec3 seen = views_[1].rotation * joints.row(9).transpose() + views_[1].translation;
  const double s =
      0.45 * 0.45 *
      (Vec2(1230 * seen.head<2>() / seen.z() + Vec2(301, 207)) - observations_[3].point_px)
          .squaredNorm();
  EXPECT_NEAR(ValuesOf(term, at).residuals.squaredNorm(),
              0.35 * 0.35 * 12.5 * 12.5 * s / (12.5 * 12.5 + s), 1e-9);
}

TEST_F(ReprojectionTest, AJointBehindTheCameraHasNoValue) {
  TermPoint at = point_.At(100);
  const ReprojectionTerm term(observations_, views_);
  EXPECT_TRUE(ValuesOf(term, at).has_value);
  at.frames[0].transl().z() = -6;
  EXPECT_FALSE(ValuesOf(term, at).has_value);
}

TEST_F(ReprojectionTest, SaysWhatItsRowsTouch) {
  const ReprojectionTerm term(observations_, views_);
  EXPECT_EQ(term.name(), "reprojection");
  ASSERT_EQ(term.AsJointTerm(), &term);
  EXPECT_EQ(term.AsParamTerm(), nullptr);
  EXPECT_EQ(term.num_groups(), 4);
  EXPECT_EQ(term.rows_each(), 2);
  EXPECT_EQ(term.Joint(1), 25);
  EXPECT_EQ(term.Joint(3), 9);
}

}  // namespace
}  // namespace gyre
