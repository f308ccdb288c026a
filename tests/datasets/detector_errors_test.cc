// SPDX-License-Identifier: Apache-2.0
#include "datasets/scenes/detector_errors.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace gyre {
namespace {

// SPIN's 49 on a slanted line, BODY_25 all along it and the superset beside it once more, in a box of
// 448 px: a pixel at 224 px is two of them.
Person OnALine(int64_t index) {
  Person person;
  person.index = index;
  person.box = {{300, 200}, 448};
  for (int i = 0; i < person.keypoints.size(); ++i) {
    person.keypoints.px.row(i) << 200 + 3.5 * (i % 25), 40 + 7.25 * (i % 25);
    person.keypoints.confidence[i] = 1;
  }
  return person;
}

DetectorErrors Exact() {
  DetectorErrors errors;
  errors.sigma_min_px = errors.sigma_max_px = 1e-3;
  errors.gross_share = errors.missing_share = errors.cut_share = errors.covered_share = 0;
  errors.exchanged_arms = errors.exchanged_legs = errors.exchanged_all = 0;
  errors.annotated_share = 1;
  errors.sets = {"lsp14"};
  return errors;
}

TEST(DetectorErrorsTest, OneSetIsFoundAndTheSameAgain) {
  Person person = OnALine(3), again = OnALine(3), other = OnALine(4);
  Detect(Exact(), 7, &person);
  EXPECT_EQ(person.keypoints.NumObserved(), 14);
  EXPECT_TRUE(person.keypoints.Observed(SpinJoints().IndexOf("Right Ankle")));
  EXPECT_FALSE(person.keypoints.Observed(SpinJoints().IndexOf("OP RAnkle")));
  for (int i = 0; i < person.keypoints.size(); ++i) {
    if (!person.keypoints.Observed(i)) continue;
    EXPECT_LT((person.keypoints.px.row(i) - OnALine(3).keypoints.px.row(i)).norm(), 0.05);
    EXPECT_EQ(person.keypoints.confidence[i], 1);
  }
  Detect(Exact(), 7, &again);
  Detect(Exact(), 7, &other);
  EXPECT_EQ(again.keypoints.px, person.keypoints.px);
  EXPECT_NE(other.keypoints.px, person.keypoints.px);
  EXPECT_LT(person.box.side_px, 448) << "around what was found";
}

// A hip's noise is 0.107 / 0.079 of a shoulder's, a wrist's 0.062 / 0.079; annotators have half.
TEST(DetectorErrorsTest, NoiseIsByJoint) {
  DetectorErrors errors = Exact();
  errors.sigma_min_px = errors.sigma_max_px = 4;
  errors.tail_share = 0;
  errors.annotated_share = 0;
  const auto rms = [&](const char* joint) {
    const int i = SpinJoints().IndexOf(joint);
    double sum = 0;
    for (int64_t k = 0; k < 4000; ++k) {
      Person person = OnALine(k);
      Detect(errors, 1, &person);
      sum += (person.keypoints.px.row(i) - OnALine(k).keypoints.px.row(i)).squaredNorm() / 2;
    }
    return std::sqrt(sum / 4000);
  };
  EXPECT_NEAR(rms("Left Shoulder"), 8, 0.25);
  EXPECT_NEAR(rms("Left Wrist"), 8 * 0.062 / 0.079, 0.25);
  errors.annotated_share = 1;
  EXPECT_NEAR(rms("Right Hip"), 4 * 0.107 / 0.079, 0.25);
}

// Confidences fall with the error: 0.25 + 0.7 e^-1 at 20 px.
TEST(DetectorErrorsTest, ConfidencesKnowPartOfTheError) {
  DetectorErrors errors = Exact();
  errors.annotated_share = errors.confidence_noise = 0;
  Person person = OnALine(0);
  Detect(errors, 1, &person);
  const int ankle = SpinJoints().IndexOf("Right Ankle");
  EXPECT_NEAR(person.keypoints.confidence[ankle], 0.95, 1e-3);
  errors.sigma_min_px = errors.sigma_max_px = 20;
  errors.tail_share = 0;
  person = OnALine(0);
  Detect(errors, 1, &person);
  const double off_px =
      (person.keypoints.px.row(ankle) - OnALine(0).keypoints.px.row(ankle)).norm() / 2;
  EXPECT_NEAR(person.keypoints.confidence[ankle], 0.25 + 0.7 * std::exp(-off_px / 20), 1e-12);
}

TEST(DetectorErrorsTest, SidesAreExchangedWithTheirConfidences) {
  DetectorErrors errors = Exact();
  errors.annotated_share = 0;
  errors.exchanged_legs = 1;
  Person person = OnALine(2);
  Detect(errors, 1, &person);
  const KeypointSet& set = SpinJoints();
  const auto at = [&](const char* joint) { return person.keypoints.px.row(set.IndexOf(joint)); };
  const auto was = [&](const char* joint) {
    return OnALine(2).keypoints.px.row(set.IndexOf(joint)).eval();
  };
  EXPECT_LT((at("Right Knee") - was("Left Knee")).norm(), 0.1);
  EXPECT_LT((at("Right Wrist") - was("Right Wrist")).norm(), 0.1);
  EXPECT_GT(person.keypoints.confidence[set.IndexOf("Right Knee")], 0.6) << "and is sure of it";
}

TEST(DetectorErrorsTest, AnEdgeCutsPeople) {
  DetectorErrors errors = Exact();
  errors.sets = {"body25"};
  errors.cut_share = 1;
  errors.cut_most = 0.5;
  int fewer = 0;
  for (int64_t k = 0; k < 50; ++k) {
    Person person = OnALine(k);
    Detect(errors, 1, &person);
    EXPECT_GE(person.keypoints.NumObserved(), 12) << "half of 25";
    fewer += person.keypoints.NumObserved() < 25;
  }
  EXPECT_EQ(fewer, 50);
}

TEST(DetectorErrorsTest, WrongOptionsAreNamed) {
  DetectorErrors errors;
  errors.gross_share = 1.5;
  EXPECT_THROW(errors.Check(), UserError);
  errors = {};
  errors.sets = {"body26"};
  EXPECT_THROW(errors.Check(), UserError);
  errors = {};
  errors.sigma_min_px = 9;
  EXPECT_THROW(errors.Check(), UserError);
}

}  // namespace
}  // namespace gyre
