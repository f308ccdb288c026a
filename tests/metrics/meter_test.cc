// SPDX-License-Identifier: Apache-2.0
#include "metrics/meter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "metrics/silhouette.h"

namespace gyre {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Meter, SummarisesAsNumpyDoes) {
  Meter meter;
  for (double value : {7.0, 1.0, 4.0, 2.0}) meter.Add(value);
  EXPECT_EQ(meter.count(), 4);
  EXPECT_DOUBLE_EQ(meter.Mean(), 3.5);
  EXPECT_DOUBLE_EQ(meter.Median(), 3);
  EXPECT_DOUBLE_EQ(meter.Percentile(0), 1);
  EXPECT_DOUBLE_EQ(meter.Percentile(90), 4 + 0.7 * 3);
  EXPECT_DOUBLE_EQ(meter.Percentile(100), 7);
  EXPECT_THROW(meter.Percentile(101), std::logic_error);
}

TEST(Meter, LeavesOutNaNAndCountsFailures) {
  Meter meter;
  meter.Add(VecX{{10, kNaN, kInfinity, 30}});
  EXPECT_EQ(meter.count(), 2);
  EXPECT_EQ(meter.failed(), 1);
  EXPECT_DOUBLE_EQ(meter.Mean(), 20);
  EXPECT_DOUBLE_EQ(meter.ShareBelow(20), 1.0 / 3);
  EXPECT_DOUBLE_EQ(meter.ShareBelow(1e9), 2.0 / 3);  // the failure never is a hit
}

TEST(Meter, OfNothingIsNaN) {
  const Meter meter;
  EXPECT_TRUE(std::isnan(meter.Mean()));
  EXPECT_TRUE(std::isnan(meter.Median()));
  EXPECT_TRUE(std::isnan(meter.ShareBelow(1)));
  EXPECT_TRUE(std::isnan(meter.AreaUnderCurve(AucThresholdsMm())));
}

TEST(Meter, MergesToTheSameAsOne) {
  Meter a, b, whole;
  for (int i = 0; i < 10; ++i) {
    (i < 4 ? a : b).Add(i * i);
    whole.Add(i * i);
  }
  b.Add(kInfinity);
  whole.Add(kInfinity);
  a.Merge(b);
  EXPECT_DOUBLE_EQ(a.Mean(), whole.Mean());
  EXPECT_DOUBLE_EQ(a.Percentile(37), whole.Percentile(37));
  EXPECT_EQ(a.failed(), 1);
}

TEST(Meter, AreaUnderCurveOf31Thresholds) {
  ASSERT_EQ(AucThresholdsMm().size(), 31);
  Meter zero, middle, beyond;
  zero.Add(0.0);
  middle.Add(72.0);  // below 75, 80, ..., 150: 16 of 31
  beyond.Add(150.0);
  EXPECT_DOUBLE_EQ(zero.AreaUnderCurve(AucThresholdsMm()), 30.0 / 31);
  EXPECT_DOUBLE_EQ(middle.AreaUnderCurve(AucThresholdsMm()), 16.0 / 31);
  EXPECT_DOUBLE_EQ(beyond.AreaUnderCurve(AucThresholdsMm()), 0);
}

TEST(MeanError, IsOfTheFiniteUnlessOneFailed) {
  EXPECT_DOUBLE_EQ(MeanError(VecX{{1, kNaN, 3}}), 2);
  EXPECT_EQ(MeanError(VecX{{1, kInfinity, 3}}), kInfinity);
  EXPECT_TRUE(std::isnan(MeanError(VecX{{kNaN}})));
  EXPECT_TRUE(std::isnan(MeanError(VecX(0))));
}

TEST(Silhouette, CountsByHand) {
  SilhouetteMeter meter;
  const std::vector<uint8_t> prediction = {1, 1, 0, 0, 1, 0};
  const std::vector<uint8_t> truth = {1, 0, 0, 1, 255, 255};
  meter.Add(prediction, truth);
  // An ignored pixel is right where the prediction is background, as in UP-3D's evaluation.
  EXPECT_DOUBLE_EQ(meter.Accuracy(), 3.0 / 6);
  EXPECT_DOUBLE_EQ(meter.F1(1), 2.0 / 4);
  EXPECT_DOUBLE_EQ(meter.F1(0), 2.0 / 4);
}

TEST(Silhouette, AccumulatesOverTheSetBeforeDividing) {
  // A large image without a fault and a tiny one wholly wrong: the mean of F1 per image would be
  // one half.
  SilhouetteMeter meter;
  std::vector<uint8_t> large(98, 1);
  meter.Add(large, large);
  meter.Add(std::vector<uint8_t>{0, 0}, std::vector<uint8_t>{1, 1});
  EXPECT_DOUBLE_EQ(meter.F1(1), 2 * 98.0 / (2 * 98 + 2));
  EXPECT_DOUBLE_EQ(meter.Accuracy(), 0.98);
  EXPECT_DOUBLE_EQ(meter.F1(0), 0);
  EXPECT_EQ(meter.images(), 2);
  SilhouetteMeter other;
  other.Add(std::vector<uint8_t>{1, 0, 0}, std::vector<uint8_t>{1, 1, 255});
  other.Merge(meter);
  EXPECT_DOUBLE_EQ(other.F1(1), 2 * 99.0 / (2 * 99 + 3));
  EXPECT_DOUBLE_EQ(other.Accuracy(), 100.0 / 103);
  EXPECT_EQ(other.images(), 3);
}

TEST(Silhouette, ClassesNeverSeenDontCount) {
  SilhouetteMeter meter(7);
  const std::vector<uint8_t> labels = {0, 3, 3, 6};
  EXPECT_TRUE(std::isnan(meter.MeanF1()));
  EXPECT_TRUE(std::isnan(meter.Accuracy()));
  meter.Add(labels, labels);
  EXPECT_DOUBLE_EQ(meter.MeanF1(), 1);
  EXPECT_TRUE(std::isnan(meter.F1(1)));
  EXPECT_THROW(meter.Add(std::vector<uint8_t>{7}, std::vector<uint8_t>{0}), std::logic_error);
  EXPECT_THROW(meter.Add(std::vector<uint8_t>{0}, labels), std::logic_error);
}

}  // namespace
}  // namespace gyre
