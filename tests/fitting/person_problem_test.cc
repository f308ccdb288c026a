// SPDX-License-Identifier: Apache-2.0
#include "fitting/person_problem.h"

#include <gtest/gtest.h>

namespace gyre {
namespace {

// From (100, 40) to (160, 240): a box of 1.2 times 200 px around (130, 140).
Keypoints ThreeKeypoints() {
  Keypoints keypoints(FindKeypointSet("coco17"));
  keypoints.px.row(0) << 130, 40;
  keypoints.px.row(9) << 100, 150;
  keypoints.px.row(16) << 160, 240;
  for (const int i : {0, 9, 16}) keypoints.confidence[i] = 0.25 * (1 + i % 3);
  keypoints.px.row(3) << 900, 900;  // not observed
  return keypoints;
}

TEST(PersonProblem, BoxCameraAndProblemComeTogether) {
  const Camera camera{700, {319.5, 200}};
  const PersonProblem person = ProblemOf(ThreeKeypoints(), camera);
  EXPECT_EQ(person.box.center_px, Vec2(130, 140));
  EXPECT_DOUBLE_EQ(person.box.side_px, 240);
  EXPECT_EQ(person.problem.camera.focal_px, 700);
  EXPECT_EQ(person.problem.camera.center_px, Vec2(319.5, 200));
  EXPECT_DOUBLE_EQ(person.problem.pixel_scale, 224.0 / 240);
  EXPECT_EQ(person.problem.keypoints_px.rows(), 17);
  EXPECT_EQ(person.problem.keypoints_px.row(9), Eigen::RowVector2d(100, 150));
  EXPECT_EQ(person.problem.confidence[9], 0.25);
  EXPECT_FALSE(person.problem.has_start);
}

// 5000 px in the crop of 224, seen where the crop is: 5000 * 240 / 224 px about the box' middle.
TEST(PersonProblem, WithoutACameraItIsSpins) {
  const FitProblem problem = ProblemOf(ThreeKeypoints()).problem;
  EXPECT_NEAR(problem.camera.focal_px, 5000 * 240.0 / 224, 1e-9);
  EXPECT_NEAR(problem.camera.center_px.x(), 130, 0.6);
  EXPECT_NEAR(problem.camera.center_px.y(), 140, 0.6);
}

// The same rays in the crop as in the image.
TEST(PersonProblem, CropAndImageSeeTheSame) {
  Person person;
  person.keypoints = ThreeKeypoints();
  person.camera = Camera{700, {319.5, 200}};
  person.box = {Vec2(131, 139), 250};
  const FitProblem image = ProblemInImage(person), crop = ProblemInCrop(person);
  EXPECT_EQ(crop.pixel_scale, 1);
  for (const int i : {0, 9, 16}) {
    const auto ray = [i](const FitProblem& problem) -> Vec2 {
      return (problem.keypoints_px.row(i).transpose() - problem.camera.center_px) /
             problem.camera.focal_px;
    };
    EXPECT_LT((ray(image) - ray(crop)).norm(), 1e-12) << i;
  }
  EXPECT_NEAR(crop.camera.focal_px, 700 * 224 / 250.0, 1e-9);
}

TEST(PersonProblem, NobodyHasNoBox) {
  const PersonProblem nobody = ProblemOf(Keypoints(FindKeypointSet("coco17")));
  EXPECT_EQ(nobody.box.side_px, 0);
  EXPECT_EQ(nobody.problem.pixel_scale, 1);
  EXPECT_EQ(nobody.problem.confidence.sum(), 0);
}

}  // namespace
}  // namespace gyre
