// SPDX-License-Identifier: Apache-2.0
#include "fitting/fused_backend.h"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>

#include "core/rng.h"
#include "core/so3.h"
#include "fitting/ceres_backend.h"
#include "fitting/rigid_backend.h"
#include "fitting/test_problems.h"

namespace gyre {
namespace {

std::vector<const DenseKernels*> AllKernels() { return {&PortableKernels(), &BestKernels()}; }

TEST(DenseKernelsTest, GramAddsUpOverItsBlocks) {
  Rng rng(1, RngStream::kTest);
  const std::vector<uint8_t> blocks = {1, 2, 7, 20, 21};
  std::vector<bool> touched(kNormalBlocks, false);
  for (const uint8_t block : blocks) touched[block] = true;
  RowMatX rows(7, kNormalStride);
  for (double& value : rows.reshaped()) value = rng.Normal();
  const RowMatX gram = rows.transpose() * rows;
  for (const DenseKernels* kernels : AllKernels()) {
    RowMatX normal = RowMatX::Ones(kNormalStride, kNormalStride);
    kernels->add_gram(rows.data(), 7, blocks.data(), static_cast<int>(blocks.size()),
                      normal.data());
    for (int i = 0; i < kNormalStride; ++i) {
      for (int j = i; j < kNormalStride; ++j) {
        const bool in = touched[i / kNormalBlock] && touched[j / kNormalBlock];
        EXPECT_NEAR(normal(i, j), 1 + (in ? gram(i, j) : 0), 1e-12)
            << kernels->name << " " << i << " " << j;
      }
    }
  }
}

TEST(DenseKernelsTest, SolvesTheNormalEquations) {
  Rng rng(2, RngStream::kTest);
  RowMatX rows = RowMatX::Zero(100, kNormalStride);
  for (int i = 0; i < 100; ++i) {
    for (int j = 0; j <= kNormalParams; ++j) rows(i, j) = rng.Normal();
  }
  const RowMatX normal = rows.transpose() * rows;
  const VecX damping = VecX::LinSpaced(kNormalParams, 0, 3);
  Eigen::MatrixXd damped = normal.topLeftCorner<kNormalParams, kNormalParams>();
  damped.diagonal() += damping;
  const VecX expected = damped.llt().solve(normal.col(kNormalParams).head<kNormalParams>());
  for (const DenseKernels* kernels : AllKernels()) {
    RowMatX work(kNormalStride, kNormalStride);
    VecX x(kNormalParams);
    ASSERT_TRUE(kernels->solve_normal(normal.data(), damping.data(), work.data(), x.data()));
    EXPECT_LT((x - expected).norm(), 1e-10 * expected.norm()) << kernels->name;

    RowMatX indefinite = normal;
    indefinite(40, 40) = -1;
    EXPECT_FALSE(kernels->solve_normal(indefinite.data(), damping.data(), work.data(), x.data()));
  }
}

TEST(DenseKernelsTest, NormStopsAboveItsLimit) {
  Rng rng(3, RngStream::kTest);
  RowMatX upper = RowMatX::Zero(69, 72);
  VecX d = VecX::Zero(72);
  for (int i = 0; i < 69; ++i) {
    d[i] = rng.Normal();
    for (int j = i; j < 69; ++j) upper(i, j) = rng.Normal();
  }
  const double expected = (upper * d).squaredNorm();
  for (const DenseKernels* kernels : AllKernels()) {
    EXPECT_NEAR(kernels->upper_norm2(upper.data(), 69, 72, d.data(), 1e300), expected,
                1e-10 * expected);
    const double stopped = kernels->upper_norm2(upper.data(), 69, 72, d.data(), 0.3 * expected);
    EXPECT_GT(stopped, 0.3 * expected);
    EXPECT_LT(stopped, expected);
    VecX y(69);
    kernels->multiply(upper.data(), 69, 72, d.data(), y.data());
    EXPECT_LT((y - upper * d).norm(), 1e-10) << kernels->name;
  }
}

class BackendTest : public testing::Test {
 protected:
  // Both cameras, a point in space, every term.
  ObjectiveSpec MakeSpec(uint64_t seed) {
    const Fitter fitter(body_, prior_, FitOptions::Default());
    const TrueProblem made = MakeTrueProblem(fitter, seed);
    ObjectiveSpec spec;
    spec.views = {{made.problem.camera, 0.7},
                  {{1200, {300, 200}}, 0.5, ExpSO3({0.1, 1.2, -0.2}), {-7, 0.3, 5}}};
    const Points3 joints = joints_->Positions(made.truth);
    Rng rng(seed, RngStream::kNoise);
    for (int i = 0; i < joints.rows(); ++i) {
      for (int view = 0; view < 2; ++view) {
        if (rng.Bernoulli(0.3)) continue;
        const View& v = spec.views[view];
        const Vec3 point = v.rotation * joints.row(i).transpose() + v.translation;
        spec.observations.push_back(
            {i, v.camera.Project(point) + Vec2(rng.Normal(0, 3), rng.Normal(0, 3)),
             rng.Uniform(0.2, 1), view});
      }
    }
    spec.points = {{12, joints.row(12).transpose(), 30}};
    spec.sigma_px = 100;
    spec.pose_prior_weight = 4.78;
    spec.angle_prior_weight = 15.2;
    spec.shape_prior_weight = 5;
    spec.depth_anchor = 10;
    spec.start_anchor = 3;
    spec.start = Disturbed(made.truth, 0.2, seed);
    return spec;
  }

