// SPDX-License-Identifier: Apache-2.0
#include "loop/evaluation/body_velocity.h"

#include <gtest/gtest.h>

#include "body/test_body.h"
#include "core/so3.h"
#include "evaluation/known_people.h"

namespace gyre {
namespace {

// Who stands still, said to come nearer by 30 mm a frame and to turn about the vertical.
class BodyVelocityTest : public testing::Test {
 protected:
  Person Frame(int64_t track, int64_t frame) const {
    Person person = Stranger();
    person.params = BodyParams(*body_->layout);
    person.params->transl() = Vec3(0.3, -0.1, 4);
    person.track = track;
    person.frame = frame;
    return person;
  }
  BodyParams Said(int64_t frame, double turn_rad) const {
    BodyParams said(*body_->layout);
    said.rotation(0) = Vec3(0, turn_rad, 0);
    said.transl() = Vec3(0.1, 0, 5 - 0.03 * static_cast<double>(frame));
    return said;
  }

  static void SetUpTestSuite() {
    body_ = std::make_shared<BodyModel>(MakeRandomBody(5));
    evaluation_ = std::make_shared<EvaluationBody>(*body_);
  }
  static void TearDownTestSuite() { evaluation_.reset(), body_.reset(); }

  static std::shared_ptr<const BodyModel> body_;
  static std::shared_ptr<const EvaluationBody> evaluation_;
};

std::shared_ptr<const BodyModel> BodyVelocityTest::body_;
std::shared_ptr<const EvaluationBody> BodyVelocityTest::evaluation_;

TEST_F(BodyVelocityTest, WhereSomebodyIsDoesNotCount) {
  BodyVelocity velocity(*evaluation_);
  for (const int64_t frame : {3, 4, 5}) velocity.Add(Frame(7, frame), 0, Said(frame, 0));
  ASSERT_EQ(velocity.errors_mm().count(), 2);
  EXPECT_NEAR(velocity.errors_mm().Mean(), 0, 1e-6);
}

TEST_F(BodyVelocityTest, ATurnMovesEachJointByItsDistanceFromTheAxis) {
  BodyVelocity velocity(*evaluation_);
  constexpr double kTurn = 0.02;
  velocity.Add(Frame(7, 3), 0, Said(3, 0));
  velocity.Add(Frame(7, 4), 0, Said(4, kTurn));
  const ClipFrame frame = *ClipFrameOf(Frame(7, 3), Said(3, 0), *evaluation_);
  ASSERT_EQ(frame.said.rows(), 14);
  EXPECT_EQ(frame.clip, 7);
  EXPECT_EQ(frame.frame, 3);
  // The middle of two hips turns on itself; a joint goes 2 sin(turn / 2) times as far as it is off.
  double mean_m = 0;
  for (int j = 0; j < 14; ++j) {
    const Vec3 off = frame.said.row(j).transpose() - frame.said_root;
    mean_m += 2 * std::sin(kTurn / 2) * std::hypot(off.x(), off.z()) / 14;
  }
  EXPECT_NEAR(velocity.errors_mm().Mean(), 1000 * mean_m, 1e-6);
  EXPECT_GT(mean_m, 0.003);
}

TEST_F(BodyVelocityTest, OnlyFramesOfATrackThatFollowEachOther) {
  BodyVelocity velocity(*evaluation_);
  const auto add = [&](int64_t track, int64_t frame, int set_idx) {
    velocity.Add(Frame(track, frame), set_idx, Said(frame, 0.1 * static_cast<double>(frame)));
  };
  add(7, 3, 0);
  add(2, 4, 0);   // another track
  add(7, 4, 1);   // and set
  add(-1, 4, 0);  // nobody's
  EXPECT_EQ(velocity.errors_mm().count(), 0);
  add(7, 4, 0);  // whoever came between
  EXPECT_EQ(velocity.errors_mm().count(), 1);
  add(7, 6, 0);  // behind a gap
  EXPECT_EQ(velocity.errors_mm().count(), 1);
  add(7, 7, 0);
  EXPECT_EQ(velocity.errors_mm().count(), 2);
}

// Joints in space alone are as good as a body; without both nothing is known.
TEST_F(BodyVelocityTest, JointsInSpaceAreTruthToo) {
  Person person = Frame(7, 3);
  const Points3 joints = evaluation_->Joints(*person.params);
  SpaceJoints known(SpaceSetOf(SpinJoints()));
  known.m = joints.middleRows(25, known.size());
  known.confidence.setOnes();
  const ClipFrame of_body = *ClipFrameOf(person, Said(3, 0), *evaluation_);
  person.params.reset();
  EXPECT_FALSE(ClipFrameOf(person, Said(3, 0), *evaluation_).has_value());
  person.joints3d = known;
  const ClipFrame of_joints = *ClipFrameOf(person, Said(3, 0), *evaluation_);
  EXPECT_LT((of_joints.truth - of_body.truth).cwiseAbs().maxCoeff(), 1e-9);
  EXPECT_LT((of_joints.root - of_body.root).norm(), 1e-9);
}

}  // namespace
}  // namespace gyre
