// SPDX-License-Identifier: Apache-2.0
// Cameras of images, what is told of pictures, and what overlays are called.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numbers>
#include <opencv2/core.hpp>

#include "body/test_body.h"
#include "core/error.h"
#include "core/file.h"
#include "io/exif_samples.h"
#include "io/image.h"
#include "io/io_test_util.h"
#include "loop/bulk/fit_notes.h"
#include "loop/bulk/fit_overlays.h"
#include "loop/bulk/image_camera.h"
#include "render/overlay.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string Jpeg(int width, int height) {
  const TempFolder folder;
  WriteImage(folder.path() / "a.jpg", cv::Mat(height, width, CV_8UC3, cv::Scalar(90, 80, 70)));
  return ReadFile(folder.path() / "a.jpg");
}

FitInput OfPicture(const fs::path& path, int width, int height) {
  FitInput input;
  input.person.image_path = path.string();
  input.person.image_width = width;
  input.person.image_height = height;
  input.person.box = {Vec2(50, 60), 40};
  return input;
}

TEST(ImageCamera, IsInTheMiddleOfTheImage) {
  FitInput input = OfPicture("", 641, 426);
  EXPECT_EQ(SetImageCamera({.focal_px = 700}, &input), "");
  EXPECT_EQ(input.problem.camera.focal_px, 700);
  EXPECT_EQ(input.problem.camera.center_px, Vec2(320, 212.5));
  EXPECT_EQ(SetImageCamera({.focal_px = 700, .center_px = Vec2(300.5, 99)}, &input), "");
  EXPECT_EQ(input.problem.camera.center_px, Vec2(300.5, 99));
}

// 50 mm on film of 36 x 24 mm, of a picture of that shape.
TEST(ImageCamera, TakesMillimetresOfFullFrame) {
  FitInput input = OfPicture("", 720, 480);
  EXPECT_EQ(SetImageCamera({.focal_mm = 50}, &input), "");
  EXPECT_NEAR(input.problem.camera.focal_px, 1000, 1e-9);
}

TEST(ImageCamera, TakesExifsFocalLengthAndOrientation) {
  const TempFolder folder;
  const fs::path path = folder.Write("a.jpg", JpegWithExif(Jpeg(72, 48), ExifBytes(6, 30)));
  FitInput input = OfPicture(path, 0, 0);
  EXPECT_EQ(SetImageCamera({.focal_of_exif = true}, &input), "");
  EXPECT_NEAR(input.problem.camera.focal_px, 60, 1e-9);
  EXPECT_EQ(input.problem.camera.center_px, Vec2(23.5, 35.5));  // turned upright: 48 x 72
  const fs::path plain = folder.Write("b.jpg", Jpeg(72, 48));
  input = OfPicture(plain, 0, 0);
  EXPECT_THAT(SetImageCamera({.focal_of_exif = true}, &input), HasSubstr("tells no focal length"));
  EXPECT_EQ(input.problem.camera.focal_px, 0);
}

// tan 50 degrees = 1.19175: 35 px are too few for 640 (2 atan(320 / 35) = 167.5 degrees), and 268.4
// are just too few.
TEST(ImageCamera, RefusesViewsThatNoLensHas) {
  FitInput input = OfPicture("", 640, 425);
  EXPECT_THAT(SetImageCamera({.focal_px = 35}, &input),
              AllOf(HasSubstr("35 px is a field of view of 168 degrees for a picture of 640 x 425"),
                    HasSubstr("is it mm? --focal-mm 35")));
  EXPECT_EQ(input.problem.camera.focal_px, 0);
  EXPECT_NE(SetImageCamera({.focal_px = 268.4}, &input), "");
  EXPECT_EQ(SetImageCamera({.focal_px = 268.6}, &input), "");
  input = OfPicture("", 425, 640);  // the longer side counts
  EXPECT_NE(SetImageCamera({.focal_px = 268.4}, &input), "");
  EXPECT_THAT(SetImageCamera({.focal_mm = 10}, &input), HasSubstr("--camera"));
}

