// SPDX-License-Identifier: Apache-2.0
#include "metrics/errors.h"

#include <gtest/gtest.h>

#include <Eigen/Geometry>
#include <cmath>
#include <limits>

#include "core/rng.h"
#include "core/so3.h"
#include "metrics/meter.h"

namespace gyre {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Points3 RandomPoints(int n, Rng& rng) {
  Points3 points(n, 3);
  for (double& value : points.reshaped()) value = rng.Normal();
  return points;
}

double Mean(const Points3& p, const Points3& g, Alignment alignment, const Roots& roots = {}) {
  return MeanError(PointErrors(p, g, VecX::Ones(g.rows()), alignment, roots));
}

TEST(PointErrors, OfHandMadePoints) {
  Points3 truth(3, 3), prediction(3, 3);
  truth << 0, 0, 0, 1, 0, 0, 0, 2, 0;
  prediction << 0, 0, 1, 1, 3, 5, 0, 2, 1;
  const VecX none = PointErrors(prediction, truth, VecX::Ones(3), Alignment::kNone);
  EXPECT_DOUBLE_EQ(none[0], 1);
  EXPECT_DOUBLE_EQ(none[1], std::sqrt(34));
  EXPECT_DOUBLE_EQ(none[2], 1);
  const VecX root = PointErrors(prediction, truth, VecX::Ones(3), Alignment::kRoot,
                                {prediction.row(0), truth.row(0)});
  EXPECT_DOUBLE_EQ(root[0], 0);
  EXPECT_DOUBLE_EQ(root[1], 5);
  EXPECT_DOUBLE_EQ(root[2], 0);
}

TEST(PointErrors, KnownPerturbationGivesTheKnownNumber) {
  // All of eight points but the root move by 30 along x: MPJPE 30 * 7 / 8.
  Rng rng(1, RngStream::kTest);
  const Points3 truth = RandomPoints(8, rng);
  Points3 moved = truth;
  moved.bottomRows(7).col(0).array() += 30;
  EXPECT_NEAR(Mean(moved, truth, Alignment::kRoot, {moved.row(0), truth.row(0)}), 30 * 7 / 8.0,
              1e-12);
  // Procrustes of a square whose corners move out and in by d in turn keeps those errors.
  Points3 square(4, 3), wobbly(4, 3);
  square << 1, 0, 0, 0, 1, 0, -1, 0, 0, 0, -1, 0;
  wobbly << 1, 0, 0.1, 0, 1, -0.1, -1, 0, 0.1, 0, -1, -0.1;
  const double scale = 4 / (4 + 4 * 0.01);  // <g, p> / <p, p>
  EXPECT_NEAR(Mean(wobbly, square, Alignment::kProcrustes), std::hypot(scale - 1, 0.1 * scale),
              1e-12);
}

TEST(PointErrors, TruthGivesZero) {
  Rng rng(2, RngStream::kTest);
  const Points3 truth = RandomPoints(14, rng);
  const Roots roots{truth.row(3), truth.row(3)};
  for (Alignment alignment :
       {Alignment::kNone, Alignment::kRoot, Alignment::kRootScale, Alignment::kProcrustes}) {
    EXPECT_NEAR(Mean(truth, truth, alignment, roots), 0, 1e-12) << EnumName(alignment);
  }
}

TEST(PointErrors, EachAlignmentForgivesWhatItSays) {
  Rng rng(3, RngStream::kTest);
  const Points3 truth = RandomPoints(14, rng);
  const Points3 guess = truth + 0.1 * RandomPoints(14, rng);
  const Mat3 rotation = ExpSO3(Vec3(0.4, -1.1, 2.0));
  const Points3 shifted = guess.rowwise() + Eigen::RowVector3d(3, -2, 5);
  const Points3 scaled = ((guess.rowwise() - guess.row(0)) * 1.7).rowwise() + guess.row(0);
  const Points3 similar =
      (1.7 * guess * rotation.transpose()).rowwise() + Eigen::RowVector3d(3, -2, 5);
  const auto error = [&](const Points3& p, Alignment alignment) {
    return Mean(p, truth, alignment, {p.row(0), truth.row(0)});
  };
  using enum Alignment;
  EXPECT_NEAR(error(shifted, kRoot), error(guess, kRoot), 1e-12);
  EXPECT_NEAR(error(scaled, kRootScale), error(guess, kRootScale), 1e-12);
  EXPECT_NEAR(error(similar, kProcrustes), error(guess, kProcrustes), 1e-12);
  // And nothing more.
  EXPECT_GT(error(shifted, kNone), error(guess, kNone) + 1);
  EXPECT_GT(error(scaled, kRoot), error(guess, kRoot) + 0.1);
  EXPECT_GT(error(similar, kRootScale), error(guess, kRootScale) + 0.1);
  Points3 mirrored = guess;
  mirrored.col(0) *= -1;
  EXPECT_GT(error(mirrored, kProcrustes), error(guess, kProcrustes) + 0.1);
}

TEST(PointErrors, ProcrustesIsNeverWorseInSquaresThanRoot) {
  Rng rng(4, RngStream::kTest);
  for (int trial = 0; trial < 50; ++trial) {
    const Points3 truth = RandomPoints(14, rng), guess = RandomPoints(14, rng);
    const VecX ones = VecX::Ones(14);
    const VecX aligned = PointErrors(guess, truth, ones, Alignment::kProcrustes);
    const VecX rooted =
        PointErrors(guess, truth, ones, Alignment::kRoot, {guess.row(0), truth.row(0)});
    EXPECT_LE(aligned.squaredNorm(), rooted.squaredNorm() + 1e-9);
  }
}

TEST(PointErrors, MissingJointsTakeNoPart) {
  Rng rng(5, RngStream::kTest);
  Points3 truth = RandomPoints(14, rng), guess = truth + 0.1 * RandomPoints(14, rng);
  const VecX whole =
      PointErrors(guess.topRows(12), truth.topRows(12), VecX::Ones(12), Alignment::kProcrustes);
  VecX visibility = VecX::Ones(14);
  visibility[12] = 0;
  guess.row(12).setConstant(1e6);  // means nothing
  truth.row(13).setConstant(kNaN);
  const VecX errors = PointErrors(guess, truth, visibility, Alignment::kProcrustes);
  EXPECT_TRUE(errors.head(12).isApprox(whole, 1e-12));
  EXPECT_TRUE(std::isnan(errors[12]));
  EXPECT_TRUE(std::isnan(errors[13]));
  EXPECT_NEAR(MeanError(errors), whole.mean(), 1e-12);
}

TEST(PointErrors, APredictionThatIsNotFiniteHasFailed) {
  Rng rng(6, RngStream::kTest);
  const Points3 truth = RandomPoints(5, rng);
  Points3 guess = truth;
  guess(2, 1) = kNaN;
  for (Alignment alignment : {Alignment::kNone, Alignment::kProcrustes}) {
    const VecX errors = PointErrors(guess, truth, VecX::Ones(5), alignment);
    EXPECT_EQ(errors[2], kInfinity);
    EXPECT_NEAR(errors[0], 0, 1e-12);
    EXPECT_EQ(MeanError(errors), kInfinity);
  }
  const VecX lost_root = PointErrors(truth, truth, VecX::Ones(5), Alignment::kRoot,
                                     {Vec3::Constant(kNaN), truth.row(0)});
  EXPECT_TRUE((lost_root.array() == kInfinity).all());
  const VecX no_root = PointErrors(truth, truth, VecX::Ones(5), Alignment::kRoot,
                                   {truth.row(0), Vec3::Constant(kNaN)});
  EXPECT_TRUE(no_root.array().isNaN().all());
}

TEST(PointErrors, OfNothingAndOfOnePoint) {
  for (Alignment alignment : {Alignment::kRootScale, Alignment::kProcrustes}) {
    EXPECT_EQ(PointErrors(Points3(0, 3), Points3(0, 3), VecX(0), alignment).size(), 0);
    const Points3 zero = Points3::Zero(1, 3), one = Points3::Ones(1, 3);
    EXPECT_TRUE(PointErrors(zero, one, VecX::Zero(1), alignment).array().isNaN().all());
    EXPECT_TRUE(PointErrors(zero, one, VecX::Ones(1), alignment).allFinite());
  }
  EXPECT_THROW(PointErrors(Points3(2, 3), Points3(3, 3), VecX(3), Alignment::kNone),
               std::logic_error);
}

// Roots off the origin, in prediction and truth: (p - p_root) = (1, 2, 2), (0, 0, 4) and (g -
// g_root) = (2, 4, 4), (3, 0, 8), so that the best scale is (2 + 8 + 8 + 32) / (9 + 16) = 2.
TEST(PointErrors, TheBestScaleIsThatOfPointsAboutTheirRoots) {
  Points3 prediction(2, 3), truth(2, 3);
  prediction << 11, -3, 9, 10, -5, 11;
  truth << -2, 7, 5, -1, 3, 9;
  const Roots roots{{10, -5, 7}, {-4, 3, 1}};
  const VecX scaled =
      PointErrors(prediction, truth, VecX::Constant(2, 0.5), Alignment::kRootScale, roots);
  EXPECT_NEAR(scaled[0], 0, 1e-12);
  EXPECT_NEAR(scaled[1], 3, 1e-12);
  const VecX rooted =
      PointErrors(prediction, truth, VecX::Constant(2, 0.5), Alignment::kRoot, roots);
  EXPECT_NEAR(rooted[0], 3, 1e-12);
  EXPECT_NEAR(rooted[1], 5, 1e-12);
}

TEST(PointErrors, InTheImage) {
  Points2 prediction(4, 2), truth(4, 2);
  prediction << 13, -1, 5, 5, 100, 7, kNaN, 2;
  truth << 10, 3, 5, 5, kNaN, 7, 1, 2;
  const VecX errors = PointErrors(prediction, truth, VecX{{0.25, 0, 1, 0.75}});
  EXPECT_EQ(errors[0], 5);
  EXPECT_TRUE(std::isnan(errors[1]));
  EXPECT_TRUE(std::isnan(errors[2]));
  EXPECT_EQ(errors[3], kInfinity);
}

TEST(AlignmentName, SaysWhatIsForgiven) {
  EXPECT_STREQ(EnumName(Alignment::kNone), "none");
  EXPECT_STREQ(EnumName(Alignment::kRoot), "root");
  EXPECT_STREQ(EnumName(Alignment::kRootScale), "root and scale");
  EXPECT_STREQ(EnumName(Alignment::kProcrustes), "Procrustes");
}

// Four frames of two points: the truth moves too, and no two steps are alike.
struct Motion {
  std::vector<Points3> truth, moving;
  RowMatX visible = RowMatX::Constant(4, 2, 0.5);

