// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/foot_contact.h"

#include <gtest/gtest.h>

#include <cmath>

#include "fitting/terms/autodiff_term.h"
#include "fitting/terms/stature.h"
#include "fitting/terms/term_test_point.h"

namespace gyre {
namespace {

const Floor kFloor{Vec3(0.1, -0.9, 0.2).normalized(), 1.1};

struct HoldOracle {
  template <typename T>
  bool operator()(std::span<const AutodiffFrame<T>> frames, T* residuals) const {
    const int joints[] = {19, 22};
    for (int i = 0; i < 6; ++i) {
      const int at = 3 * joints[i / 3] + i % 3;
      residuals[i] = 35.5 * (frames[1].joints[at] - frames[0].joints[at]);
    }
    return true;
  }
};

TEST(FootHoldTerm, EqualsItsOracle) {
  const TermTestPoint point;
  const FootHoldTerm term(35.5, {19, 22});
  const TermPoint at{point.joints, {point.Params(3), point.Params(5)}, point.Params(4)};
  EXPECT_TERM(term, AutodiffTerm("oracle", 35.5, 6, {19, 22}, HoldOracle(), 2), at);
}

struct FloorOracle {
  double below[2];  // by how much each point is allowed to be

  template <typename T>
  bool operator()(std::span<const AutodiffFrame<T>> frames, T* residuals) const {
    const int joints[] = {21, 24};
    for (int i = 0; i < 2; ++i) {
      const T* x = frames[0].joints + 3 * joints[i];
      const T height = kFloor.up.x() * x[0] + kFloor.up.y() * x[1] + kFloor.up.z() * x[2] + 1.1;
      residuals[i] = i == 0 || height < below[i] ? T(12.5 * (height - below[i])) : T(0);
    }
    return true;
  }
};

// The first point stands; the other is above the floor, or below it.
TEST(FloorTerm, EqualsItsOracle) {
  const TermTestPoint point;
  for (const double above_m : {-20.0, 20.0}) {
    const FloorTerm term(12.5, kFloor, {{21, 0.03, true}, {24, above_m, false}});
    const AutodiffTerm oracle("oracle", 12.5, 2, {21, 24}, FloorOracle{{0.03, above_m}});
    EXPECT_TERM(term, oracle, point.At());
    const TermValues values = ValuesOf(term, point.At());
    EXPECT_NE(values.residuals[0], 0);
    EXPECT_EQ(values.residuals[1] == 0, above_m < 0);
  }
}

TEST(Floor, HeightIsAlongUp) {
  const Floor level{Vec3(0, -1, 0), 1.5};  // a camera 1.5 m above it
  EXPECT_DOUBLE_EQ(level.HeightOf({4, 1.25, 9}), 0.25);
}

struct StatureOracle {
  VecX per_shape;
  double mean;

  template <typename T>
  bool operator()(std::span<const AutodiffFrame<T>> frames, T* residuals) const {
    T stature = T(mean);
    for (int i = 0; i < per_shape.size(); ++i) stature += per_shape[i] * frames[0].params[72 + i];
    residuals[0] = 250.0 * (stature - 1.83);
    return true;
  }
};

// How high the vertices of the rest pose stand.
TEST(StatureTerm, EqualsItsOracle) {
  const TermTestPoint point;
  const Stature stature(*point.body);
  BodyParams mean(*point.body->layout);
  const auto height_of = [&](const BodyParams& params) {
    const Points3 vertices = PoseBody(*point.body, params).vertices;
    return vertices.col(1).maxCoeff() - vertices.col(1).minCoeff();
  };
  EXPECT_NEAR(stature.Of(mean), height_of(mean), 1e-12);
  BodyParams other = mean;
  other.betas()[0] = 0.4;
  EXPECT_NEAR(stature.Of(other), height_of(other), 1e-9);
  EXPECT_GT(std::abs(stature.Of(other) - stature.Of(mean)), 1e-3);
  const StatureTerm term(250, stature, 1.83);
  const AutodiffTerm oracle("oracle", 250, 1, {},
                            StatureOracle{stature.per_shape_m, stature.mean_m});
  EXPECT_TERM(term, oracle, point.At());
}

}  // namespace
}  // namespace gyre