TEST(ImageCamera, LeavesCalibratedCamerasAlone) {
  FitInput input = OfPicture("", 640, 425);
  input.person.frame_of_picture.lens = std::make_shared<const Lens>();
  input.problem.camera = {777, Vec2(1, 2)};
  EXPECT_EQ(SetImageCamera({.focal_px = 700}, &input), "");
  EXPECT_EQ(input.problem.camera.focal_px, 777);
}

std::vector<std::string> OverlaysOf(OverlayPictures& pictures, const std::vector<Person>& people,
                                    const fs::path& folder) {
  for (const Person& person : people) pictures.Add(person);
  pictures.NameAll(folder);
  std::vector<std::string> names;
  for (const Person& person : people) {
    const auto* picture = pictures.Find(person.image_path, person.image);
    names.push_back(picture->overlay.lexically_relative(folder).string());
  }
  return names;
}

Person In(const std::string& image_path, const std::string& image_name) {
  Person person;
  person.image_path = image_path;
  person.image = person.image_name = image_name;
  return person;
}

TEST(Overlays, KeepThePathsBelowTheFolderOfPictures) {
  OverlayPictures pictures("in");
  EXPECT_THAT(OverlaysOf(pictures,
                         {In("in/a.jpg", "a.jpg"), In("in/sub/a.jpg", "sub/a"),
                          In("in/sub/deep/a.PNG", "sub\\deep\\a.PNG"), In("in/b.1.jpg", "b.1")},
                         "out"),
              testing::ElementsAre("a.png", "sub/a.png", "sub/deep/a.png", "b.1.png"));
}

TEST(Overlays, OfTwoPicturesNeverShareAName) {
  OverlayPictures pictures("in");
  EXPECT_THAT(OverlaysOf(pictures,
                         {In("in/a.jpg", "a.jpg"), In("in/A.png", "A.png"), In("in/b.png", "b.png"),
                          In("in/a.jpg", "a.jpg")},
                         "out"),
              testing::ElementsAre("a.jpg.png", "A.png.png", "b.png", "a.jpg.png"));
}

TEST(Overlays, NeverReplaceAPicture) {
  const TempFolder folder;
  const std::string dir = folder.path().string();
  folder.Write("a.png", "x");
  folder.Write("b.jpg", "x");
  OverlayPictures pictures(folder.path());
  EXPECT_THAT(OverlaysOf(pictures, {In(dir + "/a.png", "a.png"), In(dir + "/b.jpg", "b.jpg")},
                         folder.path()),
              testing::ElementsAre("a.png.png", "b.png"));
}

// Frames of a camera that stands still, with one picture for all.
TEST(Overlays, OfOnePictureForAllAreNamedAfterTheFrames) {
  const TempFolder folder;
  const std::string picture = folder.Write("frame.png", "x").string();
  OverlayPictures one(picture), many(picture);
  EXPECT_THAT(OverlaysOf(one, {In(picture, "walk_1")}, "out"), testing::ElementsAre("frame.png"));
  EXPECT_THAT(
      OverlaysOf(many, {In(picture, "walk_1"), In(picture, "walk.2"), In(picture, "../x")}, "out"),
      testing::ElementsAre("walk_1.png", "walk.2.png", "x.png"));
}

TEST(Overlays, PartsAreNamed) {
  const OverlayParts all = OverlayParts::Parse("side,body,close-ups,keypoints");
  EXPECT_TRUE(all.body && all.side && all.keypoints && all.close_ups);
  const OverlayParts one = OverlayParts::Parse("keypoints");
  EXPECT_TRUE(one.keypoints && !one.body && !one.side && !one.close_ups);
  EXPECT_THROW(OverlayParts::Parse("body,heat"), UsageError);
  EXPECT_THROW(OverlayParts::Parse(""), UsageError);
}

