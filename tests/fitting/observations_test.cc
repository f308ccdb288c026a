// SPDX-License-Identifier: Apache-2.0
#include "fitting/observations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "body/kinematics.h"
#include "fitting/test_problems.h"

namespace gyre {
namespace {

using testing::ElementsAre;

class ObservationsTest : public testing::Test {
 protected:
  ObservationsTest() {
    problem_.camera = {1000, {320, 240}};
    problem_.pixel_scale = 0.5;
  }

  static int Row(const char* joint) { return SpinJoints().IndexOf(joint); }
  static void See(PersonKeypoints* camera, const char* joint, double confidence, double x,
                  double y) {
    camera->confidence[Row(joint)] = confidence;
    camera->keypoints_px.row(Row(joint)) << x, y;
  }
  KeypointRules Rules() const { return KeypointRules(options_, *body_, SpinJoints()); }
  Observations Compile() const { return Rules().Compile(problem_); }
  // The names of the joints that observations explain.
  template <class T>
  std::vector<std::string> Names(const std::vector<T>& observations) const {
    const KeypointSet set = Rules().distinct_joints();
    std::vector<std::string> names;
    for (const T& one : observations) names.emplace_back(set.joints[one.joint]);
    return names;
  }

  FitOptions options_;
  FitProblem problem_;
  const std::shared_ptr<const BodyModel> body_ = MakeStickBody();
};

TEST_F(ObservationsTest, EveryJointOfTheBodyStandsOnce) {
  const KeypointRules rules = Rules();
  EXPECT_EQ(rules.DistinctOf(Row("Left Wrist")), rules.DistinctOf(Row("OP LWrist")));
  EXPECT_NE(rules.DistinctOf(Row("Right Hip")), rules.DistinctOf(Row("OP RHip")));
  EXPECT_EQ(rules.distinct_joints().joints[rules.DistinctOf(Row("Left Eye"))], "OP LEye");
  EXPECT_EQ(rules.distinct_joints().size(), 49 - 10 - 5);  // limbs' joints, and the face
  BodyModel bare = *body_;
  bare.landmark_vertices.fill(-1);
  const KeypointRules without(options_, bare, SpinJoints());
  EXPECT_EQ(without.DistinctOf(Row("OP Nose")), -1);
  EXPECT_EQ(without.distinct_joints().size(), 34 - 11);
}

TEST_F(ObservationsTest, TwoObservationsOfOneJointBecomeTheirMeanBySquaredWeight) {
  See(&problem_, "OP LWrist", 0.8, 10, 20);
  See(&problem_, "Left Wrist", 0.4, 14, 23);
  const std::vector<Observation> merged = Compile().body;
  ASSERT_EQ(merged.size(), 1);
  EXPECT_NEAR(merged[0].point_px.x(), (0.64 * 10 + 0.16 * 14) / 0.8, 1e-12);
  EXPECT_NEAR(merged[0].point_px.y(), (0.64 * 20 + 0.16 * 23) / 0.8, 1e-12);
  EXPECT_NEAR(merged[0].weight, std::sqrt(0.8), 1e-12);

  See(&problem_, "Left Wrist", 0.4, 10 + 19.9, 20);  // 10 reference pixels are 20 of the camera
  EXPECT_EQ(Compile().body.size(), 1);
  See(&problem_, "Left Wrist", 0.4, 10 + 20.1, 20);
  const std::vector<Observation> apart = Compile().body;
  ASSERT_EQ(apart.size(), 2);
  EXPECT_EQ(apart[0].weight, 0.8);
  EXPECT_EQ(apart[1].weight, 0.4);
  EXPECT_EQ(apart[1].point_px.x(), 30.1);
  See(&problem_, "Left Wrist", 0.4, 14, 23);
  options_.merge_duplicate_joints = false;
  EXPECT_EQ(Compile().body.size(), 2);
}

TEST_F(ObservationsTest, PointsInSpaceAreWeightedAndMergedHoweverFar) {
  problem_.points3D.setZero(49, 3);
  problem_.points3D_confidence.setZero(49);
  problem_.points3D_confidence[Row("OP LWrist")] = 0.9;
  problem_.points3D.row(Row("OP LWrist")) << 1, 2, 3;
  problem_.points3D_confidence[Row("Left Wrist")] = 0.3;
  problem_.points3D.row(Row("Left Wrist")) << 2, 2, 5;
  problem_.points3D_confidence[Row("OP Neck")] = 0.5;  // ignored
  problem_.points3D_confidence[Row("Right Hip")] = 0.7;
  options_.point_weight = 200;
  const Observations compiled = Compile();
  EXPECT_THAT(Names(compiled.body_points), ElementsAre("OP LWrist", "Right Hip"));
  EXPECT_NEAR((compiled.body_points[0].point - Vec3(1.1, 2, 3.2)).norm(), 0, 1e-12);
  EXPECT_NEAR(compiled.body_points[0].weight, 200 * std::sqrt(0.9), 1e-9);
  EXPECT_NEAR(compiled.body_points[1].weight, 140, 1e-9);
  // One joint of the torso is seen, so that its stage takes all.
  EXPECT_EQ(compiled.torso_points.size(), 2);
  options_.torso_fallback = false;
  EXPECT_THAT(Names(Compile().torso_points), ElementsAre("Right Hip"));
}

TEST_F(ObservationsTest, TheTorsoStageTakesHipsAndShouldersByConfidence) {
  See(&problem_, "OP RHip", 0.5, 1, 2);
  See(&problem_, "Right Hip", 0.25, 3, 4);
  See(&problem_, "Left Shoulder", 0.75, 5, 6);
  See(&problem_, "OP LAnkle", 0.9, 7, 8);
  EXPECT_THAT(Names(Compile().torso),
              ElementsAre("OP RHip", "OP LAnkle", "Right Hip", "OP LShoulder"))
      << "two of its joints only: all that is seen";
  See(&problem_, "OP LHip", 0.6, 9, 10);
  const Observations compiled = Compile();
  EXPECT_THAT(Names(compiled.torso),
              ElementsAre("OP RHip", "OP LHip", "Right Hip", "OP LShoulder"));
  EXPECT_EQ(compiled.torso[2].weight, 0.25);
  EXPECT_EQ(compiled.torso[2].point_px, Vec2(3, 4));
  EXPECT_EQ(compiled.body.size(), 5);
}

TEST_F(ObservationsTest, SpinsTorsoIsFourJointsSeenOrNot) {
  options_ = FitOptions::Spin();
  for (const char* joint : {"OP RHip", "OP LHip", "OP RShoulder"}) See(&problem_, joint, 0.3, 1, 2);
  const std::vector<Observation> superset = Compile().torso;
  EXPECT_THAT(Names(superset),
              ElementsAre("Right Hip", "Left Hip", "OP RShoulder", "OP LShoulder"));
  for (const Observation& one : superset) EXPECT_EQ(one.weight, 1);
  See(&problem_, "OP LShoulder", 0.01, 1, 2);
  EXPECT_THAT(Names(Compile().torso),
              ElementsAre("OP RHip", "OP LHip", "OP RShoulder", "OP LShoulder"));
}

TEST_F(ObservationsTest, IgnoredJointsAreNotExplained) {
  See(&problem_, "OP Neck", 0.5, 1, 2);
  See(&problem_, "OP Nose", 0.6, 3, 4);
  EXPECT_THAT(Names(Compile().body), ElementsAre("OP Nose"));
  options_.ignored_joints = {"OP Nose"};
  EXPECT_THAT(Names(Compile().body), ElementsAre("OP Neck"));
}

TEST_F(ObservationsTest, CamerasAreNumbered) {
  See(&problem_, "OP LWrist", 0.8, 10, 20);
  FitView blind, view;
  view.camera = {800, {100, 50}};
  view.pixel_scale = 2;
  view.translation = {1, 2, 3};
  See(&view, "OP LWrist", 0.7, 11, 21);
  See(&view, "OP RWrist", 0.6, 12, 22);
  problem_.views = {blind, view};
  const Observations compiled = Compile();
  ASSERT_EQ(compiled.views.size(), 3);
  EXPECT_EQ(compiled.views[0].pixel_scale, 0.5);
  EXPECT_EQ(compiled.views[2].camera.focal_px, 800);
  EXPECT_EQ(compiled.views[2].pixel_scale, 2);
  EXPECT_EQ(compiled.views[2].translation, Vec3(1, 2, 3));
  ASSERT_EQ(compiled.body.size(), 3);
  EXPECT_EQ(compiled.body[0].view, 0);
  EXPECT_EQ(compiled.body[1].view, 2);
  EXPECT_EQ(compiled.body[2].view, 2);
  EXPECT_EQ(compiled.body[2].weight, 0.7);  // OpenPose's order: right before left
}

TEST_F(ObservationsTest, JointsSeenAreCountedOnce) {
  See(&problem_, "OP LWrist", 0.8, 10, 20);
  See(&problem_, "Left Wrist", 0.4, 14, 23);
  See(&problem_, "OP Neck", 0.4, 14, 23);
  FitView view;
  See(&view, "OP LWrist", 0.8, 10, 20);
  See(&view, "OP LKnee", 0.1, 10, 20);
  problem_.views = {view};
  problem_.points3D.setZero(49, 3);
  problem_.points3D_confidence.setZero(49);
  problem_.points3D_confidence[Row("Right Hip")] = 0.7;
  EXPECT_EQ(Rules().CountObserved(problem_), 3);
  options_.merge_duplicate_joints = false;
  EXPECT_EQ(Rules().CountObserved(problem_), 4);
}

TEST_F(ObservationsTest, ErrorsArePixelsOfTheFirstCamera) {
  const KeypointRules rules = Rules();
  BodyParams params(*body_->layout);
  params.transl().z() = 6;
  const FoldedJoints folded(*body_, rules.distinct_joints());
  const Points3 joints = folded.Positions(params);
  const auto see_off = [&](const char* joint, double confidence, const Vec2& offset) {
    const Vec2 pixel =
        problem_.camera.Project(joints.row(rules.DistinctOf(Row(joint))).transpose());
    See(&problem_, joint, confidence, pixel.x() + offset.x(), pixel.y() + offset.y());
  };
  see_off("OP RKnee", 0.5, {3, -4});
  see_off("Left Ankle", 0.25, {0, 12});
  see_off("OP Neck", 0.75, {8, 6});
  const VecX errors = rules.Errors(problem_, joints);
  EXPECT_NEAR(errors[Row("OP RKnee")], 5, 1e-9);
  EXPECT_NEAR(errors[Row("Left Ankle")], 12, 1e-9);
  EXPECT_NEAR(errors[Row("OP Neck")], 10, 1e-9);
  EXPECT_EQ((errors.array() == errors.array()).count(), 3);

  // SPIN's: reference pixels, half as large; the neck is ignored.
  const auto gm = [](double e) { return 1e4 * e * e / (1e4 + e * e); };
  EXPECT_NEAR(rules.SpinScore(problem_, joints), (0.25 * (gm(1.5) + gm(2)) + 0.0625 * gm(6)) / 49,
              1e-9);
}

}  // namespace
}  // namespace gyre
