// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Eigen/Geometry>
#include <Eigen/LU>

#include "body/ik/closed_form_ik.h"
#include "body/ik/ik_cases.h"
#include "body/ik/inverse_kinematics.h"
#include "body/ik/least_squares_ik.h"
#include "body/ik/least_squares_pose.h"
#include "body/ik/swing.h"
#include "body/ik/swing_angle_ik.h"
#include "body/ik_test_util.h"
#include "body/test_body.h"
#include "core/error.h"

namespace gyre {
namespace {

const BodyModel& Body() {
  static const BodyModel body = MakeBuiltinBody();
  return body;
}

IkCase Draw(const InverseKinematics& ik, IkCaseKind kind, Rng& rng) {
  return MakeIkCase(ik.tree(), kind, IkCaseOptions(), rng);
}

TEST(SwingTest, TurnsOneDirectionIntoTheOther) {
  // From y to x the smallest turn is by -90 degrees about z; it takes x to -y.
  const Mat3 r = MakeSwing(Vec3(0, 2, 0), Vec3(0.5, 0, 0), 0).rotation;
  Mat3 expected;
  expected << 0, 1, 0, -1, 0, 0, 0, 0, 1;
  EXPECT_LT((r - expected).norm(), 1e-15);
  // With a twist of 30 degrees about y before, z goes to (cos 30) z + (sin 30) x, and that to
  // (0, -0.5, 0.866).
  const Mat3 twisted = MakeSwing(Vec3(0, 2, 0), Vec3(0.5, 0, 0), EIGEN_PI / 6).rotation;
  EXPECT_LT((twisted.col(2) - Vec3(0, -0.5, std::sqrt(0.75))).norm(), 1e-15);
  EXPECT_NEAR(TwistOf(twisted, Vec3(0, 3, 0)), EIGEN_PI / 6, 1e-15);
}

TEST(SwingTest, IsARotationWhereDirectionsAreParallelOppositeOrNone) {
  const Vec3 a(0.2, -0.1, 0.3);
  for (const Vec3& q : {Vec3(2 * a), Vec3(-a), Vec3(-a + Vec3(1e-9, 0, 0)), Vec3(Vec3::Zero())}) {
    const Swing swing = MakeSwing(a, q, 0.4);
    EXPECT_LT((swing.rotation * swing.rotation.transpose() - Mat3::Identity()).norm(), 1e-9);
    if (q.norm() > 0) {
      EXPECT_LT((swing.rotation * a.normalized() - q.normalized()).norm(), 1e-7);
    }
    const SwingGradient g = PullSwing(swing, Vec3(1, 2, -3));
    EXPECT_TRUE(g.a.allFinite() && g.q.allFinite() && std::isfinite(g.twist));
  }
}

TEST(SwingTest, ReadsTheTwistOfTurnsBeyondHalf) {
  const Vec3 a(0.1, 0.7, -0.2);
  for (const double twist : {-3.1, -1.3, 0.0, 0.8, 3.0}) {
    const Mat3 r = MakeSwing(a, Vec3(0.9, -0.3, 0.2), twist).rotation;
    EXPECT_NEAR(TwistOf(r, a), twist, 1e-12);
  }
}

TEST(IkTreeTest, IsTheBodysTree) {
  const IkTree tree(Body(), IkBranches::kAll);
  const BodyLayout& layout = *Body().layout;
  ASSERT_EQ(tree.size(), 24);
  EXPECT_EQ(tree.nodes[0].children, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(tree.nodes[0].main_child, 3);  // the spine, not a hip
  EXPECT_EQ(tree.nodes[layout.IndexOf("Spine3")].children, (std::vector<int>{12, 13, 14}));
  EXPECT_EQ(tree.nodes[layout.IndexOf("Spine3")].main_child, layout.IndexOf("Neck"));
  EXPECT_EQ(tree.nodes[layout.IndexOf("Spine3")].kind, IkNodeKind::kAligned);
  EXPECT_EQ(tree.nodes[layout.IndexOf("L_Knee")].kind, IkNodeKind::kSwing);
  EXPECT_EQ(tree.nodes[layout.IndexOf("R_Hand")].kind, IkNodeKind::kEnd);
  // Three for the pelvis and the chest, two for each of 17 others but the five ends.
  EXPECT_EQ(IkPlan(tree).unknowns, 2 * 3 + 17 * 2);
  const IkEnd end{layout.IndexOf("Head"), 12};
  const IkTree longer(Body(), IkBranches::kMain, {&end, 1});
  EXPECT_EQ(longer.size(), 25);
  EXPECT_EQ(longer.nodes[24].parent, 15);
  EXPECT_EQ(longer.nodes[15].kind, IkNodeKind::kSwing);
  EXPECT_EQ(longer.nodes[layout.IndexOf("Spine3")].kind, IkNodeKind::kSwing);
  EXPECT_LT((longer.mean.row(24) - Body().v_template.row(12)).norm(), 1e-15);
}

TEST(IkTreeTest, LooksPastWhatIsNotKnown) {
  const IkTree tree(Body(), IkBranches::kAll);
  std::array<bool, 24> known;
  known.fill(true);
  for (const int unknown : {6, 9, 12, 13, 14, 10, 22}) known[unknown] = false;
  const IkPlan plan(tree, known);
  // From Spine1 past Spine2, the chest, neck and collars.
  EXPECT_THAT(plan.nodes[3].aims, testing::UnorderedElementsAre(15, 16, 17));
  EXPECT_THAT(plan.nodes[13].aims, testing::ElementsAre(16));
  EXPECT_FALSE(plan.nodes[7].moves);   // an ankle without a foot
  EXPECT_FALSE(plan.nodes[20].moves);  // a wrist without a hand
  EXPECT_TRUE(plan.nodes[21].moves);
}

class InverseKinematicsTest : public testing::TestWithParam<IkMethod> {
 protected:
  static IkOptions Options(IkMethod method) {
    IkOptions options = method == IkMethod::kIkol ? IkOptions::Ikol() : IkOptions();
    options.method = method;
    options.steps = method == IkMethod::kIkol ? 5 : 100;
    return options;
  }
};

// What no position tells aside, a body comes back from its joints.
TEST_P(InverseKinematicsTest, FindsThePoseOfItsOwnJoints) {
  Rng rng(4, RngStream::kTest);
  IkOptions options = Options(GetParam());
  if (GetParam() == IkMethod::kIkol) {  // converges with a damping that is no larger than that
    options.damping = 1e-3;
    options.steps = 60;
  }
  const InverseKinematics ik(Body(), options);
  for (int i = 0; i < 7; ++i) {
    const IkCase made = Draw(ik, IkCaseKind::kExact, rng);
    IkSolution solution;
    ik.Solve(made.problem, ik.plan(), /*training=*/true, &solution);
    EXPECT_LT(solution.error, 1e-4) << i;
    EXPECT_LT(RotationError(ik.plan(), solution, made.truth), 2e-3) << i;
  }
}

// Each method's own derivative against differences of its own map.
TEST_P(InverseKinematicsTest, DerivativeIsThatOfTheMap) {
  if (GetParam() == IkMethod::kIkol) GTEST_SKIP() << "GN-Diff is not a derivative";
  if (GetParam() == IkMethod::kLeastSquares) GTEST_SKIP() << "see LeastSquaresIkTest";
  Rng rng(5, RngStream::kTest);
  for (const IkBranches branches : {IkBranches::kAll, IkBranches::kMain}) {
    IkOptions options = Options(GetParam());
    options.branches = branches;
    const InverseKinematics ik(Body(), options);
    for (const auto& [kind, name] : EnumNames<IkCaseKind>::kAll) {
      const IkCase made = Draw(ik, kind, rng);
      const RotationLoss loss(ik.tree().size(), rng);
      IkSolution solution;
      ik.Solve(made.problem, ik.plan(), true, &solution);
      const IkGradient gradient =
          ik.Pull(made.problem, ik.plan(), solution, loss.Gradient(solution, ik.plan()), true);
      const auto of_moved = [&](const IkProblem& moved) {
        IkSolution there;
        ik.Solve(moved, ik.plan(), true, &there);
        return loss.Of(there, ik.plan());
      };
      EXPECT_LT(GradientError(made.problem, gradient, of_moved, 1e-7), 1e-5) << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Methods, InverseKinematicsTest,
                         testing::Values(IkMethod::kLeastSquares, IkMethod::kAdaptive,
                                         IkMethod::kNaive, IkMethod::kIkol),
                         [](const auto& info) { return std::string(EnumName(info.param)); });

// The objective's derivatives at a point that is no minimum.
TEST(LeastSquaresPoseTest, GradientAndHessianAreThoseOfTheObjective) {
  Rng rng(6, RngStream::kTest);
  const InverseKinematics ik(Body(), IkOptions());
  for (const double damping : {0.0, 0.3}) {
    const IkCase made = Draw(ik, IkCaseKind::kNoise, rng);
    LeastSquaresFrame frame(ik.tree(), made.problem, ik.plan(), damping);
    const ClosedFormIk closed(ik.tree(), ClosedFormOptions());
    closed.SolvePose(made.problem, ik.plan(), &frame.start);
    const LeastSquaresPose start(frame, frame.start.local);
    VecX away(ik.plan().unknowns);
    for (double& x : away) x = 0.3 * rng.Normal();
    LeastSquaresPose pose(frame), moved(frame);
    pose.StepFrom(start, away);
    VecX gradient, unused;
    TreeMatrix hessian(ik.plan().pattern), gauss_newton(ik.plan().pattern);
    pose.Linearise(&gradient, &hessian, &gauss_newton);
    const double h = 1e-5;
    for (int i = 0; i < gradient.size(); ++i) {
      VecX step = VecX::Zero(gradient.size());
      step[i] = h;
      moved.StepFrom(pose, step);
      const double above = moved.Objective() / 2;
      moved.StepFrom(pose, -step);
      EXPECT_NEAR(gradient[i], (above - moved.Objective() / 2) / (2 * h), 1e-8) << i;
    }
    for (int trial = 0; trial < 20; ++trial) {
      VecX step(gradient.size());
      for (double& x : step) x = 2e-4 * rng.Normal();
      moved.StepFrom(pose, step);
      const double above = moved.Objective() / 2;
      moved.StepFrom(pose, -step);
      const double second = above + moved.Objective() / 2 - pose.Objective();
      EXPECT_NEAR(second, step.dot(hessian.Times(step)), 1e-6 * step.squaredNorm()) << trial;
    }
  }
}

TEST(TreeMatrixTest, SolvesAsADenseMatrixDoes) {
  Rng rng(7, RngStream::kTest);
  const IkTree tree(Body(), IkBranches::kAll);
  const IkPlan plan(tree);
  TreeMatrix matrix(plan.pattern);
  const int n = matrix.size();
  RowMatX dense = RowMatX::Zero(n, n);
  for (int i = 0; i < n; ++i) {
    for (int t = 0; t <= matrix.Depth(i); ++t) {
      const double value = t == matrix.Depth(i) ? 9 + rng.Uniform(0, 1) : rng.Uniform(-1, 1);
      matrix.Row(i)[t] = value;
      const int j = plan.pattern.above[plan.pattern.start[i] + t];
      dense(i, j) = dense(j, i) = value;
    }
  }
  VecX b(n);
  for (double& x : b) x = rng.Normal();
  EXPECT_LT((matrix.Times(b) - dense * b).norm(), 1e-12);
  VecX x = b;
  ASSERT_TRUE(matrix.Factorise());
  matrix.Solve(&x);
  EXPECT_LT((dense * x - b).norm(), 1e-12);
  TreeMatrix indefinite(plan.pattern);
  for (int i = 0; i < n; ++i) indefinite.Diagonal(i) = i == 5 ? -1 : 1;
  EXPECT_FALSE(indefinite.Factorise());
}

// The implicit derivative against differences of the converged map: searches that go on until
// nothing moves any more.
TEST(LeastSquaresIkTest, ImplicitDerivativeIsThatOfTheConvergedMap) {
  Rng rng(11, RngStream::kTest);
  for (const IkBranches branches : {IkBranches::kAll, IkBranches::kMain}) {
    for (const double damping : {0.03, 0.3}) {
      const IkTree tree(Body(), branches);
      const IkPlan plan(tree);
      const IkOptions options{.branches = branches, .damping = damping, .steps = 100};
      const LeastSquaresIk exact(tree, options, 1e-13), usual(tree, options);
      for (const auto& [kind, name] : EnumNames<IkCaseKind>::kAll) {
        const IkCase made = MakeIkCase(tree, kind, IkCaseOptions(), rng);
        const RotationLoss loss(tree.size(), rng);
        const auto of_moved = [&](const IkProblem& moved) {
          IkSolution there;
          exact.Solve(moved, plan, &there);
          return loss.Of(there, plan);
        };
        IkSolution solution;
        exact.Solve(made.problem, plan, &solution);
        const auto pull = [&](const LeastSquaresIk& solver) {
          IkGradient g = solver.Pull(made.problem, plan, solution, loss.Gradient(solution, plan));
          g.target.row(0).setZero();  // targets count from the root's
          g.target.row(0) = -g.target.colwise().sum().eval();
          return g;
        };
        EXPECT_LT(GradientError(made.problem, pull(exact), of_moved, 1e-6), 5e-4) << name;
        // Where the search ends as it does in use.
        usual.Solve(made.problem, plan, &solution);
        EXPECT_LT(GradientError(made.problem, pull(usual), of_moved, 1e-6), 0.01) << name;
      }
    }
  }
}

// One long way back through the steps is the implicit derivative once they have converged.
TEST(LeastSquaresIkTest, UnrolledComesToTheImplicitDerivative) {
  Rng rng(8, RngStream::kTest);
  IkOptions options;
  options.steps = 100;
  const InverseKinematics implicit(Body(), options);
  options.backward = IkBackward::kUnrolled;
  const InverseKinematics unrolled(Body(), options);
  const IkCase made = Draw(implicit, IkCaseKind::kOtherShape, rng);
  const RotationLoss loss(implicit.tree().size(), rng);
  IkSolution solution;
  implicit.Solve(made.problem, implicit.plan(), true, &solution);
  const IkVectors g = loss.Gradient(solution, implicit.plan());
  const IkGradient a = implicit.Pull(made.problem, implicit.plan(), solution, g, true);
  const IkGradient b = unrolled.Pull(made.problem, unrolled.plan(), solution, g, true);
  EXPECT_LT((a.target - b.target).norm(), 0.01 * a.target.norm());
  EXPECT_LT((a.rest - b.rest).norm(), 0.01 * a.rest.norm());
  EXPECT_LT((a.twist - b.twist).norm(), 0.01 * a.twist.norm());
  // GN-Diff holds each step's matrix constant, so the two are not equal.
  EXPECT_GT((a.target - b.target).norm(), 1e-9);
}

TEST(LeastSquaresIkTest, LongerBonesBendTheBodyLessWithDamping) {
  Rng rng(9, RngStream::kTest);
  double last_error = 0, last_chord = 1e9;
  for (const double damping : {0.0, 0.01, 0.1, 10.0}) {
    Rng same = rng;
    IkOptions options;
    options.damping = damping;
    options.steps = 100;
    const InverseKinematics ik(Body(), options);
    double error = 0, chord = 0;
    for (int i = 0; i < 9; ++i) {
      const IkCase made = Draw(ik, IkCaseKind::kOtherShape, same);
      IkSolution solution;
      ik.Solve(made.problem, ik.plan(), true, &solution);
      error += solution.error / 9;
      chord += RotationError(ik.plan(), solution, made.truth) / 9;
    }
    EXPECT_GT(error, last_error);
    EXPECT_LT(chord, last_chord);
    last_error = error;
    last_chord = chord;
  }
}

TEST(LeastSquaresIkTest, FillsInWhatIsNotKnown) {
  Rng rng(10, RngStream::kTest);
  const InverseKinematics ik(Body(), IkOptions());
  std::array<bool, 24> known;
  known.fill(true);
  for (const int unknown : {6, 9, 13, 14, 10, 22}) known[unknown] = false;
  const IkPlan plan(ik.tree(), known);
  IkCase made = MakeIkCase(ik.tree(), IkCaseKind::kExact, {.bend_rad = 0.2}, rng);
  for (const int unknown : {6, 9, 13, 14, 10, 22}) {
    made.problem.target.row(unknown).setConstant(std::nan(""));
  }
  IkSolution solution;
  ik.Solve(made.problem, plan, true, &solution);
  EXPECT_LT(solution.error, 0.005);
  const RotationLoss loss(24, rng);
  const IkGradient gradient =
      ik.Pull(made.problem, plan, solution, loss.Gradient(solution, plan), true);
  EXPECT_TRUE(gradient.target.allFinite() && gradient.rest.allFinite());
  EXPECT_EQ(gradient.target.row(13).norm(), 0);
}

TEST(IkOptionsTest, NamesWhatCannotBe) {
  IkOptions options;
  options.damping = -0.5;
  EXPECT_THROW(options.Check(), UserError);
  options = IkOptions::Ikol();
  options.damping = 0;
  EXPECT_THROW(options.Check(), UserError);
  options = {};
  options.steps = -1;
  EXPECT_THROW(options.Check(), UserError);
}

}  // namespace
}  // namespace gyre
