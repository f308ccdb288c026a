// SPDX-License-Identifier: Apache-2.0
#include "render/overlay.h"

#include <gtest/gtest.h>

#include <limits>
#include <numbers>
#include <opencv2/core.hpp>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "render/srgb.h"
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

// Only the part of the picture around the body is drawn anew, which must not show: a vertex of no
// face far out at each corner makes that part the whole picture.
TEST(DrawBodyOverlay, IsTheSameWhateverPartOfThePictureIsDrawn) {
  const Camera camera{400, {70, 40}};
  for (int step = 0; step < 12; ++step) {
    // A plate from (30.0, 20.0) to (61.0, 57.5) and on in twelfths of a pixel.
    const double left = 30 + step / 12.0, top = 20 + step / 9.0;
    Points3 points(6, 3);
    const auto put = [&](int row, double u, double v) {
      points.row(row) << 2 * (u - 70) / 400, 2 * (v - 40) / 400, 2;
    };
    put(0, left, top);
    put(1, left, top + 37.5);
    put(2, left + 31, top + 37.5);
    put(3, left + 31, top);
    put(4, -500, -500);
    put(5, 500, 500);
    Faces faces(2, 3);
    faces << 0, 1, 2, 0, 2, 3;
    const cv::Mat whole = DrawBodyOverlay(Grey(140, 80), points, faces, camera);
    const cv::Mat part = DrawBodyOverlay(Grey(140, 80), points.topRows(4), faces, camera);
    EXPECT_EQ(cv::norm(whole, part, cv::NORM_INF), 0) << step;
    EXPECT_TRUE(Touched(part, 60, 56)) << step;
  }
}

// A body larger than the picture covers every pixel of it, the last ones too.
TEST(DrawBodyOverlay, ReachesThePicturesEdges) {
  Points3 points(4, 3);
  points << -9, -9, 2, -9, 9, 2, 9, 9, 2, 9, -9, 2;
  Faces faces(2, 3);
  faces << 0, 1, 2, 0, 2, 3;
  const cv::Mat image = DrawBodyOverlay(Grey(37, 23), points, faces, {100, {18, 11}});
  for (int y = 0; y < image.rows; ++y) {
    for (int x = 0; x < image.cols; ++x) ASSERT_TRUE(Touched(image, x, y)) << x << ", " << y;
  }
}

TEST(DrawBodyOverlay, HasItsColourAndLetsThePictureShineThrough) {
  const TestMesh ball = MakeBall({0, 0, 4}, 0.5);
  const auto middle = [&](const Vec3& rgb, double opacity) {
    OverlayStyle style;
    style.rgb = rgb;
    style.opacity = opacity;
    return DrawBodyOverlay(Grey(65, 49), ball.vertices, ball.faces, {200, {32, 24}}, style)
        .at<cv::Vec3b>(24, 32);
  };
  const cv::Vec3b red = middle({0.9, 0.4, 0.1}, 1);
  EXPECT_GT(red[2], red[1] + 40);
  EXPECT_GT(red[1], red[0] + 40);
  EXPECT_EQ(middle({0.9, 0.4, 0.1}, 0), cv::Vec3b(90, 90, 90));
  EXPECT_GT(middle({0, 0, 0}, 0.5)[1], middle({0, 0, 0}, 0.9)[1] + 20);
}

