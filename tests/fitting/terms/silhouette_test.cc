// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/silhouette.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "fitting/jacobian_check.h"
#include "fitting/terms/autodiff_term.h"
#include "fitting/terms/term_test_point.h"

namespace gyre {
namespace {

// The formula of silhouette.h for a mask that ends in a straight edge: on it is what has
// normal . pixel <= edge.
struct StraightEdgeOracle {
  Vec2 edge_normal;
  double edge_px;
  int num_inside;  // of the joints, one row each; the other rows are of matches
  std::vector<int> joint_of_row;
  std::vector<OutlineMatch> matches;
  SilhouetteScale scale;

  template <typename T>
  bool operator()(std::span<const AutodiffFrame<T>> frames, T* residuals) const {
    using std::sqrt;
    for (size_t row = 0; row < joint_of_row.size(); ++row) {
      const T* point = frames[0].joints + 3 * joint_of_row[row];
      T pixel[2];
      for (int i = 0; i < 2; ++i) {
        pixel[i] = scale.camera.focal_px * point[i] / point[2] + scale.camera.center_px[i];
      }
      T e;
      if (static_cast<int>(row) < num_inside) {
        e = edge_normal.x() * pixel[0] + edge_normal.y() * pixel[1] - edge_px;
        if (e < 0.0) e = T(0);
      } else {
        const OutlineMatch& match = matches[row - num_inside];
        e = match.normal.x() * (pixel[0] + match.offset_px.x() - match.contour_px.x()) +
            match.normal.y() * (pixel[1] + match.offset_px.y() - match.contour_px.y());
      }
      e *= scale.pixel_scale;
      residuals[row] = scale.weight * e;
      if (scale.sigma_px > 0)
        residuals[row] /= sqrt(1.0 + e * e / (scale.sigma_px * scale.sigma_px));
    }
    return true;
  }
};

// A mask of 700 x 600 pixels that shows the body where `normal . pixel` is at most `edge`, for an
// axis as normal.
std::shared_ptr<const SilhouetteField> StraightEdge(int axis, int edge_px, double pixel_scale) {
  SilhouetteMask mask{700, 600, std::vector<uint8_t>(700 * 600, 0)};
  for (int y = 0; y < mask.height; ++y) {
    for (int x = 0; x < mask.width; ++x) {
      if ((axis == 0 ? x : y) <= edge_px) mask.pixels[y * mask.width + x] = SilhouetteMask::kBody;
    }
  }
  return SilhouetteField::Of(mask, pixel_scale);
}

class SilhouetteTermTest : public testing::Test {
 protected:
  // The body's vertices as joints, so that the oracle sees them.
  const TermTestPoint point_{};
  const std::vector<int> vertices_ = {3, 17, 38, 61, 74, 90};
  const FoldedJoints joints_ = FoldedJoints::Vertices(*point_.body, vertices_);
  const std::vector<OutlineMatch> matches_ = {{17, {333, 190}, {0.6, -0.8}, {1.5, -0.25}},
                                              {90, {287, 201}, {-1, 0}, {-0.5, 2}},
                                              {3, {345.5, 226}, {0.28, 0.96}, {0.125, -3}}};
  const SilhouetteScale scale_ = {{850, {331, 262}}, 0.7, 0.45, 9};

  TermPoint At() const { return {joints_, {point_.Params(3)}, point_.Params(4)}; }
  Vec2 Pixel(int vertex) const {
    const auto place = std::ranges::find(vertices_, vertex) - vertices_.begin();
    return scale_.camera.Project(joints_.Positions(At().frames[0]).row(place).transpose());
  }
};

TEST_F(SilhouetteTermTest, EqualsItsOracle) {
  for (const double sigma_px : {0.0, 9.0, 0.8}) {
    for (const int axis : {0, 1}) {
      SilhouetteScale scale = scale_;
      scale.sigma_px = sigma_px;
      // Some of the vertices are on the mask, and the others are nearer to it than to the picture's
      // edge, behind which they would be free.
      std::vector<double> along;
      for (const int vertex : vertices_) along.push_back(Pixel(vertex)[axis]);
      std::ranges::sort(along);
      const int edge = static_cast<int>(along[2]) + 1;
      ASSERT_LT(along.back() - edge, 130);
      const SilhouetteTerm term(*point_.body, StraightEdge(axis, edge, scale.pixel_scale),
                                vertices_, matches_, scale);
      EXPECT_EQ(term.name(), "silhouette");
      EXPECT_EQ(term.AsJointTerm(), nullptr);
      const AutodiffTerm oracle(
          "oracle", 1, 9, {0, 1, 2, 3, 4, 5},
          StraightEdgeOracle{
              Vec2::Unit(axis), edge + 0.5, 6, {0, 1, 2, 3, 4, 5, 1, 5, 0}, matches_, scale});
      EXPECT_TERM(term, oracle, At()) << axis << " " << sigma_px;
      const TermValues values = ValuesOf(term, At());
      EXPECT_GE((values.residuals.head(6).array() > 0).count(), 2);
      EXPECT_GE((values.residuals.head(6).array() == 0).count(), 2);
    }
  }
}

// Around a mask whose distances bend.
TEST_F(SilhouetteTermTest, JacobianEqualsDifferences) {
  SilhouetteMask mask{700, 600, std::vector<uint8_t>(700 * 600, 0)};
  for (int y = 0; y < mask.height; ++y) {
    for (int x = 0; x < mask.width; ++x) {
      if (std::hypot(x - 290, 1.3 * (y - 120)) < 40) {
        mask.pixels[y * mask.width + x] = SilhouetteMask::kBody;
      }
    }
  }
  const SilhouetteTerm term(*point_.body, SilhouetteField::Of(mask, 0.7), vertices_, matches_,
                            scale_);
  const auto residuals = [&](const VecX& x, RowMatX* jacobian) {
    TermPoint at = At();
    at.frames[0].values() = x;
    const TermValues values = ValuesOf(term, at);
    EXPECT_TRUE(values.has_value);
    if (jacobian != nullptr) *jacobian = values.jacobians[0];
    return values.residuals;
  };
  // Steps of 1e-6 stay within a cell, where the field is bilinear.
  EXPECT_LT(WorstJacobianError(residuals, At().frames[0].values(), 1e-6), 1e-4);
  EXPECT_GE((residuals(At().frames[0].values(), nullptr).head(6).array() > 0.1).count(), 3);
}

TEST_F(SilhouetteTermTest, TheCostIsGemanMcClures) {
  const SilhouetteTerm term(*point_.body, StraightEdge(0, 200, 0.7), {}, {matches_[1]}, scale_);
  const double e = 0.7 * -(Pixel(90).x() - 0.5 - 287);
  EXPECT_NEAR(ValuesOf(term, At()).residuals.squaredNorm(), 0.45 * 0.45 * 81 * e * e / (81 + e * e),
              1e-9);
}

TEST_F(SilhouetteTermTest, AVertexBehindTheCameraHasNoValue) {
  const SilhouetteTerm term(*point_.body, StraightEdge(0, 200, 0.7), vertices_, {}, scale_);
  TermPoint at = At();
  EXPECT_TRUE(ValuesOf(term, at).has_value);
  at.frames[0].transl().z() = -6;
  EXPECT_FALSE(ValuesOf(term, at).has_value);
}

}  // namespace
}  // namespace gyre