  std::shared_ptr<const BodyModel> body_ = MakeStickBody();
  std::shared_ptr<const PosePrior> prior_ = MakeStickPrior();
  std::shared_ptr<const FoldedJoints> joints_ =
      std::make_shared<FoldedJoints>(*body_, SpinJoints());
};

TEST_F(BackendTest, NormalEquationsAreThoseOfTheResiduals) {
  for (const bool per_coordinate : {false, true}) {
    ObjectiveSpec spec = MakeSpec(5);
    spec.robust_per_coordinate = per_coordinate;
    const BodyParams at = Disturbed(spec.start, 0.1, 6);
    Objective objective(joints_, prior_, spec);
    VecX r(objective.num_residuals());
    RowMatX jacobian;
    ASSERT_TRUE(objective.Evaluate(at, r, &jacobian));
    const RowMatX expected = jacobian.transpose() * jacobian;
    const VecX expected_gradient = jacobian.transpose() * r;
    for (const DenseKernels* kernels : AllKernels()) {
      FusedWorkspace workspace;
      RowMatX normal;
      VecX gradient;
      FusedNormalEquations(FusedModel(joints_, *prior_, *kernels), spec, workspace, at, &normal,
                           &gradient);
      EXPECT_LT((normal - expected).norm(), 1e-11 * expected.norm()) << kernels->name;
      EXPECT_LT((gradient - expected_gradient).norm(), 1e-11 * expected_gradient.norm());
    }
  }
}

TEST_F(BackendTest, FusedLandsWhereCeresLands) {
  const FusedModel model(joints_, *prior_);
  FusedWorkspace workspace;
  for (const bool translation_free : {true, false}) {
    for (uint64_t seed = 0; seed < 10; ++seed) {
      const ObjectiveSpec spec = MakeSpec(seed);
      const SolverOptions options{translation_free, 100, 1e-9};
      BodyParams fused = spec.start, ceres = spec.start;
      const SolverResult by_fused = SolveFused(model, spec, options, workspace, &fused);
      Objective objective(joints_, prior_, spec);
      const SolverResult by_ceres = SolveWithCeres(objective, options, &ceres);
      EXPECT_NE(by_fused.termination, FitTermination::kFailed);
      EXPECT_NEAR(by_fused.cost, by_ceres.cost, 1e-6 * by_ceres.cost) << seed;
      EXPECT_NEAR(by_fused.cost, objective.Evaluate(fused).Total(), 1e-9 * by_fused.cost) << seed;
      if (!translation_free) {
        EXPECT_EQ(fused.transl(), spec.start.transl());
      }
    }
  }
}

TEST_F(BackendTest, RigidLandsWhereCeresLands) {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    ObjectiveSpec spec = MakeSpec(seed);
    spec.points.clear();
    spec.root_only = true;
    spec.pose_prior_weight = spec.angle_prior_weight = spec.shape_prior_weight = 0;
    const SolverOptions options{true, 100, 1e-12};
    BodyParams rigid = spec.start, ceres = spec.start;
    const SolverResult by_rigid = SolveRigid(*joints_, spec, options, &rigid);
    Objective objective(joints_, prior_, spec);
    const SolverResult by_ceres = SolveWithCeres(objective, options, &ceres);
    EXPECT_NEAR(by_rigid.cost, by_ceres.cost, 1e-8 * by_ceres.cost) << seed;
    EXPECT_LT((rigid.pose() - ceres.pose()).norm(), 1e-4) << seed;
    EXPECT_LT((rigid.transl() - ceres.transl()).norm(), 1e-3) << seed;
  }
}

TEST_F(BackendTest, AStartBehindTheCameraFailsAndStays) {
  const FusedModel model(joints_, *prior_);
  FusedWorkspace workspace;
  ObjectiveSpec spec = MakeSpec(1);
  BodyParams behind = spec.start;
  behind.transl().z() = -8;
  const BodyParams before = behind;
  EXPECT_EQ(SolveFused(model, spec, {}, workspace, &behind).termination, FitTermination::kFailed);
  EXPECT_EQ(behind.pose(), before.pose());
  EXPECT_EQ(behind.transl(), before.transl());
}

// A workspace carries nothing from one fit to the next.
TEST_F(BackendTest, AUsedWorkspaceGivesTheSameBytes) {
  const FusedModel model(joints_, *prior_);
  FusedWorkspace used;
  BodyParams other = MakeSpec(2).start;
  SolveFused(model, MakeSpec(2), {}, used, &other);
  const ObjectiveSpec spec = MakeSpec(3);
  BodyParams again = spec.start, fresh = spec.start;
  FusedWorkspace unused;
  SolveFused(model, spec, {}, used, &again);
  SolveFused(model, spec, {}, unused, &fresh);
  EXPECT_EQ(again.pose(), fresh.pose());
  EXPECT_EQ(again.transl(), fresh.transl());
}

}  // namespace
}  // namespace gyre