TEST(DrawBodyOverlay, ShowsWhatIsGuessedFainter) {
  const TestMesh ball = MakeBall({0, 0, 4}, 0.5);
  OverlayStyle style;
  style.rgb = {0, 0, 0};
  style.opacity = 1;
  style.vertex_opacity = VecX::Ones(ball.vertices.rows());
  for (Eigen::Index v = 0; v < ball.vertices.rows(); ++v) {
    if (ball.vertices(v, 0) > 0) style.vertex_opacity[v] = 0.25;
  }
  const cv::Mat overlay =
      DrawBodyOverlay(Grey(65, 49), ball.vertices, ball.faces, {200, {32, 24}}, style);
  EXPECT_EQ(overlay.at<cv::Vec3b>(24, 18)[0], 0);
  const double behind = LinearFromSrgb8(90);
  EXPECT_NEAR(LinearFromSrgb8(overlay.at<cv::Vec3b>(24, 46)[0]), 0.75 * behind, 0.01);
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

TEST(DrawSkeleton, FingersHangOnTheirWristAndFacesArePoints) {
  const KeypointSet& set = FindKeypointSet("openpose135");
  Points2 points = Points2::Zero(135, 2);
  VecX confidence = VecX::Zero(135);
  const auto put = [&](const char* name, double x, double y) {
    points.row(set.IndexOf(name)) << x, y;
    confidence[set.IndexOf(name)] = 1;
  };
  put("Left Hand Root", 20, 100);
  put("Left Index 1", 60, 100);
  put("Left Index 2", 100, 100);
  put("Left Pinky Tip", 100, 150);  // its other knuckles are not seen
  put("Right Thumb 2", 20, 180);
  put("Right Thumb 3", 60, 180);
  put("Face 30", 150, 50);
  const cv::Mat image = DrawSkeleton(Grey(200, 200), points, confidence, set);
  const cv::Vec3b left = image.at<cv::Vec3b>(100, 40), right = image.at<cv::Vec3b>(180, 40);
  EXPECT_GT(left[0], left[2] + 100);    // blue
  EXPECT_GT(right[2], right[0] + 100);  // red
  EXPECT_TRUE(Touched(image, 80, 100));
  EXPECT_FALSE(Touched(image, 100, 125));
  EXPECT_FALSE(Touched(image, 60, 125));
  const cv::Vec3b face = image.at<cv::Vec3b>(50, 150);
  EXPECT_GT(face[2], face[0] + 100);  // yellow
  EXPECT_GT(face[1], face[0] + 100);
  EXPECT_FALSE(Touched(image, 0, 0));
}

using Pairs = std::set<std::pair<std::string_view, std::string_view>>;

// A skeleton of these joints alone, 90 px apart, and of others in the picture's lower corner.
cv::Mat DrawJoints(const KeypointSet& set, std::vector<std::string_view> joints,
                   const std::vector<std::string_view>& others = {}) {
  Points2 points = Points2::Zero(set.size(), 2);
  VecX confidence = VecX::Zero(set.size());
  for (const std::string_view other : others) {
    points.row(set.IndexOf(other)) << 5, 95;
    confidence[set.IndexOf(other)] = 0.75;
  }
  double x = 5;
  for (const std::string_view joint : joints) {
    points.row(set.IndexOf(joint)) << x, 5;
    confidence[set.IndexOf(joint)] = 0.75;
    x += 90;
  }
  return DrawSkeleton(Grey(100, 100), points, confidence, set);
}

// The pairs of a set's joints between which there is a line, in the set's order.
Pairs Connected(std::string_view set_name, const std::vector<std::string_view>& others = {}) {
  const KeypointSet& set = FindKeypointSet(set_name);
  Pairs pairs;
  for (int i = 0; i < set.size(); ++i) {
    for (int j = i + 1; j < set.size(); ++j) {
      const cv::Mat image = DrawJoints(set, {set.joints[i], set.joints[j]}, others);
      if (Touched(image, 50, 5)) pairs.insert({set.joints[i], set.joints[j]});
    }
  }
  return pairs;
}

TEST(DrawSkeleton, ConnectsTheJointsOfAPerson) {
  const Pairs legs_and_arms = {{"Right Ankle", "Right Knee"},   {"Right Knee", "Right Hip"},
                               {"Left Hip", "Left Knee"},       {"Left Knee", "Left Ankle"},
                               {"Right Wrist", "Right Elbow"},  {"Right Elbow", "Right Shoulder"},
                               {"Left Shoulder", "Left Elbow"}, {"Left Elbow", "Left Wrist"}};
  Pairs lsp = legs_and_arms;
  lsp.merge(Pairs{{"Right Hip", "Left Hip"},
                  {"Right Hip", "Right Shoulder"},
                  {"Left Hip", "Left Shoulder"},
                  {"Right Shoulder", "Left Shoulder"},
                  {"Right Shoulder", "Neck (LSP)"},
                  {"Left Shoulder", "Neck (LSP)"},
                  {"Neck (LSP)", "Top of Head (LSP)"}});
  EXPECT_EQ(Connected("lsp14"), lsp);
  // Shoulders meet at the neck where there is one.
  lsp.erase({"Right Shoulder", "Left Shoulder"});
  EXPECT_EQ(Connected("lsp14", {"Neck (LSP)"}), lsp);
}

TEST(DrawSkeleton, ConnectsAllPartsOfOpenPosesPerson) {
  EXPECT_EQ(Connected("body25"),
            (Pairs{{"OP Nose", "OP Neck"},        {"OP Nose", "OP REye"},
                   {"OP Nose", "OP LEye"},        {"OP REye", "OP REar"},
                   {"OP LEye", "OP LEar"},        {"OP Neck", "OP RShoulder"},
                   {"OP Neck", "OP LShoulder"},   {"OP RShoulder", "OP LShoulder"},
                   {"OP RShoulder", "OP RElbow"}, {"OP RElbow", "OP RWrist"},
                   {"OP LShoulder", "OP LElbow"}, {"OP LElbow", "OP LWrist"},
                   {"OP Neck", "OP MidHip"},      {"OP MidHip", "OP RHip"},
                   {"OP MidHip", "OP LHip"},      {"OP RHip", "OP LHip"},
                   {"OP RShoulder", "OP RHip"},   {"OP LShoulder", "OP LHip"},
                   {"OP RHip", "OP RKnee"},       {"OP RKnee", "OP RAnkle"},
                   {"OP LHip", "OP LKnee"},       {"OP LKnee", "OP LAnkle"},
                   {"OP RAnkle", "OP RHeel"},     {"OP RAnkle", "OP RBigToe"},
                   {"OP LAnkle", "OP LHeel"},     {"OP LAnkle", "OP LBigToe"}}));
  // With the middle of the hips, hips and shoulders hang on the spine.
  const Pairs hung = Connected("body25", {"OP MidHip"});
  EXPECT_FALSE(hung.contains({"OP RHip", "OP LHip"}));
  EXPECT_FALSE(hung.contains({"OP RShoulder", "OP RHip"}));
  EXPECT_FALSE(hung.contains({"OP LShoulder", "OP LHip"}));
  EXPECT_TRUE(hung.contains({"OP RShoulder", "OP LShoulder"}));
}

TEST(DrawSkeleton, PartsHaveTheColourOfTheirSide) {
  const KeypointSet& set = FindKeypointSet("body25");
  const cv::Vec3b red(60, 76, 235), blue(240, 140, 50), yellow(70, 205, 250);
  for (const std::string_view joint : set.joints) {
    const cv::Vec3b expected = joint.starts_with("OP R")   ? red
                               : joint.starts_with("OP L") ? blue
                                                           : yellow;
    EXPECT_EQ(DrawJoints(set, {joint}).at<cv::Vec3b>(5, 5), expected) << joint;
  }
  // Lines are drawn with soft edges.
  const auto off = [&](std::string_view a, std::string_view b, const cv::Vec3b& expected) {
    return cv::norm(DrawJoints(set, {a, b}).at<cv::Vec3b>(5, 50), expected);
  };
  EXPECT_LT(off("OP RKnee", "OP RAnkle", red), 25);
  EXPECT_LT(off("OP Neck", "OP LShoulder", blue), 25);
  EXPECT_LT(off("OP Nose", "OP REye", red), 25);
  EXPECT_LT(off("OP Neck", "OP MidHip", yellow), 25);
  EXPECT_LT(off("OP RHip", "OP LHip", yellow), 25);
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

// By the mean of their points: the index's of 0.05 and 0.25 has 0.35 + 0.15 of the colour.
TEST(DrawSkeleton, HandsAndFacesAreAsFaintAsTheyAreInTheMean) {
  const KeypointSet& set = FindKeypointSet("halpe136");
  const auto strength = [&](std::vector<std::string_view> joints, double first, double last) {
    Points2 points = Points2::Zero(136, 2);
    VecX confidence = VecX::Zero(136);
    for (size_t i = 0; i < joints.size(); ++i) {
      points.row(set.IndexOf(joints[i])) << 20 + 30 * i, 50;
      confidence[set.IndexOf(joints[i])] = i + 1 < joints.size() ? first : last;
    }
    return cv::norm(DrawSkeleton(Grey(120, 100), points, confidence, set), Grey(120, 100));
  };
  const std::vector<std::string_view> finger = {"Left Hand Root", "Left Index 1", "Left Index 2"};
  EXPECT_NEAR(strength(finger, 0.05, 0.25) / strength(finger, 1, 1), 0.5, 0.02);
  const std::vector<std::string_view> face = {"Face 8", "Face 51"};
  EXPECT_NEAR(strength(face, 0.05, 0.25) / strength(face, 1, 1), 0.5, 0.03);
}

// A joint of confidence 0.1 is drawn with 0.35 + 0.1 of its colour, and so is the line to it.
TEST(DrawSkeleton, LimbsAreAsFaintAsTheirFainterEnd) {
  const KeypointSet& set = FindKeypointSet("lsp14");
  Points2 points = Points2::Zero(14, 2);
  points.row(set.IndexOf("Left Elbow")) << 5, 50;
  points.row(set.IndexOf("Left Wrist")) << 95, 50;
  VecX confidence = VecX::Zero(14);
  const auto strength = [&](double elbow, double wrist) {
    confidence[set.IndexOf("Left Elbow")] = elbow;
    confidence[set.IndexOf("Left Wrist")] = wrist;
    const cv::Vec3b pixel =
        DrawSkeleton(Grey(100, 100), points, confidence, set).at<cv::Vec3b>(50, 50);
    return cv::norm(pixel, Grey(1, 1).at<cv::Vec3b>(0, 0));
  };
  const double sure = strength(1, 0.75);
  EXPECT_GT(sure, 50);
  EXPECT_NEAR(strength(1, 0.1), 0.45 * sure, 0.05 * sure);
  EXPECT_NEAR(strength(0.1, 0.9), 0.45 * sure, 0.05 * sure);
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

// A wide plate with a block in front of its left end: turned by a right angle about the vertical,
// what was in front (towards the camera, -z) is seen at the picture's side.
TEST(RenderTurned, TurnsAboutTheVerticalByItsAngle) {
  TestMesh body = MakeBall({-0.9, 0, 5}, 0.1);
  const TestMesh front = MakeBall({0.9, 0.4, 4}, 0.1);
  const auto count = static_cast<int32_t>(body.vertices.rows());
  Points3 vertices(2 * count, 3);
  vertices << body.vertices, front.vertices;
  Faces faces(2 * body.faces.rows(), 3);
  faces << body.faces, front.faces.array() + count;
  // Where the two balls are seen: the upper one (v small) is the first, the lower the second.
  const auto columns = [&](double angle) {
    const cv::Mat image = RenderTurned(vertices, faces, {301, 201}, angle);
    const cv::Vec3b paper = image.at<cv::Vec3b>(0, 0);
    const cv::Rect upper = TouchedRegion(image.rowRange(0, 100), paper);
    const cv::Rect lower = TouchedRegion(image.rowRange(101, 201), paper);
    return std::pair(upper.x + upper.width / 2, lower.x + lower.width / 2);
  };
  // y points down: the front ball, at y = 0.4, is the lower one, at the right.
  const auto [back_0, front_0] = columns(0);
  EXPECT_LT(back_0, 60);
  EXPECT_GT(front_0, 240);
  // A quarter turn takes -z to -x: the front ball goes to the left.
  const auto [back_1, front_1] = columns(std::numbers::pi / 2);
  EXPECT_GT(back_1, 170);
  EXPECT_LT(front_1, 130);
  const auto [back_2, front_2] = columns(std::numbers::pi);
  EXPECT_GT(back_2, 240);
  EXPECT_LT(front_2, 60);
}

TEST(ComposeStrip, PutsPicturesSideBySide) {
  cv::Mat red(20, 30, CV_8UC3, cv::Scalar(0, 0, 255)), blue(50, 10, CV_8UC3, cv::Scalar(255, 0, 0));
  const cv::Mat strip = ComposeStrip({red, blue}, 40);
  EXPECT_EQ(strip.size(), cv::Size(60 + 6 + 8, 40));
  EXPECT_EQ(strip.at<cv::Vec3b>(39, 0), cv::Vec3b(0, 0, 255));
  EXPECT_EQ(strip.at<cv::Vec3b>(0, 59), cv::Vec3b(0, 0, 255));
  for (int x : {60, 65}) EXPECT_EQ(strip.at<cv::Vec3b>(20, x), cv::Vec3b(255, 255, 255)) << x;
  for (int x : {66, 73}) EXPECT_EQ(strip.at<cv::Vec3b>(20, x), cv::Vec3b(255, 0, 0)) << x;
  EXPECT_EQ(ComposeStrip({blue}, 25).size(), cv::Size(5, 25));
  EXPECT_THROW(ComposeStrip({}, 25), std::logic_error);
  EXPECT_THROW(ComposeStrip({red}, 0), std::logic_error);
}

// Five pictures of their own colours in rows of three, scaled to the largest width and height.
TEST(ContactSheet, PutsPicturesInOrder) {
  std::vector<cv::Mat> images;
  for (int i = 0; i < 5; ++i) images.emplace_back(20, 10, CV_8UC3, cv::Scalar(40 * i, 7, 9));
  images[1] = cv::Mat(10, 30, CV_8UC3, cv::Scalar(40, 7, 9));  // the cell: 30 x 20
  const cv::Mat sheet = ContactSheet(images, 3);
  EXPECT_EQ(sheet.size(), cv::Size(3 * 36 + 6, 2 * 26 + 6));
  for (int i = 0; i < 5; ++i) {
    const int x = 6 + 36 * (i % 3) + 15, y = 6 + 26 * (i / 3) + 10;
    EXPECT_EQ(sheet.at<cv::Vec3b>(y, x), cv::Vec3b(40 * i, 7, 9)) << i;
  }
  const cv::Vec3b paper(255, 255, 255);
  EXPECT_EQ(sheet.at<cv::Vec3b>(16, 15), paper);  // beside the narrow first, 10 px wide
  EXPECT_NE(sheet.at<cv::Vec3b>(16, 16), paper);
  EXPECT_NE(sheet.at<cv::Vec3b>(16, 25), paper);
  EXPECT_EQ(sheet.at<cv::Vec3b>(16, 26), paper);
  EXPECT_EQ(sheet.at<cv::Vec3b>(10, 57), paper);  // above the low second, 10 px high
  EXPECT_NE(sheet.at<cv::Vec3b>(11, 42), paper);
  EXPECT_EQ(sheet.at<cv::Vec3b>(42, 93), paper);  // there is no sixth
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
