// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/acceleration.h"

#include <gtest/gtest.h>

#include <numeric>

#include "fitting/terms/autodiff_term.h"
#include "fitting/terms/term_test_point.h"

namespace gyre {
namespace {

struct AccelerationOracle {
  double weight;
  int num_joints;

  template <typename T>
  bool operator()(std::span<const AutodiffFrame<T>> frames, T* residuals) const {
    for (int i = 0; i < 3 * num_joints; ++i) {
      const T before = frames[1].joints[i] - frames[0].joints[i];
      const T after = frames[2].joints[i] - frames[1].joints[i];
      residuals[i] = weight * (after - before);
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
  const AccelerationTerm term(91.5, joints.size());
  EXPECT_TERM(term, AutodiffTerm("oracle", 91.5, 72, all, AccelerationOracle{91.5, 24}, 3), at);
  EXPECT_EQ(term.num_frames(), 3);
  EXPECT_EQ(term.weight(), 91.5);
  EXPECT_EQ(term.AsJointTerm(), nullptr);
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
