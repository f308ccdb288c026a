// SPDX-License-Identifier: Apache-2.0
// Terms of hands, jaw and interpenetration.
#include <gtest/gtest.h>

#include <Eigen/Cholesky>

#include "body/test_body.h"
#include "fitting/param_chart.h"
#include "fitting/term_check.h"
#include "fitting/terms/autodiff_term.h"
#include "fitting/terms/collision.h"
#include "fitting/terms/hand_prior.h"
#include "fitting/terms/jaw_prior.h"

namespace gyre {
namespace {

struct Point {
  BodyModel body = MakeRandomSmplx(4);
  FoldedJoints joints = FoldedJoints::Skeleton(body);
  BodyParams params{*body.layout};

  Point() {
    Rng rng(7, RngStream::kTest);
    for (double& value : params.values()) value = 0.3 * rng.Normal();
  }
  TermPoint At() const { return {joints, {params}, BodyParams(*body.layout), 0, 1e-5}; }
};

// The coefficients of twelve components by the normal equations, and the rest of the pose by the
// length alone: any orthonormal basis of it is as good.
TEST(HandPriorTerm, CoefficientsAndWhatTheyLeave) {
  const Point point;
  std::vector<HandPca> hands;
  for (const int right : {0, 1}) hands.emplace_back(point.body, right);
  EXPECT_EQ(hands[0].first_param(), 75);
  EXPECT_EQ(hands[1].first_param(), 120);
  const HandPriorTerm term(hands, 4.78);
  ASSERT_EQ(term.rows(), 90);
  const TermValues values = ValuesOf(term, point.At());
  for (const int right : {0, 1}) {
    const RowMatX c = point.body.hands[right].components.topRows(12);
    const VecX offset =
        point.params.values().segment(right ? 120 : 75, 45) - point.body.hands[right].mean;
    const VecX coefficients = (c * c.transpose()).ldlt().solve(c * offset);
    const VecX rows = values.residuals.segment(45 * right, 45);
    EXPECT_LT((rows.head(12) - 4.78 * coefficients).norm(), 1e-9);
    const double rest = (offset - c.transpose() * coefficients).norm();
    EXPECT_NEAR(rows.tail(33).norm(), 4.78 * 4 * rest, 1e-9);
    EXPECT_LT((hands[right].Coefficients(point.params) - coefficients).norm(), 1e-9);
  }
  // Linear: the Jacobian is what takes a step to its rows.
  BodyParams moved = point.params;
  moved.values().segment(75, 90).array() += 0.37;
  TermPoint there = point.At();
  there.frames[0] = moved;
  const VecX step = moved.values() - point.params.values();
  const VecX expected = ValuesOf(term, there).residuals - values.residuals;
  EXPECT_LT((values.jacobians[0] * step - expected).norm(), 1e-9);
}

struct JawOracle {
  template <typename T>
  bool operator()(std::span<const AutodiffFrame<T>> frames, T* residuals) const {
    for (int i = 66; i < 75; ++i) {
      *residuals++ = (i == 66 ? 2.5 : 25.0) * frames[0].params[i];
    }
    return true;
  }
};

TEST(JawPriorTermTest, EqualsItsOracle) {
  const Point point;
  const JawPriorTerm term(JawPriorTerm::SpringsOf(*point.body.layout, /*eyes=*/true), 2.5);
  EXPECT_TERM(term, AutodiffTerm("oracle", 2.5, 9, {}, JawOracle()), point.At());
  EXPECT_EQ(JawPriorTerm::SpringsOf(*point.body.layout, /*eyes=*/false).size(), 3u);
  EXPECT_TRUE(JawPriorTerm::SpringsOf(SmplLayout(), /*eyes=*/true).empty());
}

TEST(CollisionTermTest, SlopesAreThoseOfDifferences) {
  Point point;
  point.body.posedirs.setZero();  // its Jacobian leaves out correctives of other joints
  const MeshCollision mesh(point.body.v_template, point.body.faces);
  const Points3 vertices = PoseBody(point.body, point.params).vertices;
  std::vector<FacePair> pairs = mesh.Find(vertices);
  ASSERT_GT(pairs.size(), 10u);
  pairs.resize(7);
  for (const int power : {4, 8}) {
    const ConeField field{0.3, power, false};
    const CollisionTerm term(point.body, pairs, field, 1.7);
    const TermValues values = ValuesOf(term, point.At());
    int seen = 0;
    for (int i = 0; i < 7; ++i) {
      const auto r = ConeResiduals(mesh.TriangleOf(vertices, pairs[i].first),
                                   mesh.TriangleOf(vertices, pairs[i].second), field);
      EXPECT_NEAR(values.residuals[i], 1.7 * r.norm(), 1e-9);
      seen += r.norm() > 0;
    }
    EXPECT_GT(seen, 2);
    constexpr double kStep = 1e-6;
    for (Eigen::Index k = 0; k < point.params.values().size(); ++k) {
      TermPoint ahead = point.At(), behind = point.At();
      ahead.frames[0].values()[k] += kStep;
      behind.frames[0].values()[k] -= kStep;
      const VecX slope =
          (ValuesOf(term, ahead).residuals - ValuesOf(term, behind).residuals) / (2 * kStep);
      EXPECT_LT((slope - values.jacobians[0].col(k)).norm(), 1e-4 * (1 + slope.norm())) << k;
    }
  }
}

TEST(ParamChart, GivesHandsByTheirComponents) {
  const Point point;
  const ParamChart chart({0, 4, 181}, {MakeHandPiece(HandPca(point.body, 1))});
  ASSERT_EQ(chart.size(), 15);
  EXPECT_EQ(chart.FirstOf(0), 3);
  VecX x = chart.Coordinates(point.params);
  EXPECT_EQ(x[1], point.params.values()[4]);
  x[1] = 9;
  x[3] += 2;
  BodyParams params = point.params;
  std::vector<RowMatX> derivatives;
  chart.SetParams(x, &params, &derivatives);
  EXPECT_EQ(params.values()[4], 9);
  EXPECT_EQ(params.values()[5], point.params.values()[5]);
  EXPECT_EQ(params.values().segment(75, 45), point.params.values().segment(75, 45));
  const VecX hand = point.body.hands[1].mean +
                    point.body.hands[1].components.topRows(12).transpose() * x.tail(12);
  EXPECT_LT((params.values().segment(120, 45) - hand).norm(), 1e-12);
  RowMatX by_params = RowMatX::Zero(2, params.values().size()), by_x(2, 15);
  by_params(0, 4) = 3;
  by_params(1, 130) = 1;
  chart.ToCoordinates(by_params, derivatives, by_x);
  EXPECT_EQ(by_x(0, 1), 3);
  EXPECT_EQ(by_x.row(0).tail(12).norm(), 0);
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(by_x(1, 3 + i), point.body.hands[1].components(i, 10));
  }
}

}  // namespace
}  // namespace gyre