// Who is small stands behind who is large, in whichever order they were fitted.
TEST(Overlays, SmallPeopleAreDrawnFirst) {
  const auto body = LoadBodyModel("builtin");
  const TempFolder folder;
  const cv::Mat plain(120, 160, CV_8UC3, cv::Scalar(30, 60, 90));
  WriteImage(folder.path() / "picture.png", plain);
  const Person person = In((folder.path() / "picture.png").string(), "picture.png");
  const auto row_at = [&](double pixel_scale, const Vec3& transl) {
    FitRow row(*body->layout, SpinJoints().size());
    row.params.values().setZero();
    row.params.transl() = transl;
    row.params.rotation(0) = Vec3(std::numbers::pi, 0, 0);
    row.camera = {200, {79.5, 59.5}};
    row.pixel_scale = pixel_scale;
    row.usable = true;
    row.image = person.image;
    row.image_path = person.image_path;
    return row;
  };
  const FitRow small = row_at(3.5, {0.2, 0.1, 6}), large = row_at(1.25, {-0.1, 0.2, 3});
  const auto with = [&](const cv::Mat& under, const FitRow& row) {
    return DrawBodyOverlay(under, PoseBody(*body, row.params).vertices, body->faces, row.camera);
  };
  const cv::Mat expected = with(with(plain, small), large);
  ASSERT_GT(cv::norm(expected, with(with(plain, large), small), cv::NORM_INF), 20);
  for (const bool small_first : {true, false}) {
    const fs::path out = folder.path() / (small_first ? "a" : "b");
    Journal journal(out.string() + ".journal");
    journal.Start("{}");
    journal.Append({{EncodeRow(small_first ? small : large)}});
    journal.Append({{EncodeRow(small_first ? large : small)}});
    OverlayPictures pictures(folder.path());
    pictures.Add(person);
    pictures.NameAll(out);
    WriteOverlays({out, 0, &pictures, OverlayParts::Parse("body"), false}, *body, journal, small);
    const cv::Mat drawn = ReadImage(out / "picture.png");
    EXPECT_EQ(cv::norm(drawn, expected, cv::NORM_INF), 0) << small_first;
  }
}

// Two frames of one picture: one fitted, one carried through a gap by the motion.
class DrawnFrames : public testing::Test {
 protected:
  explicit DrawnFrames(std::shared_ptr<const BodyModel> body = LoadBodyModel("builtin"))
      : body_(std::move(body)), journal_(folder_.path() / "journal") {
    const fs::path picture = folder_.path() / "picture.png";
    WriteImage(picture, cv::Mat(120, 160, CV_8UC3, cv::Scalar(30, 60, 90)));
    journal_.Start("{}");
    for (const bool usable : {true, false}) {
      Person person = In(picture.string(), usable ? "walk_1" : "walk_2");
      person.keypoints.px.row(27) << 20, 20;  // a hip, far from the body
      person.keypoints.px.row(28) << 20, 100;
      person.keypoints.confidence[27] = person.keypoints.confidence[28] = 1;
      people_.push_back(person);
      FitRow row(*body_->layout, SpinJoints().size());
      row.params.values().setZero();
      row.params.transl() = Vec3(0.35, 0.2, 4);
      row.params.rotation(0) = Vec3(std::numbers::pi, 0, 0);
      row.camera = {200, {79.5, 59.5}};
      row.usable = usable;
      row.image = person.image;
      row.image_path = person.image_path;
      journal_.Append({{EncodeRow(row)}});
    }
  }

  // How the frame's overlay differs from the plain picture, by columns of pixels: [0, 160).
  int Changed(const std::string& frame, int from, int to) const {
    const cv::Mat drawn = ReadImage(folder_.path() / "out" / frame);
    int changed = 0;
    for (int y = 0; y < 120; ++y) {
      for (int x = from; x < to; ++x) {
        changed += drawn.at<cv::Vec3b>(y, x) != cv::Vec3b(30, 60, 90);
      }
    }
    return changed;
  }
  void Draw(const std::string& parts, bool frames) {
    OverlayPictures pictures(folder_.path() / "picture.png", OverlayParts::Parse(parts).keypoints);
    for (const Person& person : people_) pictures.Add(person);
    pictures.NameAll(folder_.path() / "out");
    WriteOverlays({folder_.path() / "out", 0, &pictures, OverlayParts::Parse(parts), frames},
                  *body_, journal_, FitRow(*body_->layout, SpinJoints().size()));
  }
  bool Exists(const std::string& frame) const { return fs::exists(folder_.path() / "out" / frame); }

