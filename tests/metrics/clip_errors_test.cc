// SPDX-License-Identifier: Apache-2.0
#include "metrics/clip_errors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace gyre {
namespace {

// Three joints about a root at the first.
Points3 Triangle(double size) {
  Points3 points(3, 3);
  points << 0, 0, 0, size, 0, 0, 0, 2 * size, 0;
  return points;
}

// What is said is off by `shift`, whose root is said too, and larger by `scale`.
ClipFrame Frame(int64_t clip, int64_t frame, const Vec3& shift, double scale) {
  ClipFrame f;
  f.clip = clip;
  f.frame = frame;
  f.root = Vec3(1, 2, 3 + 0.1 * static_cast<double>(frame));
  f.truth = Triangle(0.3).rowwise() + f.root.transpose();
  f.said = Triangle(0.3 * scale).rowwise() + shift.transpose();
  f.said_root = shift;
  f.visibility = VecX::Ones(3);
  return f;
}

double ValueOf(const std::vector<MetricResult>& results, const std::string& key) {
  const auto found = std::ranges::find(results, key, &MetricResult::key);
  EXPECT_NE(found, results.end()) << key;
  return found->value;
}

TEST(ClipErrorsTest, AShiftOfAllCountsOnlyWhereNothingIsCentred) {
  const auto results = ClipErrors({Frame(0, 0, Vec3(0, 0.05, 0), 1)});
  EXPECT_NEAR(ValueOf(results, "mpjpe_mm"), 0, 1e-9);
  EXPECT_NEAR(ValueOf(results, "mpjpe_raw_mm"), 50, 1e-9);
  EXPECT_NEAR(ValueOf(results, "pa_mpjpe_mm"), 0, 1e-6);
  EXPECT_TRUE(std::isnan(ValueOf(results, "mpjve_mm")));  // a frame alone does not move
}

TEST(ClipErrorsTest, AScaleIsTakenOutByName) {
  const auto results = ClipErrors({Frame(0, 0, Vec3::Zero(), 1.2)});
  EXPECT_NEAR(ValueOf(results, "mpjpe_mm"), (0 + 60 + 120) / 3.0, 1e-9);
  EXPECT_NEAR(ValueOf(results, "mpjpe_raw_mm"), 60, 1e-9);
  EXPECT_NEAR(ValueOf(results, "n_mpjpe_mm"), 0, 1e-9);
  EXPECT_NEAR(ValueOf(results, "n_mpjpe_raw_mm"), 0, 1e-9);
  // A shift that scaling cannot undo: least squares over three points.
  const auto shifted = ClipErrors({Frame(0, 0, Vec3(0, 0, 0.1), 1)});
  const double a = (0.3 * 0.3 + 0.6 * 0.6) / (0.3 * 0.3 + 0.6 * 0.6 + 3 * 0.01);
  const double first = a * 0.1, second = std::hypot((1 - a) * 0.3, a * 0.1),
               third = std::hypot((1 - a) * 0.6, a * 0.1);
  EXPECT_NEAR(ValueOf(shifted, "n_mpjpe_raw_mm"), 1000 * (first + second + third) / 3, 1e-9);
}

TEST(ClipErrorsTest, VelocitiesAreOfFramesThatFollowEachOther) {
  // Shifts that go 0, 10, 40 mm in one clip, in any order; a gap, and another clip.
  const auto results = ClipErrors({Frame(4, 2, Vec3(0.04, 0, 0), 1), Frame(4, 0, Vec3::Zero(), 1),
                                   Frame(4, 1, Vec3(0.01, 0, 0), 1), Frame(4, 9, Vec3(7, 0, 0), 1),
                                   Frame(5, 3, Vec3::Zero(), 1)});
  EXPECT_NEAR(ValueOf(results, "mpjve_raw_mm"), (10 + 30) / 2.0, 1e-9);
  EXPECT_NEAR(ValueOf(results, "mpjve_mm"), 0, 1e-9);
  EXPECT_EQ(std::ranges::find(results, "mpjve_mm", &MetricResult::key)->count, 2);
}

// 60 mm of a joint's 300 and 120 of another's 600 come within a frame: 0, 60 and 120 of three.
TEST(ClipErrorsTest, VelocityOfTwoFramesIsAboutTheRoot) {
  const ClipFrame before = Frame(4, 0, Vec3(0.04, 0, 7), 1),
                  after = Frame(4, 1, Vec3(3, 0, 1), 1.2);
  EXPECT_NEAR(VelocityErrorMm(before, after), (0 + 60 + 120) / 3.0, 1e-9);
  EXPECT_NEAR(ValueOf(ClipErrors({after, before}), "mpjve_mm"), 60, 1e-9);
}

TEST(ClipErrorsTest, FramesWithoutARootAndPointsThatAreNotSeenDontCount) {
  ClipFrame without = Frame(0, 0, Vec3(0, 9, 0), 1);
  without.root.setConstant(std::numeric_limits<double>::quiet_NaN());
  ClipFrame unseen = Frame(0, 1, Vec3::Zero(), 1);
  unseen.said.row(2) << 5, 5, 5;
  unseen.visibility[2] = 0;
  const auto results = ClipErrors({without, unseen});
  EXPECT_NEAR(ValueOf(results, "mpjpe_mm"), 0, 1e-9);
  EXPECT_EQ(results[0].count, 1);
}

}  // namespace
}  // namespace gyre
