// SPDX-License-Identifier: Apache-2.0
#include "io/camera_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/io_test_util.h"

namespace gyre {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

void ExpectIsFirst(const Lens& lens) {
  EXPECT_EQ(lens.fx, 812.5);
  EXPECT_EQ(lens.fy, 801.25);
  EXPECT_EQ(lens.skew, 0);
  EXPECT_EQ(lens.center_px, Vec2(321, 243.5));
  EXPECT_THAT(lens.distortion, ElementsAre(-0.25, 0.0625, 0.001, -0.002, 0.5));
  EXPECT_FALSE(lens.fisheye);
  EXPECT_EQ(lens.width, 640);
  EXPECT_EQ(lens.height, 480);
}

constexpr const char* kOpenCvYaml = R"(%YAML:1.0
---
calibration_time: "Sun Nov  1 10:00:00 2026"
image_width: 640
image_height: 480
camera_matrix: !!opencv-matrix
   rows: 3
   cols: 3
   dt: d
   data: [ 812.5, 0., 3.21e+02, 0., 801.25, 243.5, 0., 0., 1. ]
distortion_coefficients: !!opencv-matrix
   rows: 5
   cols: 1
   dt: d
   data: [ -0.25, 0.0625, 1.0e-03, -2.0e-03, 0.5 ]
avg_reprojection_error: 2.1e-01
)";

TEST(CameraFile, ReadsOpenCvsYaml) {
  const auto cameras = ParseCameraFile(kOpenCvYaml, ".yml", "a.yml");
  ASSERT_EQ(cameras.size(), 1);
  EXPECT_EQ(cameras[0].name, "");
  ExpectIsFirst(cameras[0].lens);
}

// Without OpenCV's first lines and types, its keys as ROS and Python's yaml write them.
TEST(CameraFile, ReadsTheYamlOfOthers) {
  const auto ros = ParseCameraFile(R"(image_width: 640
image_height: 480
camera_name: head
camera_matrix:
  rows: 3
  cols: 3
  data: [812.5, 0.0, 321.0, 0.0, 801.25, 243.5, 0.0, 0.0, 1.0]
distortion_model: plumb_bob
distortion_coefficients:
  rows: 1
  cols: 5
  data: [-0.25, 0.0625, 0.001, -0.002, 0.5]
)",
                                   ".yaml", "a.yaml");
  ASSERT_EQ(ros.size(), 1);
  EXPECT_EQ(ros[0].name, "head");
  ExpectIsFirst(ros[0].lens);
  const auto lists = ParseCameraFile(
      "mtx:\n- - 812.5\n  - 0.0\n  - 321.0\n- - 0.0\n  - 801.25\n  - 243.5\n- - 0.0\n  - 0.0\n  - "
      "1.0\ndist:\n- - -0.25\n  - 0.0625\n  - 0.001\n  - -0.002\n  - 0.5\nsize: [640, 480]\n",
      ".yml", "a.yml");
  ASSERT_EQ(lists.size(), 1);
  ExpectIsFirst(lists[0].lens);
}

TEST(CameraFile, ReadsJson) {
  const auto opencv = ParseCameraFile(
      R"({"image_width":640,"image_height":480,"camera_matrix":{"type_id":"opencv-matrix","rows":3,)"
      R"("cols":3,"dt":"d","data":[812.5,0,321,0,801.25,243.5,0,0,1]},"distortion_coefficients":)"
      R"({"type_id":"opencv-matrix","rows":1,"cols":5,"dt":"d","data":[-0.25,0.0625,0.001,-0.002,)"
      R"(0.5]}})",
      ".JSON", "a.json");
  ASSERT_EQ(opencv.size(), 1);
  ExpectIsFirst(opencv[0].lens);
  const auto by_picture = ParseCameraFile(
      R"({"b/2.jpg":{"fx":812.5,"fy":801.25,"cx":321,"cy":243.5,"D":[-0.25,0.0625,0.001,-0.002,0.5],)"
      R"("width":640,"height":480},"a.jpg":{"K":[[500,0,9],[0,501,8],[0,0,1]]}})",
      ".json", "a.json");
  ASSERT_EQ(by_picture.size(), 2);
  EXPECT_EQ(by_picture[0].name, "a.jpg");
  EXPECT_EQ(by_picture[0].lens.center_px, Vec2(9, 8));
  EXPECT_EQ(by_picture[0].lens.width, 0);
  EXPECT_EQ(by_picture[1].name, "b/2.jpg");
  ExpectIsFirst(by_picture[1].lens);
}

TEST(CameraFile, ReadsPose2SimsCalibration) {
  const auto cameras = ParseCameraFile(R"([cam_01]
name = "cam_01"
size = [ 640.0, 480.0]
matrix = [ [ 812.5, 0.0, 321.0], [ 0.0, 801.25, 243.5], [ 0.0, 0.0, 1.0]]
distortions = [ -0.25, 0.0625, 0.001,
                -0.002, 0.5,]   # k1 k2 p1 p2 k3
rotation = [ 1.2, -0.8, 0.75]
translation = [ -0.6, 1.3, 4.5]
fisheye = false

[cam_02]
name = 'side view'
size = [ 1088.0, 1920.0]
matrix = [ [ 1681.25, 0.0, 532.5], [ 0.0, 1680.0, 904.25], [ 0.0, 0.0, 1.0]]
distortions = [ -0.04, 0.13, 0.001, 0.0003]
fisheye = true

[metadata]
adjusted = false
error = 0.0
)",
                                       ".toml", "Calib.toml");
  ASSERT_EQ(cameras.size(), 2);
  EXPECT_EQ(cameras[0].name, "cam_01");
  ExpectIsFirst(cameras[0].lens);
  EXPECT_EQ(cameras[1].name, "side view");
  EXPECT_TRUE(cameras[1].lens.fisheye);
  EXPECT_EQ(cameras[1].lens.width, 1088);
  EXPECT_EQ(cameras[1].lens.height, 1920);
  EXPECT_EQ(cameras[1].lens.center_px, Vec2(532.5, 904.25));
}

