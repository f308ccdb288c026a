// SPDX-License-Identifier: Apache-2.0
#include "fitting/mirror_search.h"

#include <gtest/gtest.h>

#include "fitting/backends/solve_objective.h"
#include "fitting/hypotheses.h"
#include "fitting/test_problems.h"

namespace gyre {
namespace {

class MirrorSearch : public testing::Test {
 protected:
  MirrorSearch()
      : model_(MakeStickBody(), MakeStickPrior(), Options(), SpinJoints()),
        fitter_(MakeStickBody(), MakeStickPrior(), Options()) {}

  // Depth is the keypoints' to tell, not a limit's.
  static FitOptions Options() {
    FitOptions options;
    options.angle_prior_weight = 0;
    return options;
  }
  // A fit that ended there.
  static FitResult EndedAt(const BodyParams& params) {
    FitResult fit;
    fit.params = params;
    fit.summary.usable = true;
    fit.summary.body_iterations = 1000;
    return fit;
  }

  FitModel model_;
  Fitter fitter_;
};

// The prior has arms hang and knees bend one way: bones bent the other way explain the picture
// about as well, and cost more.
TEST_F(MirrorSearch, BonesBentTheOtherWayAreTurnedBack) {
  const std::vector<std::vector<int>> bent = {{18, 20}, {4, 7, 10}, {2, 5, 8, 11}};
  for (uint64_t seed = 0; seed < 6; ++seed) {
    const TrueProblem made = MakeTrueProblem(fitter_, seed);
    FitResult straight = EndedAt(made.truth);
    std::vector<FitAlternative> others;
    SearchMirrored(model_, made.problem, &straight, &others);
    for (const std::vector<int>& bones : bent) {
      FitResult fit = EndedAt(WithJointsMirrored(made.truth, SmplLayout(), bones));
      SearchMirrored(model_, made.problem, &fit, &others);
      EXPECT_LT(fit.summary.after.BodyTotal(), 1.02 * straight.summary.after.BodyTotal())
          << seed << " " << bones.front();
      EXPECT_LT(DistanceOfBodies(model_.skeleton, fit.params, straight.params), 0.03)
          << seed << " " << bones.front();
      EXPECT_EQ(fit.summary.after.BodyTotal(),
                fitter_.Evaluate(made.problem, fit.params).BodyTotal());
      for (const FitAlternative& other : others) {
        EXPECT_GE(other.objective, fit.summary.after.BodyTotal());
        EXPECT_LE(other.objective, 1.1 * fit.summary.after.BodyTotal());
        EXPECT_GE(DistanceOfBodies(model_.skeleton, fit.params, other.params), 0.04);
      }
    }
  }
}

// Fifteen times a few steps and the end's own, and once more only after something was better.
TEST_F(MirrorSearch, EndsAfterARowThatWasNoBetter) {
  int fewest = 1 << 20;
  for (uint64_t seed = 0; seed < 6; ++seed) {
    const TrueProblem made = MakeTrueProblem(fitter_, seed);
    FitResult fit = EndedAt(made.truth);
    std::vector<FitAlternative> others;
    SearchMirrored(model_, made.problem, &fit, &others);  // from here nothing is better
    const int before = fit.summary.body_iterations;
    SearchMirrored(model_, made.problem, &fit, &others);
    fewest = std::min(fewest, fit.summary.body_iterations - before);
    EXPECT_LE(fit.summary.body_iterations - before, 8 + 15 * (6 + 8)) << seed;
  }
  EXPECT_GT(fewest, 6);
}

// Of a body that lies in the picture nothing is mirrored: it would be the same.
TEST_F(MirrorSearch, BonesInThePictureStay) {
  auto flat = std::make_shared<BodyModel>(*MakeStickBody());
  flat->v_template.col(2).setZero();
  for (int row = 2; row < flat->shapedirs.rows(); row += 3) flat->shapedirs.row(row).setZero();
  const Fitter fitter(flat, MakeStickPrior(), Options());
  const FitModel model(flat, MakeStickPrior(), Options(), SpinJoints());
  TrueProblem made = MakeTrueProblem(fitter, 1);
  for (int k = 0; k < 24; ++k) made.truth.rotation(k) = Vec3::Zero();
  made.truth.rotation(0) = Vec3(0, 0, 0.3);
  made.truth.rotation(16) = Vec3(0, 0, -1.1);
  made.truth.rotation(17) = Vec3(0, 0, 1);
  const Points3 joints = fitter.Joints(made.truth);
  for (int i = 0; i < joints.rows(); ++i) {
    made.problem.keypoints_px.row(i) = made.problem.camera.Project(joints.row(i).transpose());
  }
  made.problem.start = made.truth;
  FitResult fit = EndedAt(made.truth);
  std::vector<FitAlternative> others;
  SearchMirrored(model, made.problem, &fit, &others);
  EXPECT_LE(fit.summary.body_iterations - 1000, 8);  // the end's own
  EXPECT_TRUE(others.empty());
}

TEST(NormalMatrixTest, IsTheWholeOfJacobianTransposedTimesJacobian) {
  const Fitter fitter(MakeTwelveJointBody(), MakeStickPrior(), {});  // no fused path
  const TrueProblem made = MakeTrueProblem(fitter, 5);
  Objective objective = fitter.BodyObjective(made.problem);
  FusedWorkspace workspace;
  const BodyParams at = Disturbed(made.truth, 0.1, 5);
  const NormalMatrix normal = NormalMatrixOf(objective, nullptr, workspace, at);
  VecX residuals(objective.num_residuals());
  RowMatX jacobian;
  ASSERT_TRUE(objective.Evaluate(at, residuals, &jacobian));
  const auto count = static_cast<int>(normal.params.size());
  ASSERT_GE(count, 12 * 3 + 3);
  ASSERT_EQ(normal.values.rows(), count);
  for (int i = 0; i < count; ++i) {
    for (int j = 0; j < count; ++j) {
      const double expected = jacobian.col(normal.params[i]).dot(jacobian.col(normal.params[j]));
      ASSERT_NEAR(normal.values(i, j), expected, 1e-9 * (1 + std::abs(expected))) << i << " " << j;
    }
  }
}

}  // namespace
}  // namespace gyre
