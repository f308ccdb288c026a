// SPDX-License-Identifier: Apache-2.0
#include "fitting/backends/sequence_solver.h"

#include <gtest/gtest.h>

#include "fitting/backends/backend_problem.h"
#include "fitting/backends/banded_sequence.h"
#include "fitting/backends/ceres_sequence.h"
#include "fitting/terms/acceleration.h"
#include "fitting/terms/autodiff_term.h"

namespace gyre {
namespace {

constexpr double kWeightPx = 90;

// Seven frames of one person who moves a little, seen with noise.
class SequenceSolverTest : public testing::Test {
 protected:
  explicit SequenceSolverTest(std::shared_ptr<const BodyModel> body = MakeStickBody(),
                              const KeypointSet& set = SpinJoints())
      : problem_(std::move(body), set), skeleton_(FoldedJoints::Skeleton(*problem_.body)) {
    BackendProblem::Person person = problem_.MakePerson(2);
    const BodyParams first = person.truth;
    Rng rng(7, RngStream::kTest);
    for (int i = 0; i < kFrames; ++i) {
      person.truth = first;
      person.truth.rotation(2) += 0.1 * i * Vec3(0.5, -0.2, 0.1);
      person.truth.transl() += 0.03 * i * Vec3(1, 0.2, -0.3);
      const Points3 joints = problem_.joints->Positions(person.truth);
      for (Observation& seen : person.observations) {
        const View& view = person.views[seen.view];
        const Vec3 point = view.rotation * joints.row(seen.joint).transpose() + view.translation;
        seen.point_px = view.camera.Project(point) + Vec2(rng.Normal(0, 2), rng.Normal(0, 2));
      }
      person.points[0].point = joints.row(5).transpose();
      person.start = Disturbed(person.truth, 0.1, i);
      people_.push_back(person);
    }
  }

  std::vector<BodyParams> Starts() const {
    std::vector<BodyParams> starts;
    for (const auto& person : people_) starts.push_back(person.start);
    return starts;
  }
  std::vector<Objective> Objectives(int held) const {
    std::vector<Objective> objectives;
    for (int i = held; i < kFrames; ++i) objectives.push_back(problem_.MakeBody(people_[i]));
    return objectives;
  }
  double CostOf(std::vector<Objective>& objectives, std::span<const BodyParams> at) const {
    const int held = kFrames - static_cast<int>(objectives.size());
    double cost = 0;
    for (int i = held; i < kFrames; ++i) cost += objectives[i - held].Cost(at[i]);
    for (int i = 1; i + 1 < kFrames; ++i) {
      const Points3 second = skeleton_.Positions(at[i - 1]) - 2 * skeleton_.Positions(at[i]) +
                             skeleton_.Positions(at[i + 1]);
      cost +=
          acceleration_.RowWeights().cwiseProduct(second.reshaped<Eigen::RowMajor>()).squaredNorm();
    }
    return cost;
  }
  // A minimum in every direction, whatever moves.
  void ExpectMinimum(std::vector<Objective>& objectives, bool shape_free,
                     std::span<const BodyParams> at) const {
    const int held = kFrames - static_cast<int>(objectives.size());
    const double here = CostOf(objectives, at);
    Rng rng(held, RngStream::kTest, 9);
    for (int direction = 0; direction < 20; ++direction) {
      std::vector<BodyParams> ahead(at.begin(), at.end()), behind = ahead;
      constexpr double kStep = 1e-3;
      VecX shape(at[0].num_shape());
      for (double& value : shape) value = shape_free ? kStep * rng.Normal() : 0;
      for (int i = held; i < kFrames; ++i) {
        VecX step(at[i].values().size());
        for (double& value : step) value = kStep * rng.Normal();
        step.segment(3 * at[i].num_joints(), shape.size()) = shape;
        ahead[i].values() += step;
        behind[i].values() -= step;
      }
      const double slope = CostOf(objectives, ahead) - CostOf(objectives, behind);
      const double rise = CostOf(objectives, ahead) + CostOf(objectives, behind) - 2 * here;
      EXPECT_GT(rise, 0);
      EXPECT_LT(std::abs(slope), 0.02 * rise) << held << shape_free;
    }
  }