TEST(CameraFile, ReadsTheSkew) {
  const Lens lens =
      ParseCameraFile(R"({"K":[[500,7.5,9],[0,501,8],[0,0,1]]})", ".json", "a.json")[0].lens;
  EXPECT_EQ(lens.fx, 500);
  EXPECT_EQ(lens.skew, 7.5);
  EXPECT_EQ(lens.fy, 501);
  EXPECT_EQ(lens.center_px, Vec2(9, 8));
}

// EasyMocap's intri.yml, OpenCV's stereo samples.
TEST(CameraFile, ReadsNamesAtTheEndsOfKeys) {
  const auto cameras = ParseCameraFile(
      "%YAML:1.0\n---\nnames:\n   - \"01\"\n   - \"x2\"\nK_01: !!opencv-matrix\n   rows: 3\n   "
      "cols: "
      "3\n   dt: d\n   data: [ 500., 0., 9., 0., 501., 8., 0., 0., 1. ]\ndist_01: "
      "!!opencv-matrix\n  "
      " rows: 1\n   cols: 4\n   dt: d\n   data: [ 0.1, 0.2, 0.3, 0.4 ]\nK_x2: !!opencv-matrix\n   "
      "rows: 3\n   cols: 3\n   dt: d\n   data: [ 600., 0., 7., 0., 601., 6., 0., 0., 1. ]\n",
      ".yml", "intri.yml");
  ASSERT_EQ(cameras.size(), 2);
  EXPECT_EQ(cameras[0].name, "01");
  EXPECT_EQ(cameras[0].lens.fy, 501);
  EXPECT_THAT(cameras[0].lens.distortion, ElementsAre(0.1, 0.2, 0.3, 0.4));
  EXPECT_EQ(cameras[1].name, "x2");
  EXPECT_EQ(cameras[1].lens.fx, 600);
  EXPECT_TRUE(cameras[1].lens.distortion.empty());
}

TEST(CameraFile, NamesWhatIsWrong) {
  const auto refusal = [](const std::string& content, const std::string& ending) {
    return UserErrorOf([&] { ParseCameraFile(content, ending, "c"); });
  };
  EXPECT_THAT(refusal("a: 1\n", ".yml"), HasSubstr("c: holds no camera"));
  EXPECT_THAT(refusal("[1,2]", ".json"), HasSubstr("c: holds no camera"));
  EXPECT_THAT(refusal("{", ".json"), HasSubstr("not valid JSON"));
  EXPECT_THAT(refusal("a: [1, 2\n", ".yml"), HasSubstr("c: line 2: cannot be read as YAML"));
  EXPECT_THAT(refusal("K: 1", ".txt"), HasSubstr("OpenCV's .yml or .json, or Pose2Sim's .toml"));
  EXPECT_THAT(refusal(R"({"K":[1,2,3]})", ".json"), HasSubstr("expected the 3 x 3 numbers"));
  EXPECT_THAT(refusal(R"({"K":[5,0,1,0,5,1,0,0,2]})", ".json"), HasSubstr("expected the 3 x 3"));
  EXPECT_THAT(refusal(R"({"K":[-5,0,1,0,5,1,0,0,1]})", ".json"), HasSubstr("focal lengths are -5"));
  EXPECT_THAT(refusal(R"({"K":[5,0,1,0,5,1,0,0,1],"D":[1,2]})", ".json"), HasSubstr("has 2 dist"));
  EXPECT_THAT(refusal(R"({"K":[5,0,1,0,5,1,0,0,1],"size":[3.5,2]})", ".json"),
              HasSubstr("its size"));
  EXPECT_THAT(refusal("[a]\nmatrix = 1979-05-27\n", ".toml"), HasSubstr("c: line 2: '1979-05-27'"));
  EXPECT_THAT(refusal("[a]\nx = 1\nx = 2\n", ".toml"), HasSubstr("line 3: 'x' is given twice"));
  EXPECT_THAT(refusal("[a\n", ".toml"), HasSubstr("c: line 1: expected ']'"));
  EXPECT_THAT(refusal("a: &a [*a]\n", ".yml"), HasSubstr("nests deeper"));
  EXPECT_THAT(refusal("x = " + std::string(99, '['), ".toml"), HasSubstr("nest too deep"));
  const std::string camera = "matrix = [5, 0, 1, 0, 5, 1, 0, 0, 1]\nname = 'x'\n";
  EXPECT_THAT(refusal("[a]\n" + camera + "[b]\n" + camera, ".toml"),
              HasSubstr("two cameras of the name 'x'"));
}

}  // namespace
}  // namespace gyre
