// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/acceleration.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "fitting/terms/autodiff_term.h"
#include "fitting/terms/term_test_point.h"

namespace gyre {
namespace {

struct AccelerationOracle {
  double weight;
  VecX shares;

  template <typename T>
  bool operator()(std::span<const AutodiffFrame<T>> frames, T* residuals) const {
    for (int i = 0; i < 3 * shares.size(); ++i) {
      const T before = frames[1].joints[i] - frames[0].joints[i];
      const T after = frames[2].joints[i] - frames[1].joints[i];
      residuals[i] = weight * shares[i / 3] * (after - before);
    }
    return true;
  }
};

TEST(AccelerationTermTest, EqualsItsOracle) {
  const TermTestPoint point;
  const FoldedJoints joints = FoldedJoints::Skeleton(*point.body);
  std::vector<int> all(joints.size());
  std::iota(all.begin(), all.end(), 0);
  const TermPoint at{joints, {point.Params(3), point.Params(5), point.Params(6)}, point.Params(4)};
  const VecX shares = VecX::LinSpaced(24, 0.3, 2.9);
  const AccelerationTerm term(91.5, shares);
  EXPECT_TERM(term, AutodiffTerm("oracle", 91.5, 72, all, AccelerationOracle{91.5, shares}, 3), at);
  EXPECT_EQ(term.num_frames(), 3);
  EXPECT_EQ(term.weight(), 91.5);
  EXPECT_EQ(term.AsJointTerm(), nullptr);
}

TEST(AccelerationTermTest, RowsHaveTheWeightOfTheirJoint) {
  const VecX rows = AccelerationTerm(10, VecX(Eigen::Vector2d(0.5, 3))).RowWeights();
  const std::vector<double> expected = {5, 5, 5, 30, 30, 30};
  EXPECT_EQ(std::vector<double>(rows.begin(), rows.end()), expected);
}

TEST(AccelerationTermTest, EvenMotionIsFree) {
  const TermTestPoint point;
  std::vector<BodyParams> frames(3, point.Params(3));
  frames[1].transl() += Vec3(0.1, 0.2, -0.3);
  frames[2].transl() += 2 * Vec3(0.1, 0.2, -0.3);
  const AccelerationTerm term(90, point.joints.size());
  EXPECT_LT(ValuesOf(term, {point.joints, frames, frames[0]}).residuals.norm(), 1e-10);
}

}  // namespace
}  // namespace gyre