  const std::shared_ptr<const BodyModel> body_;
  TempFolder folder_;
  Journal journal_;
  std::vector<Person> people_;
};

TEST_F(DrawnFrames, OfAVideoAreAllThere) {
  Draw("body", /*frames=*/true);
  const int sure = Changed("walk_1.png", 60, 160), carried = Changed("walk_2.png", 60, 160);
  EXPECT_GT(sure, 500);
  EXPECT_NEAR(carried, sure, 0.05 * sure);  // the same body, fainter
  const cv::Vec3b sure_px = ReadImage(folder_.path() / "out/walk_1.png").at<cv::Vec3b>(59, 97);
  const cv::Vec3b faint_px = ReadImage(folder_.path() / "out/walk_2.png").at<cv::Vec3b>(59, 97);
  EXPECT_LT(cv::norm(faint_px, cv::Vec3b(30, 60, 90)),
            0.7 * cv::norm(sure_px, cv::Vec3b(30, 60, 90)));
}

class DrawnHands : public DrawnFrames {
 protected:
  DrawnHands() : DrawnFrames(std::make_shared<const BodyModel>(MakeRandomSmplx(7))) {}
};

// Beside the picture, a gap of six pixels between: three squares of a third of its height.
TEST_F(DrawnHands, AreEnlargedBesideThePicture) {
  Draw("body,close-ups", /*frames=*/false);
  const cv::Mat drawn = ReadImage(folder_.path() / "out/walk_1.png");
  EXPECT_EQ(drawn.size(), cv::Size(160 + 6 + 40, 120));
  for (const int y : {0, 40, 80}) {  // all of the picture and a body, nothing of the paper
    const cv::Mat square = drawn(cv::Rect(166, y, 40, 40));
    cv::Mat plain, paper;
    cv::inRange(square, cv::Scalar(30, 60, 90), cv::Scalar(30, 60, 90), plain);
    cv::inRange(square, cv::Scalar::all(255), cv::Scalar::all(255), paper);
    EXPECT_LT(cv::countNonZero(plain), 1590) << y;
    EXPECT_EQ(cv::countNonZero(paper), 0) << y;
  }
}

TEST_F(DrawnFrames, ABodyWithoutHandsHasNoCloseUps) {
  Draw("body,close-ups", /*frames=*/false);
  EXPECT_EQ(ReadImage(folder_.path() / "out/walk_1.png").cols, 160);
}

TEST_F(DrawnFrames, OtherwiseOnlyWhoIsFitted) {
  Draw("body", /*frames=*/false);
  EXPECT_TRUE(Exists("walk_1.png"));
  EXPECT_FALSE(Exists("walk_2.png"));
}

TEST_F(DrawnFrames, ShowKeypointsAndTheSide) {
  Draw("keypoints", /*frames=*/false);
  EXPECT_GT(Changed("walk_1.png", 17, 24), 50);  // the line from (20, 20) to (20, 100)
  EXPECT_EQ(Changed("walk_1.png", 60, 160), 0);  // no body
  EXPECT_GT(Changed("walk_2.png", 17, 24), 50);  // also of who is not fitted
  Draw("body,side", /*frames=*/true);
  const cv::Mat drawn = ReadImage(folder_.path() / "out/walk_1.png");
  EXPECT_EQ(drawn.rows, 120);
  EXPECT_GT(drawn.cols, 160 + 55);
  EXPECT_EQ(ReadImage(folder_.path() / "out/walk_2.png").size(), drawn.size());
}

}  // namespace
}  // namespace gyre
