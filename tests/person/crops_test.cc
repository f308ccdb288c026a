// SPDX-License-Identifier: Apache-2.0
#include "person/crops.h"

#include <gtest/gtest.h>

#include <numbers>

namespace gyre {
namespace {

TEST(Crops, ReferenceCameraIsSpinsWithoutAnother) {
  Person person;
  person.box = {Vec2(70.5, 40.25), 56};
  const Camera crop = ReferenceCamera(person), image = ImageCamera(person);
  EXPECT_EQ(crop.focal_px, 5000);
  EXPECT_LT((crop.center_px - Vec2(111.5, 111.5)).norm(), 1e-12);
  // A pixel of the image is four of the crop.
  EXPECT_NEAR(image.focal_px, 1250, 1e-9);
  EXPECT_LT((image.center_px - Vec2(70.5, 40.25)).norm(), 1e-9);
}

TEST(Crops, ReferenceCameraSeesTheCropAsTheImagesOwnSeesTheImage) {
  Person person;
  person.box = {Vec2(70.5, 40.25), 56};
  person.camera = Camera{900, Vec2(64.5, 31.75)};
  EXPECT_EQ(ImageCamera(person).focal_px, 900);
  const Camera crop = ReferenceCamera(person);
  EXPECT_NEAR(crop.focal_px, 3600, 1e-9);
  const Vec3 point(0.3, -0.2, 4.5);
  const Vec2 expected = CropMap(person.box, 224).CropFromImage(person.camera->Project(point));
  EXPECT_LT((crop.Project(point) - expected).norm(), 1e-9);
}

TEST(Crops, KeypointsFollowAndExchangeSides) {
  for (const char* name : {"spin49", "coco17"}) {
    const KeypointSet& set = FindKeypointSet(name);
    const int right = set.IndexOf("Right Wrist"), left = set.IndexOf("Left Wrist");
    Keypoints keypoints(set);
    keypoints.px.row(right) << 30, 40;
    keypoints.px.row(left) << 9, 9;  // of no meaning
    keypoints.confidence[right] = 0.5;
    const CropMap plain({Vec2(32, 32), 64}, 64), mirrored({Vec2(32, 32), 64}, 64, 0, true);
    EXPECT_EQ(KeypointsInCrop(keypoints, plain).confidence[right], 0.5);
    EXPECT_EQ(KeypointsInCrop(keypoints, plain).px(left, 0), 0);
    const Keypoints seen = KeypointsInCrop(keypoints, mirrored);
    EXPECT_EQ(seen.set, &set);
    EXPECT_EQ(seen.confidence[right], 0);
    EXPECT_EQ(seen.confidence[left], 0.5);
    EXPECT_NEAR(seen.px(left, 0), 63 - 29.5, 1e-12);  // x = 30 stands at 29.5 of the crop
    EXPECT_NEAR(seen.px(left, 1), 39.5, 1e-12);
    EXPECT_EQ(seen.px(right, 0), 0);
  }
}

TEST(Crops, JointsTurnAndExchangeSidesWithTheirConfidences) {
  const KeypointSet& set = FindKeypointSet("lsp14");
  const int right = set.IndexOf("Right Knee"), left = set.IndexOf("Left Knee");
  const int head = set.IndexOf("Top of Head (LSP)");
  SpaceJoints joints(set);
  joints.m.row(right) << 0.25, 0.5, 3;
  joints.m.row(left) << -0.125, 0.75, 3.5;
  joints.m.row(head) << 0.375, -1.5, 4;
  joints.confidence[right] = 0.3;
  joints.confidence[left] = 0.8;
  joints.confidence[head] = 0.1;
  SpaceJoints turned = joints;
  JointsInCrop(CropMap({Vec2(1, 2), 3}, 8, std::numbers::pi / 2), &turned);
  // The image is turned back by a quarter: x goes up, y to the right.
  EXPECT_LT((turned.m.row(right) - Eigen::RowVector3d(0.5, -0.25, 3)).norm(), 1e-12);
  EXPECT_EQ(turned.confidence, joints.confidence);
  SpaceJoints mirrored = joints;
  JointsInCrop(CropMap({Vec2(1, 2), 3}, 8, 0, /*flip=*/true), &mirrored);
  EXPECT_LT((mirrored.m.row(left) - Eigen::RowVector3d(-0.25, 0.5, 3)).norm(), 1e-12);
  EXPECT_LT((mirrored.m.row(right) - Eigen::RowVector3d(0.125, 0.75, 3.5)).norm(), 1e-12);
  EXPECT_LT((mirrored.m.row(head) - Eigen::RowVector3d(-0.375, -1.5, 4)).norm(), 1e-12);
  EXPECT_EQ(mirrored.confidence[left], 0.3);
  EXPECT_EQ(mirrored.confidence[right], 0.8);
  EXPECT_EQ(mirrored.confidence[head], 0.1);
}

}  // namespace
}  // namespace gyre
