// SPDX-License-Identifier: Apache-2.0
#include "datasets/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gyre {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Person WithPoint(const char* joint, double x, double y) {
  Person person;
  person.index = 17;
  person.box = {Vec2(40, 20), 60};
  const int i = person.keypoints.set->IndexOf(joint);
  person.keypoints.px.row(i) << x, y;
  person.keypoints.confidence[i] = 0.5;
  return person;
}

std::vector<RowProblem> ProblemsAt(double x, double y) {
  const ImageBuffer picture{90, 40, 3, {}};
  return CheckPerson(WithPoint("Left Knee", x, y), &picture, {.outside_share = 0.25});
}

// A quarter of the box is 15 px: beyond pixels 0 to 89 across, 0 to 39 down.
TEST(CheckPerson, EveryEdgeOfThePictureCounts) {
  for (const auto& [x, y] : {std::pair(-15.0, 20.0), {104.0, 20.0}, {50.0, -15.0}, {50.0, 54.0}}) {
    EXPECT_TRUE(ProblemsAt(x, y).empty()) << x << " " << y;
  }
  for (const auto& [x, y] : {std::pair(-15.5, 20.0), {104.5, 20.0}, {50.0, -15.5}, {50.0, 54.5}}) {
    const std::vector<RowProblem> problems = ProblemsAt(x, y);
    ASSERT_EQ(problems.size(), 1u) << x << " " << y;
    EXPECT_EQ(problems[0].row, 17);
    EXPECT_THAT(problems[0].problem, AllOf(HasSubstr("Left Knee"), HasSubstr("90 x 40")));
  }
}

TEST(CheckPerson, BoxesAndAnnotationsAreMissed) {
  Person person = WithPoint("Nose", 3, 4);
  EXPECT_TRUE(CheckPerson(person, nullptr, {}).empty());
  person.non_finite = 2;
  person.keypoints.confidence.setZero();
  std::vector<RowProblem> problems = CheckPerson(person, nullptr, {});
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_THAT(problems[0].problem, HasSubstr("2 values"));
  EXPECT_THAT(problems[1].problem, HasSubstr("nothing is annotated"));
  person.box = {};
  problems = CheckPerson(person, nullptr, {});
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_THAT(problems[1].problem, HasSubstr("box has no size"));
}

// Shoulders 20 px wide to the one side and hips to the other: both must be wider than 8 % of the
// box's 100 px.
TEST(CheckPerson, OppositeSidesAreSuspected) {
  const auto suspected = [](double right_hip_x, bool openpose) {
    Person person;
    person.box = {Vec2(50, 50), 100};
    const auto put = [&](const std::string& joint, double x) {
      const std::string name = openpose ? "OP " + joint : joint;
      const int i = person.keypoints.set->IndexOf(name);
      person.keypoints.px.row(i) << x, 40;
      person.keypoints.confidence[i] = 0.75;
    };
    put(openpose ? "RShoulder" : "Right Shoulder", 30);
    put(openpose ? "LShoulder" : "Left Shoulder", 50);
    put(openpose ? "RHip" : "Right Hip", right_hip_x);
    put(openpose ? "LHip" : "Left Hip", 40);
    return !CheckPerson(person, nullptr, {.sides = true}).empty();
  };
  for (const bool openpose : {false, true}) {
    EXPECT_TRUE(suspected(48.5, openpose));
    EXPECT_FALSE(suspected(47.5, openpose));  // narrow
    EXPECT_FALSE(suspected(20, openpose));    // the same way
  }
}

}  // namespace
}  // namespace gyre
