// SPDX-License-Identifier: Apache-2.0
#include "render/overlay.h"

#include <gtest/gtest.h>

#include <limits>
#include <numbers>
#include <opencv2/core.hpp>

#include "render/test_meshes.h"

namespace gyre {
namespace {

cv::Mat Grey(int width, int height) { return cv::Mat(height, width, CV_8UC3, cv::Scalar::all(90)); }

bool Touched(const cv::Mat& image, int x, int y) {
  return image.at<cv::Vec3b>(y, x) != cv::Vec3b(90, 90, 90);
}

// The rectangle of pixels that differ from the plain background.
cv::Rect TouchedRegion(const cv::Mat& image, const cv::Vec3b& background) {
  cv::Rect region;
  for (int y = 0; y < image.rows; ++y) {
    for (int x = 0; x < image.cols; ++x) {
      if (image.at<cv::Vec3b>(y, x) != background) region |= cv::Rect(x, y, 1, 1);
    }
  }
  return region;
}

TestMesh MakeBall(const Vec3& center, double radius) {
  TestMesh ball = MakeSphere(radius, 24);
  ball.vertices.rowwise() += center.transpose();
  return ball;
}

TEST(DrawBodyOverlay, DrawsWhereTheCameraSeesTheBody) {
  const Camera camera{800, {320, 240}};
  const TestMesh ball = MakeBall({0.4, -0.2, 4}, 0.1);
  const cv::Mat image = Grey(640, 480);
  const cv::Mat overlay = DrawBodyOverlay(image, ball.vertices, ball.faces, camera);
  EXPECT_EQ(overlay.size(), image.size());
  // Center at (400, 200), radius 20 px.
  const cv::Rect region = TouchedRegion(overlay, {90, 90, 90});
  EXPECT_NEAR(region.x, 380, 1);
  EXPECT_NEAR(region.x + region.width - 1, 420, 1);
  EXPECT_NEAR(region.y, 180, 1);
  EXPECT_NEAR(region.y + region.height - 1, 220, 1);
  EXPECT_EQ(cv::norm(image, Grey(640, 480), cv::NORM_INF), 0);  // the input stays as it is
}

TEST(DrawBodyOverlay, LeavesOutWhatTheCameraDoesNotSee) {
  const Camera camera{800, {320, 240}};
  for (const Vec3& center : {Vec3(0, 0, -4), Vec3(50, 0, 4), Vec3(0, -50, 4)}) {
    const TestMesh ball = MakeBall(center, 0.1);
    const cv::Mat overlay = DrawBodyOverlay(Grey(640, 480), ball.vertices, ball.faces, camera);
    EXPECT_EQ(cv::norm(overlay, Grey(640, 480), cv::NORM_INF), 0);
  }
  TestMesh lost = MakeBall({0, 0, 4}, 0.1);
  lost.vertices.setConstant(std::numeric_limits<double>::quiet_NaN());
  EXPECT_FALSE(Touched(DrawBodyOverlay(Grey(64, 48), lost.vertices, lost.faces, camera), 5, 5));
  // Around the camera: only its inner side could be seen, which is culled.
  const TestMesh around = MakeBall({0, 0, 0}, 3);
  EXPECT_NO_THROW(DrawBodyOverlay(Grey(64, 48), around.vertices, around.faces, camera));
}

TEST(DrawSkeleton, SidesHaveTheirColoursAndMissingJointsAreLeftOut) {
  const KeypointSet& set = FindKeypointSet("lsp14");
  Points2 points = Points2::Zero(14, 2);
  VecX confidence = VecX::Zero(14);
  const auto put = [&](const char* name, double x, double y) {
    points.row(set.IndexOf(name)) << x, y;
    confidence[set.IndexOf(name)] = 1;
  };
  put("Right Knee", 40, 100);
  put("Right Ankle", 40, 160);
  put("Left Knee", 120, 100);
  put("Left Ankle", 120, 160);
  put("Left Elbow", 60, 30);  // no neighbour: only its dot
  const cv::Mat image = DrawSkeleton(Grey(200, 200), points, confidence, set);
  const cv::Vec3b right = image.at<cv::Vec3b>(130, 40), left = image.at<cv::Vec3b>(130, 120);
  EXPECT_GT(right[2], right[0] + 100);  // red
  EXPECT_GT(left[0], left[2] + 100);    // blue
  EXPECT_TRUE(Touched(image, 60, 30));
  EXPECT_FALSE(Touched(image, 80, 100));  // nothing between the knees
  EXPECT_FALSE(Touched(image, 0, 0));     // where the missing joints would be
}

TEST(DrawSkeleton, DrawsEachSetAndSurvivesWildPoints) {
  for (std::string_view name : KeypointSetNames()) {
    const KeypointSet& set = FindKeypointSet(name);
    Points2 points(set.size(), 2);
    for (int i = 0; i < set.size(); ++i) points.row(i) << 10 + 37 * i % 180, 10 + 53 * i % 170;
    const cv::Mat image = DrawSkeleton(Grey(200, 200), points, VecX::Ones(set.size()), set);
    EXPECT_GT(TouchedRegion(image, {90, 90, 90}).area(), 150 * 150) << name;
    points.row(0).setConstant(std::numeric_limits<double>::quiet_NaN());
    points.row(1).setConstant(1e300);
    points.row(2).setConstant(-std::numeric_limits<double>::infinity());
    EXPECT_NO_THROW(DrawSkeleton(Grey(200, 200), points, VecX::Ones(set.size()), set)) << name;
    EXPECT_NO_THROW(DrawSkeleton(Grey(3, 2), points, VecX::Ones(set.size()), set)) << name;
  }
}

TEST(DrawSkeleton, UncertainJointsAreFaint) {
  const KeypointSet& set = FindKeypointSet("coco17");
  Points2 points = Points2::Constant(17, 2, 50);
  VecX confidence = VecX::Zero(17);
  const int nose = set.IndexOf("Nose");
  const auto strength = [&](double c) {
    confidence[nose] = c;
    return cv::norm(DrawSkeleton(Grey(100, 100), points, confidence, set), Grey(100, 100));
  };
  EXPECT_EQ(strength(0), 0);
  EXPECT_GT(strength(0.05), 0);
  EXPECT_LT(strength(0.05), 0.7 * strength(1));
}

TEST(RenderTurned, FillsThePictureFromEverySide) {
  TestMesh body = MakeSphere(1, 32);
  body.vertices.col(0) *= 0.6;  // wide
  body.vertices.col(2) *= 0.2;  // flat
  body.vertices.rowwise() += Eigen::RowVector3d(3, -7, 40);
  const cv::Mat front = RenderTurned(body.vertices, body.faces, {200, 200}, 0);
  const cv::Mat side = RenderTurned(body.vertices, body.faces, {200, 200}, std::numbers::pi / 2);
  const cv::Vec3b paper = front.at<cv::Vec3b>(0, 0);
  const cv::Rect front_region = TouchedRegion(front, paper),
                 side_region = TouchedRegion(side, paper);
  EXPECT_NEAR(front_region.height, 180, 3);
  EXPECT_NEAR(front_region.width, 0.6 * 180, 3);
  EXPECT_NEAR(side_region.height, 180, 3);
  EXPECT_NEAR(side_region.width, 0.2 * 180, 3);
  EXPECT_NEAR(front_region.x + front_region.width / 2.0, 100, 1.5);
  EXPECT_NEAR(side_region.y + side_region.height / 2.0, 100, 1.5);
}

TEST(ContactSheet, IsAGridWithCaptions) {
  const std::vector<cv::Mat> images = {Grey(100, 50), Grey(50, 100), Grey(20, 20)};
  const cv::Mat bare = ContactSheet(images, 2);
  EXPECT_EQ(bare.cols, 2 * 106 + 6);
  EXPECT_EQ(bare.rows, 2 * 106 + 6);
  const cv::Mat sheet = ContactSheet(images, 2, {"one", "two", std::string(500, 'x')});
  EXPECT_EQ(sheet.rows, bare.rows + 2 * 22);
  EXPECT_NE(cv::norm(sheet.rowRange(106, 128),
                     cv::Mat(22, sheet.cols, CV_8UC3, cv::Scalar::all(255)), cv::NORM_INF),
            0);
  EXPECT_EQ(ContactSheet({Grey(10, 10)}, 5).cols, 16 + 6);
  EXPECT_THROW(ContactSheet({}, 2), std::logic_error);
  EXPECT_THROW(ContactSheet(images, 2, {"one"}), std::logic_error);
}

}  // namespace
}  // namespace gyre
