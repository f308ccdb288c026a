// SPDX-License-Identifier: Apache-2.0
#include "fitting/backends/rigid_backend.h"

#include <gtest/gtest.h>

#include "body/reduced_body.h"
#include "core/so3.h"
#include "fitting/backends/backend_problem.h"
#include "fitting/backends/ceres_backend.h"
#include "fitting/terms/autodiff_term.h"

namespace gyre {
namespace {

void LandsWhereCeresLands(const BackendProblem& problem) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const BackendProblem::Person person = problem.MakePerson(seed);
    Objective objective = problem.MakeTorso(person);
    ASSERT_TRUE(IsRigid(objective));
    if (seed % 3 == 0) objective.set_sigma_px(0);
    const SolverOptions options{100, 1e-12};
    BodyParams rigid = person.start, ceres = person.start;
    const SolverResult by_rigid = SolveRigid(objective, options, &rigid);
    const SolverResult by_ceres = SolveWithCeres(objective, options, &ceres);
    EXPECT_NEAR(by_rigid.cost, by_ceres.cost, 1e-8 * by_ceres.cost) << seed;
    EXPECT_NEAR(by_rigid.cost, objective.Cost(rigid), 1e-9 * by_rigid.cost) << seed;
    EXPECT_LT((rigid.pose() - ceres.pose()).norm(), 1e-4) << seed;
    EXPECT_LT((rigid.transl() - ceres.transl()).norm(), 1e-3) << seed;
    EXPECT_EQ(rigid.shape(), person.start.shape());
    EXPECT_EQ(rigid.rotation(3), person.start.rotation(3));
  }
}

TEST(RigidBackendTest, LandsWhereCeresLands) { LandsWhereCeresLands(BackendProblem()); }

TEST(RigidBackendTest, AnyLayout) {
  const std::vector<std::string> joints = {"Pelvis", "L_Hip",      "R_Hip",      "L_Knee", "R_Knee",
                                           "Neck",   "L_Shoulder", "R_Shoulder", "L_Elbow"};
  const auto body = std::make_shared<BodyModel>(ReduceBody(*MakeStickBody(), joints, 3));
  KeypointSet set{"seen", {}};
  for (const char* joint : {"SMPL L_Hip", "SMPL R_Hip", "SMPL L_Knee", "SMPL Neck",
                            "SMPL L_Shoulder", "SMPL R_Shoulder", "SMPL L_Elbow"}) {
    set.joints.push_back(joint);
  }
  LandsWhereCeresLands(BackendProblem(body, set));
}

TEST(RigidBackendTest, PointsInSpaceAndTermsOfWhatIsHeld) {
  const BackendProblem problem;
  const BackendProblem::Person person = problem.MakePerson(4);
  Objective::Terms terms = problem.PlaceTerms(person);
  terms.push_back(std::make_unique<Points3dTerm>(person.points));
  terms.push_back(std::make_unique<SpringTerm>(ShapePrior(2, *problem.body->layout)));
  Objective objective(problem.joints, std::move(terms), {0, 1, 2, 82, 83, 84}, person.start);
  ASSERT_TRUE(IsRigid(objective));
  BodyParams rigid = person.truth, ceres = person.truth;  // of a shape that costs
  rigid.transl().x() += 0.3;
  ceres.transl().x() += 0.3;
  const SolverResult by_rigid = SolveRigid(objective, {100, 1e-12}, &rigid);
  const SolverResult by_ceres = SolveWithCeres(objective, {100, 1e-12}, &ceres);
  EXPECT_NEAR(by_rigid.cost, by_ceres.cost, 1e-8 * by_ceres.cost);
  EXPECT_NEAR(by_rigid.cost, objective.Cost(rigid), 1e-9 * by_rigid.cost);
}

// A shape that lifts the whole skeleton, the pelvis too: what turns, turns about where it is then.
TEST(RigidBackendTest, TurnsAboutThePelvisOfTheShape) {
  const BackendProblem plain;
  BodyModel lifted = *plain.body;
  for (int v = 0; v < lifted.num_vertices(); ++v) lifted.shapedirs(3 * v + 1, 1) += 0.2;
  const BackendProblem problem(std::make_shared<BodyModel>(lifted));
  BackendProblem::Person person = problem.MakePerson(4);
  person.start.betas()[1] = 1.5;
  Objective objective = problem.MakeTorso(person);
  BodyParams rigid = person.start, ceres = person.start;
  const SolverResult by_rigid = SolveRigid(objective, {100, 1e-12}, &rigid);
  SolveWithCeres(objective, {100, 1e-12}, &ceres);
  EXPECT_GT(RotationAngle(ExpSO3(rigid.rotation(0)), ExpSO3(person.start.rotation(0))), 0.05);
  EXPECT_NEAR(by_rigid.cost, objective.Cost(rigid), 1e-9 * by_rigid.cost);
  EXPECT_LT((rigid.rotation(0) - ceres.rotation(0)).norm(), 1e-4);
  EXPECT_LT((rigid.transl() - ceres.transl()).norm(), 1e-3);
}

TEST(RigidBackendTest, KnowsWhatIsRigid) {
  const BackendProblem problem;
  const BackendProblem::Person person = problem.MakePerson(4);
  EXPECT_TRUE(IsRigid(problem.MakeTorso(person)));
  EXPECT_FALSE(IsRigid(problem.MakeBody(person)));
  EXPECT_FALSE(IsRigid(Objective(problem.joints, problem.PlaceTerms(person),
                                 {0, 1, 2, 3, 82, 83, 84}, person.start)));
  EXPECT_FALSE(IsRigid(
      Objective(problem.joints, problem.AllTerms(person), {0, 1, 2, 82, 83, 84}, person.start)))
      << "a prior";
}

TEST(RigidBackendTest, AStartBehindTheCameraFailsAndStays) {
  const BackendProblem problem;
  const BackendProblem::Person person = problem.MakePerson(1);
  BodyParams behind = person.start;
  behind.transl().z() = -8;
  const BodyParams before = behind;
  EXPECT_EQ(SolveRigid(problem.MakeTorso(person), {}, &behind).termination, Termination::kFailed);
  EXPECT_EQ(behind.values(), before.values());
}

}  // namespace
}  // namespace gyre
