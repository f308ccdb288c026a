// SPDX-License-Identifier: Apache-2.0
#include "render/close_up.h"

#include <gtest/gtest.h>

#include <opencv2/core.hpp>
#include <vector>

namespace gyre {
namespace {

// A face before the camera's right half and a right hand; the left hand is missing.
struct FaceAndHand {
  FaceAndHand() {
    layout.joints = {"Pelvis", "R_Wrist", "Jaw", "L_Eye", "R_Eye", "R_Middle1", "R_Middle2"};
    joints.resize(7, 3);
    joints << 0, 0, 3, -0.5, 0.2, 2.5, 0.1, -0.6, 3, 0.13, -0.66, 3, 0.07, -0.66, 3,  //
        -0.56, 0.26, 2.5, -0.62, 0.32, 2.5;
  }
  BodyLayout layout;
  Points3 joints;
  Camera camera{600, {320, 240}};
};

TEST(CloseUp, AreAroundFaceAndHandsThatThereAre) {
  FaceAndHand of;
  const std::vector<Box> boxes = CloseUpBoxes(of.layout, of.joints, of.camera, {640, 480});
  ASSERT_EQ(boxes.size(), 2u);
  EXPECT_NEAR(boxes[0].center_px.x(), 340, 1e-9);  // the mean of jaw and eyes
  EXPECT_NEAR(boxes[0].center_px.y(), 112, 1e-9);
  EXPECT_NEAR(boxes[0].side_px, 60, 1e-9);
  EXPECT_NEAR(boxes[1].center_px.x(), 185.6, 1e-9);
  EXPECT_NEAR(boxes[1].center_px.y(), 302.4, 1e-9);
  EXPECT_NEAR(boxes[1].side_px, 57.6, 1e-9);
}

TEST(CloseUp, NotOfWhatIsOutOfThePictureOrBehindTheCamera) {
  FaceAndHand of;
  const auto boxes = [&](cv::Size size) {
    return CloseUpBoxes(of.layout, of.joints, of.camera, size);
  };
  EXPECT_EQ(boxes({341, 480}).size(), 2u);
  ASSERT_EQ(boxes({340, 480}).size(), 1u);  // its last column is 339
  EXPECT_NEAR(boxes({340, 480})[0].side_px, 57.6, 1e-9);
  EXPECT_EQ(boxes({640, 303}).size(), 1u);
  of.joints.col(2).array() -= 2.8;
  EXPECT_EQ(boxes({100000, 100000}).size(), 0u);  // the face is 0.2 m away, outside to the top
  of.joints.col(2).array() -= 2;
  EXPECT_EQ(boxes({100000, 100000}).size(), 0u);
}

TEST(CloseUp, CutOutsAreWhereTheirCameraSeesThem) {
  const Box box{{30, 20}, 10};
  cv::Mat picture(80, 100, CV_8UC3, cv::Scalar::all(90));
  picture.at<cv::Vec3b>(21, 32) = {10, 20, 250};
  const cv::Mat cut = CutOut(picture, box, 55);  // 5.5 pixels of one
  ASSERT_EQ(cut.size(), cv::Size(55, 55));
  const Points2 place = InCutOut(Points2(Eigen::RowVector2d(32, 21)), box, 55);
  EXPECT_NEAR(place(0, 0), 38, 1e-9);
  EXPECT_NEAR(place(0, 1), 32.5, 1e-9);
  EXPECT_GT(cut.at<cv::Vec3b>(32, 38)[2], 200);
  EXPECT_LT(cut.at<cv::Vec3b>(32, 38)[0], 40);
  // Alike to both sides of (38, 32.5).
  EXPECT_NEAR(cut.at<cv::Vec3b>(30, 38)[2], cut.at<cv::Vec3b>(35, 38)[2], 5);
  EXPECT_NEAR(cut.at<cv::Vec3b>(32, 36)[2], cut.at<cv::Vec3b>(32, 40)[2], 5);
  EXPECT_GT(cut.at<cv::Vec3b>(30, 38)[2], 120);
  EXPECT_EQ(cut.at<cv::Vec3b>(25, 38), cv::Vec3b(90, 90, 90));
  const Camera camera = InCutOut(Camera{600, {320, 240}}, box, 55);
  EXPECT_NEAR(camera.focal_px, 3300, 1e-9);
  EXPECT_NEAR(camera.center_px.x(), 5.5 * 290 + 27, 1e-9);
  EXPECT_NEAR(camera.center_px.y(), 5.5 * 220 + 27, 1e-9);
  // Beyond the picture there is paper.
  EXPECT_EQ(CutOut(picture, {{0, 40}, 20}, 40).at<cv::Vec3b>(20, 5), cv::Vec3b(255, 255, 255));
}

TEST(CloseUp, ColumnsHaveRoomForThree) {
  const cv::Mat picture(80, 100, CV_8UC3, cv::Scalar::all(90));
  const std::vector<Box> boxes = {{{30, 20}, 10}, {{60, 50}, 20}};
  std::vector<double> sides;
  const cv::Mat column =
      CloseUpColumn(picture, boxes, 92, [&](const Box& box, int size_px, cv::Mat* cut) {
        EXPECT_EQ(size_px, 30);
        sides.push_back(box.side_px);
        cut->setTo(cv::Scalar::all(box.side_px));
      });
  EXPECT_EQ(sides, (std::vector<double>{10, 20}));
  ASSERT_EQ(column.size(), cv::Size(30, 90));
  EXPECT_EQ(column.at<cv::Vec3b>(29, 29), cv::Vec3b(10, 10, 10));
  EXPECT_EQ(column.at<cv::Vec3b>(30, 0), cv::Vec3b(20, 20, 20));
  EXPECT_EQ(column.at<cv::Vec3b>(60, 15), cv::Vec3b(255, 255, 255));
}

}  // namespace
}  // namespace gyre