  Motion() {
    const double truth_x[] = {0, 1, 3, 10}, moving_x[] = {2, 7, 4, -5};
    const double truth_y[] = {1, -1, 2, 0}, moving_y[] = {0, 0, 6, 1};
    for (int t = 0; t < 4; ++t) {
      truth.emplace_back(2, 3);
      truth.back() << truth_x[t], 5, 0, 0, truth_y[t], 9;
      moving.emplace_back(2, 3);
      moving.back() << moving_x[t], 3, 1, 7, moving_y[t], 4;
    }
  }
  VecX Errors(int order) const { return MotionErrors(moving, truth, visible, order); }
};

TEST(MotionErrors, AreOfStepsAndOfTheirChanges) {
  const Motion motion;
  // Steps of x: 5, -3, -9 against 1, 2, 7; of y: 0, 6, -5 against -2, 3, -2.
  EXPECT_EQ(motion.Errors(1), (VecX{{4, 2, 5, 3, 16, 3}}));
  // Their changes: -8, -6 against 1, 5; and 6, -11 against 5, -5.
  EXPECT_EQ(motion.Errors(2), (VecX{{9, 1, 11, 6}}));
  EXPECT_THROW(motion.Errors(3), std::logic_error);
}

// A point that is hidden in one frame has no error wherever that frame takes part, and only there.
TEST(MotionErrors, CountPointsThatAreVisibleInEachOfTheirFrames) {
  for (int hidden = 0; hidden < 4; ++hidden) {
    Motion motion;
    motion.visible(hidden, 1) = 0;
    for (const int order : {1, 2}) {
      const VecX errors = motion.Errors(order);
      for (int t = 0; t + order < 4; ++t) {
        const bool takes_part = t <= hidden && hidden <= t + order;
        EXPECT_EQ(std::isnan(errors[2 * t + 1]), takes_part)
            << "frame " << hidden << " hidden, order " << order << " from " << t;
        EXPECT_FALSE(std::isnan(errors[2 * t]));
      }
    }
  }
}

TEST(MotionErrors, AreThoseOfDifferences) {
  // One point still, one that should rest but moves evenly, one that accelerates by 2 a frame^2.
  std::vector<Points3> truth(4, Points3::Zero(3, 3)), moving(4, Points3::Zero(3, 3));
  for (int t = 0; t < 4; ++t) {
    moving[t].row(1) << 3 * t, 4 * t, 0;
    moving[t].row(2) << 0, 0, t * t;
  }
  RowMatX visible = RowMatX::Ones(4, 3);
  const VecX velocity = MotionErrors(moving, truth, visible, 1);
  ASSERT_EQ(velocity.size(), 9);
  EXPECT_DOUBLE_EQ(velocity[0], 0);
  EXPECT_DOUBLE_EQ(velocity[1], 5);
  EXPECT_DOUBLE_EQ(velocity[2], 1);
  EXPECT_DOUBLE_EQ(velocity[8], 5);
  const VecX acceleration = MotionErrors(moving, truth, visible, 2);
  ASSERT_EQ(acceleration.size(), 6);
  EXPECT_DOUBLE_EQ(acceleration[1], 0);
  EXPECT_DOUBLE_EQ(acceleration[2], 2);
  visible(0, 2) = 0;
  EXPECT_TRUE(std::isnan(MotionErrors(moving, truth, visible, 2)[2]));
  EXPECT_DOUBLE_EQ(MotionErrors(moving, truth, visible, 2)[5], 2);
  EXPECT_EQ(
      MotionErrors(std::span(moving).first(2), std::span(truth).first(2), visible.topRows(2), 2)
          .size(),
      0);
}

}  // namespace
}  // namespace gyre