  static constexpr int kFrames = 7;
  BackendProblem problem_;
  FoldedJoints skeleton_;
  AccelerationTerm acceleration_{kWeightPx, VecX::LinSpaced(problem_.body->num_joints(), 0.6, 1.5)};
  std::vector<BackendProblem::Person> people_;
};

TEST_F(SequenceSolverTest, BandedLandsWhereCeresLands) {
  for (const int held : {0, 1, 2}) {
    for (const bool shape_free : {false, true}) {
      std::vector<Objective> objectives = Objectives(held);
      const MotionWindow window{skeleton_, objectives, {{&acceleration_}}, shape_free, held};
      ASSERT_TRUE(IsBanded(window));
      std::vector<BodyParams> early = Starts(), banded = Starts(), ceres = Starts();
      const double early_cost = SolveSequence(window, FitBackend::kFused, {5, 1e-12}, early).cost;
      const SolverResult by_banded =
          SolveSequence(window, FitBackend::kFused, {200, 1e-12}, banded);
      const SolverResult by_ceres = SolveSequence(window, FitBackend::kCeres, {200, 1e-12}, ceres);
      EXPECT_EQ(by_banded.termination, Termination::kConverged);
      EXPECT_EQ(by_ceres.termination, Termination::kConverged);
      EXPECT_LT(early_cost, 1.1 * by_banded.cost) << "few steps are enough, rightly curved";
      EXPECT_NEAR(by_banded.cost, by_ceres.cost, 1e-7 * by_ceres.cost) << held << shape_free;
      EXPECT_NEAR(by_banded.cost, CostOf(objectives, banded), 1e-9 * by_banded.cost);
      EXPECT_NEAR(by_ceres.cost, CostOf(objectives, ceres), 1e-9 * by_ceres.cost);
      ExpectMinimum(objectives, shape_free, banded);
      ExpectMinimum(objectives, shape_free, ceres);
      for (int i = 0; i < kFrames; ++i) {
        EXPECT_LT((banded[i].values() - ceres[i].values()).norm(), 0.02) << held << shape_free << i;
        if (i < held) {
          EXPECT_EQ(banded[i].values(), people_[i].start.values());
          EXPECT_EQ(ceres[i].values(), people_[i].start.values());
        } else {
          EXPECT_EQ(ceres[i].shape() == people_[held].start.shape(), !shape_free);
          EXPECT_EQ(banded[i].shape(), banded[held].shape());
          EXPECT_EQ(ceres[i].shape(), ceres[held].shape());
        }
      }
    }
  }
}

TEST_F(SequenceSolverTest, WithoutMotionFramesShareTheShapeAlone) {
  std::vector<Objective> objectives = Objectives(0);
  const MotionWindow window{skeleton_, objectives, {}, /*shape_free=*/true, 0};
  std::vector<BodyParams> banded = Starts(), ceres = Starts();
  const SolverResult by_banded = SolveSequence(window, FitBackend::kFused, {200, 1e-12}, banded);
  const SolverResult by_ceres = SolveSequence(window, FitBackend::kCeres, {200, 1e-12}, ceres);
  EXPECT_NEAR(by_banded.cost, by_ceres.cost, 1e-7 * by_ceres.cost);
  double cost = 0;
  for (int i = 0; i < kFrames; ++i) cost += objectives[i].Cost(ceres[i]);
  EXPECT_NEAR(by_ceres.cost, cost, 1e-9 * cost);
}

TEST_F(SequenceSolverTest, AStartWithoutValueFailsAndStays) {
  std::vector<Objective> objectives = Objectives(0);
  const MotionWindow window{skeleton_, objectives, {{&acceleration_}}, true, 0};
  for (const FitBackend backend : {FitBackend::kFused, FitBackend::kCeres}) {
    std::vector<BodyParams> frames = Starts();
    frames[4].transl().z() = -8;  // behind the camera
    const BodyParams before = frames[3];
    EXPECT_EQ(SolveSequence(window, backend, {}, frames).termination, Termination::kFailed);
    EXPECT_EQ(frames[3].pose(), before.pose());
  }
}

// Neighbouring frames' first shape parameters' worth of knees, as a new term of motion would be.
struct Slow {
  template <typename T>
  bool operator()(std::span<const AutodiffFrame<T>> frames, T* residuals) const {
    for (int i = 0; i < 3; ++i) {
      residuals[i] = 40.0 * (frames[1].params[12 + i] - frames[0].params[12 + i]);
      residuals[i + 3] = 25.0 * (frames[1].joints[i] - frames[0].joints[i]);
    }
    return true;
  }
};

// At every place, or at one.
TEST_F(SequenceSolverTest, ANewTermOfMotionGoesThroughBothSolvers) {
  const AutodiffTerm slow("slow", 1, 6, {0}, Slow(), /*num_frames=*/2);
  for (const int first : {-1, 0, 4}) {
    std::vector<Objective> objectives = Objectives(1);
    const MotionWindow window{skeleton_, objectives, {{&acceleration_}, {&slow, first}}, true, 1};
    ASSERT_TRUE(IsBanded(window));
    const MotionWindow plain{skeleton_, objectives, {{&acceleration_}}, true, 1};
    std::vector<BodyParams> without = Starts();
    SolveSequence(plain, FitBackend::kFused, {200, 1e-12}, without);
    double costs[2];
    for (const FitBackend backend : {FitBackend::kFused, FitBackend::kCeres}) {
      std::vector<BodyParams> frames = Starts();
      const SolverResult result = SolveSequence(window, backend, {200, 1e-12}, frames);
      EXPECT_EQ(result.termination, Termination::kConverged);
      double cost = CostOf(objectives, frames);
      for (int i = 0; i + 1 < kFrames; ++i) {
        if (first >= 0 && i != first) continue;
        cost += 1600 * (frames[i + 1].rotation(4) - frames[i].rotation(4)).squaredNorm();
        cost += 625 *
                (skeleton_.Positions(frames[i + 1]).row(0) - skeleton_.Positions(frames[i]).row(0))
                    .squaredNorm();
      }
      EXPECT_NEAR(result.cost, cost, 1e-9 * cost);
      costs[backend == FitBackend::kCeres] = cost;
      if (first >= 0) continue;
      EXPECT_LT((frames[6].rotation(4) - frames[1].rotation(4)).norm(),
                (without[6].rotation(4) - without[1].rotation(4)).norm());
    }
    EXPECT_NEAR(costs[0], costs[1], 1e-7 * costs[1]) << first;
  }
}

class TwelveJointSequence : public SequenceSolverTest {
 protected:
  TwelveJointSequence() : SequenceSolverTest(MakeTwelveJointBody(), Seen()) {}
  static const KeypointSet& Seen() {
    static const KeypointSet set{
        "seen",
        {"SMPL Pelvis", "SMPL L_Hip", "SMPL R_Hip", "SMPL L_Knee", "SMPL R_Knee", "SMPL L_Ankle",
         "SMPL R_Ankle", "SMPL Neck", "SMPL L_Shoulder", "SMPL R_Shoulder", "SMPL L_Elbow",
         "SMPL R_Elbow"}};
    return set;
  }
};

TEST_F(TwelveJointSequence, GoesThroughCeres) {
  for (const int held : {0, 2}) {
    std::vector<Objective> objectives = Objectives(held);
    const MotionWindow window{skeleton_, objectives, {{&acceleration_}}, true, held};
    EXPECT_FALSE(IsBanded(window));
    std::vector<BodyParams> frames = Starts();
    const SolverResult result = SolveSequence(window, FitBackend::kFused, {200, 1e-12}, frames);
    EXPECT_EQ(result.termination, Termination::kConverged);
    EXPECT_NEAR(result.cost, CostOf(objectives, frames), 1e-9 * result.cost);
    ExpectMinimum(objectives, true, frames);
  }
}

}  // namespace
}  // namespace gyre
