// SPDX-License-Identifier: Apache-2.0
// Terms whose rows read one parameter each: the angles and the springs.
#include <gtest/gtest.h>

#include <cmath>

#include "body/reduced_body.h"
#include "fitting/terms/angle_prior.h"
#include "fitting/terms/autodiff_term.h"
#include "fitting/terms/depth_anchor.h"
#include "fitting/terms/shape_prior.h"
#include "fitting/terms/start_anchor.h"
#include "fitting/terms/term_test_point.h"

namespace gyre {
namespace {

struct AngleOracle {
  AnglePrior form;
  double weight;

  template <typename T>
  bool operator()(std::span<const AutodiffFrame<T>> frames, T* residuals) const {
    using std::exp;
    // L_Elbow about y, R_Elbow about y, L_Knee and R_Knee about x, of SMPL's joints.
    const std::pair<int, double> angles[] = {{55, 1}, {58, -1}, {12, -1}, {15, -1}};
    for (const auto& [param, sign] : angles) {
      const T bent = sign * frames[0].params[param];
      if (form == AnglePrior::kExponential) {
        *residuals++ = weight * exp(bent);
      } else {
        *residuals++ = bent > 0.1 ? weight * (bent - 0.1) : T(0);
      }
    }
    return true;
  }
};

TEST(AnglePriorTermTest, EqualsItsOracle) {
  const TermTestPoint point;
  TermPoint at = point.At();
  for (const AnglePrior form : {AnglePrior::kExponential, AnglePrior::kLimit}) {
    const AnglePriorTerm term(HingeAngles(*point.body->layout), form, 15.2);
    const AutodiffTerm oracle("oracle", 15.2, 4, {}, AngleOracle{form, 15.2});
    EXPECT_TERM(term, oracle, at);
    // Two of them beyond straight, two bent as they should.
    for (const auto& [param, value] :
         {std::pair{55, 0.45}, std::pair{58, 0.3}, std::pair{12, -0.8}, std::pair{15, 0.2}}) {
      at.frames[0].values()[param] = value;
    }
    EXPECT_TERM(term, oracle, at);
  }
  const AnglePriorTerm limit(HingeAngles(*point.body->layout), AnglePrior::kLimit, 10);
  const VecX r = ValuesOf(limit, at).residuals;
  EXPECT_NEAR(r[0], 3.5, 1e-12);
  EXPECT_EQ(r[1], 0);
  EXPECT_NEAR(r[2], 7, 1e-12);
  EXPECT_EQ(r[3], 0);
}

TEST(AnglePriorTermTest, HingesAreFoundByName) {
  const std::vector<std::string> joints = {"Pelvis", "R_Knee", "L_Elbow"};
  const BodyModel body = ReduceBody(*MakeStickBody(), joints, 2);
  const std::vector<AnglePriorEntry> angles = HingeAngles(*body.layout);
  ASSERT_EQ(angles.size(), 2);
  EXPECT_EQ(angles[0].pose_idx, 3 * 2 + 1);
  EXPECT_EQ(angles[0].sign, 1);
  EXPECT_EQ(angles[1].pose_idx, 3 * 1);
  EXPECT_EQ(angles[1].sign, -1);
}

// weight (x_i - target_i), i from `first`.
struct SpringOracle {
  double weight;
  int first, count;
  VecX target;

  template <typename T>
  bool operator()(std::span<const AutodiffFrame<T>> frames, T* residuals) const {
    for (int i = 0; i < count; ++i) {
      residuals[i] = weight * (frames[0].params[first + i] - target[i]);
    }
    return true;
  }
};

TEST(SpringTermTest, ShapePriorEqualsItsOracle) {
  const TermTestPoint point;
  const SpringTerm term = ShapePrior(5.5, *point.body->layout);
  EXPECT_TERM(term, AutodiffTerm("oracle", 5.5, 10, {}, SpringOracle{5.5, 72, 10, VecX::Zero(10)}),
              point.At());
  EXPECT_EQ(term.name(), "shape_prior");
}

TEST(SpringTermTest, DepthAnchorEqualsItsOracle) {
  const TermTestPoint point;
  const TermPoint at = point.At();
  const SpringTerm term = DepthAnchor(0.3, *point.body->layout);
  EXPECT_TERM(
      term,
      AutodiffTerm("oracle", 0.3, 1, {}, SpringOracle{0.3, 84, 1, VecX{{at.anchor.transl().z()}}}),
      at);
  EXPECT_EQ(term.name(), "depth_anchor");
}

TEST(SpringTermTest, StartAnchorEqualsItsOracle) {
  const TermTestPoint point;
  const TermPoint at = point.At();
  for (const int joints : {1, 24}) {
    const SpringTerm term = StartAnchor(20.5, joints);
    const VecX target = at.anchor.pose().head(3 * joints);
    EXPECT_TERM(
        term,
        AutodiffTerm("oracle", 20.5, 3 * joints, {}, SpringOracle{20.5, 0, 3 * joints, target}),
        at);
  }
  EXPECT_EQ(StartAnchor(1, 1).name(), "start_anchor");
}

TEST(SpringTermTest, TheCostAtOnceIsThatOfTheRows) {
  const TermTestPoint point;
  const TermPoint at = point.At();
  const BodyParams &x = at.frames[0], &anchor = at.anchor;
  const auto check = [&](const SpringTerm& term, double cost) {
    const double expected = ValuesOf(term, at).residuals.squaredNorm();
    EXPECT_GT(expected, 0);
    EXPECT_NEAR(cost, expected, 1e-12 * expected) << term.name();
    EXPECT_EQ(term.AsParamTerm()->AsSpringTerm(), &term);
  };
  const SpringTerm shape = ShapePrior(5.5, *point.body->layout), start = StartAnchor(3, 24);
  const SpringTerm depth = DepthAnchor(0.3, *point.body->layout);
  check(shape, shape.Cost<10>(x, anchor));
  check(start, start.Cost<72>(x, anchor));
  check(depth, depth.Cost<Eigen::Dynamic>(x, anchor));
}

}  // namespace
}  // namespace gyre
