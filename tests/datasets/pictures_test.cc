// SPDX-License-Identifier: Apache-2.0
// Pictures as users bring them: found, turned, of the right size, straightened; and what `gyre data
// check` says of those that are not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <opencv2/core.hpp>

#include "core/file.h"
#include "datasets/camera_set.h"
#include "datasets/check.h"
#include "datasets/dataset_spec.h"
#include "datasets/dataset_test_util.h"
#include "datasets/person_picture.h"
#include "datasets/picture_lookup.h"
#include "io/exif_samples.h"
#include "io/image.h"
#include "io/io_test_util.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A picture of one colour, but for its first pixels.
cv::Mat Picture(int width, int height) {
  cv::Mat image(height, width, CV_8UC3, cv::Scalar(200, 120, 60));
  image(cv::Rect(0, 0, width / 4, height / 4)).setTo(cv::Scalar(0, 0, 0));
  return image;
}

std::string Jpeg(int width, int height) {
  const TempFolder folder;
  WriteImage(folder.path() / "a.jpg", Picture(width, height));
  return ReadFile(folder.path() / "a.jpg");
}

std::string Coco(const std::string& file_name, int width, int height) {
  std::string text = CocoJson();
  text = Replaced(text, "a.jpg", file_name);
  text = Replaced(text, R"("width":64)", fmt::format(R"("width":{})", width));
  return Replaced(text, R"("height":48)", fmt::format(R"("height":{})", height));
}

std::vector<std::string> ProblemsOf(const std::string& spec) {
  std::vector<std::string> problems;
  const auto add = [&](int64_t row, const std::string& problem) {
    problems.push_back(fmt::format("{}: {}", row, problem));
  };
  const auto set = OpenDataset(spec, {}, [&](const LeftOut& one) { add(one.row, one.problem); });
  for (const RowProblem& problem : CheckDataset(*set, {})) add(problem.row, problem.problem);
  return problems;
}

TEST(PictureLookup, FindsWhatANameCanOnlyMean) {
  const TempFolder folder;
  fs::create_directories(folder.path() / "Sub" / "deep");
  for (const char* name : {"DSC_1.JPG", "b.jpeg", "c.png", "c.webp", ".d.jpg", "._e.jpg", "e.Tiff",
                           "f.2.bmp", "Sub/g.PNG", "h"}) {
    folder.Write(name, "x");
  }
  const auto found = [&](const std::string& name) {
    const fs::path path = FindPictureFile(folder.path() / name);
    return path.empty() ? "" : path.lexically_relative(folder.path()).string();
  };
  EXPECT_EQ(found("DSC_1.JPG"), "DSC_1.JPG");
  EXPECT_EQ(found("dsc_1.jpg"), "DSC_1.JPG");
  EXPECT_EQ(found("dsc_1"), "DSC_1.JPG");
  EXPECT_EQ(found("b.jpg"), "b.jpeg");
  EXPECT_EQ(found("c"), "c.png");
  EXPECT_EQ(found("c.jpg"), "");  // what is called c.png may be anything
  EXPECT_EQ(found("d"), "");
  EXPECT_EQ(found("e"), "e.Tiff");
  EXPECT_EQ(found("f.2"), "f.2.bmp");
  EXPECT_EQ(found("f"), "");
  EXPECT_EQ(found("SUB/g"), "Sub/g.PNG");
  EXPECT_EQ(found("sub\\G.png"), "Sub/g.PNG");
  EXPECT_EQ(found("..\\h"), "");
  EXPECT_EQ(found("h"), "h");
  EXPECT_EQ(found("no/where"), "");
  EXPECT_EQ(found("Sub"), "");
  EXPECT_EQ(FindPictureFile(""), fs::path());
}

// macOS writes a letter and its mark, others one letter for both.
TEST(PictureLookup, FindsLettersWithMarks) {
  const TempFolder folder;
  folder.Write("L\u00e4ufer.jpg", "x");
  folder.Write("cafe\u0301 \u00df.png", "x");
  folder.Write("y\u0308.jpg", "x");
  const auto found = [&](const std::string& name) {
    return FindPictureFile(folder.path() / name).filename().string();
  };
  EXPECT_EQ(found("La\u0308ufer.jpg"), "L\u00e4ufer.jpg");
  EXPECT_EQ(found("L\u00c4UFER"), "L\u00e4ufer.jpg");
  EXPECT_EQ(found("Caf\u00e9 \u00df.png"), "cafe\u0301 \u00df.png");
  EXPECT_EQ(found("\u00ff.jpg"), "y\u0308.jpg");
  EXPECT_EQ(found("Laufer.jpg"), "");
  EXPECT_EQ(found("L\u00e5ufer.jpg"), "");
  EXPECT_EQ(found("L\xC3"), "");
}

TEST(PictureLookup, TakesNamesOfOtherMachinesByTheirEnd) {
  const TempFolder scratch;
  const fs::path folder = scratch.path() / "pictures";
  fs::create_directories(folder / "train" / "b");
  fs::create_directories(folder / "b");
  for (const char* name : {"outside.jpg", "pictures/a.JPG", "pictures/b/c.jpg",
                           "pictures/train/b/c.jpg", "pictures/train/d.jpg"}) {
    scratch.Write(name, "x");
  }
  const auto found = [&](const std::string& name) {
    const fs::path path = FindPictureOfElsewhere(folder, name);
    return path.empty() ? "" : path.lexically_relative(folder).string();
  };
  EXPECT_EQ(found("/home/x/a.jpg"), "a.JPG");
  EXPECT_EQ(found("/home/x/train/b/c.jpg"), "train/b/c.jpg");  // not b/c.jpg
  EXPECT_EQ(found("/home/x/val/b/c.jpg"), "b/c.jpg");
  EXPECT_EQ(found("C:\\data\\Train\\d.jpg"), "train/d.jpg");
  EXPECT_EQ(found("c:/d.jpg"), "");
  EXPECT_EQ(found("\\\\server\\share\\train\\d.jpg"), "train/d.jpg");
  EXPECT_EQ(found("../pictures/train/../b/c.jpg"), "b/c.jpg");
  EXPECT_EQ(found("..\\..\\train\\d.jpg"), "train/d.jpg");
  EXPECT_EQ(found("https://host/media/a.jpg"), "a.JPG");
  EXPECT_EQ(found("/data/local-files/?d=train/d.jpg"), "train/d.jpg");
  EXPECT_EQ(found(std::string(4000, '/') + "x/train/d.jpg"), "train/d.jpg");
  // Never outside, and no folder; other names are not looked for.
  for (const char* name : {"../outside.jpg", "/outside.jpg", "/../outside.jpg", "/train", "/", "..",
                           "../..", "", "train/d.jpg", "x/train/d.jpg", "train/../../pictures"}) {
    EXPECT_EQ(found(name), "") << name;
  }
  EXPECT_EQ(found((scratch.path() / "outside.jpg").string()), "");
  EXPECT_EQ(found(std::string("/a.jpg\0x", 8)), "");
}

// Of four annotations, two name their pictures as another machine has them.
TEST(Pictures, OfOtherMachinesCostNobodyElse) {
  const TempFolder folder;
  fs::create_directories(folder.path() / "images" / "sub");
  folder.Write("images/sub/a.jpg", Jpeg(64, 48));
  folder.Write("secret.jpg", Jpeg(64, 48));
  std::string images, annotations;
  const std::string hidden = (folder.path() / "secret.jpg").string();
  const std::string names[] = {"/home/x/sub/a.jpg", "D:\\\\x\\\\sub\\\\a.jpg", "sub/a.jpg", hidden,
                               "../secret.jpg"};
  int id = 0;
  for (const std::string& name : names) {
    std::string joints;
    for (int k = 0; k < 17; ++k) joints += fmt::format("{}{},{},2", k ? "," : "", 3 * k, 2 * k + 1);
    images += fmt::format(R"({}{{"id":{},"file_name":"{}","width":64,"height":48}})", id ? "," : "",
                          id, name);
    annotations += fmt::format(R"({}{{"id":{},"image_id":{},"keypoints":[{}]}})", id ? "," : "",
                               10 + id, id, joints);
    ++id;
  }
  folder.Write("a.json",
               fmt::format(R"({{"images":[{}],"annotations":[{}]}})", images, annotations));
  std::vector<LeftOut> left_out;
  const std::string spec = fmt::format("coco:{0}/a.json?images={0}/images", folder.path().string());
  const auto set = OpenDataset(spec, {}, [&](const LeftOut& one) { left_out.push_back(one); });
  ASSERT_EQ(set->size(), 3);
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(set->Get(i).image_path, (folder.path() / "images/sub/a.jpg").string()) << i;
    EXPECT_EQ(set->LoadImage(set->Get(i)).width, 64) << i;
  }
  ASSERT_EQ(left_out.size(), 2u);
  EXPECT_EQ(left_out[0].row, 3);
  EXPECT_EQ(left_out[1].row, 4);
  EXPECT_THAT(left_out[1].problem,
              AllOf(HasSubstr("annotation 14"), HasSubstr("'../secret.jpg' must be a path below")));
}

TEST(PictureLookup, SeesWhatCameSinceItListedTheFolder) {
  const TempFolder folder;
  EXPECT_EQ(FindPictureFile(folder.path() / "a"), fs::path());
  fs::last_write_time(folder.path(), fs::file_time_type::clock::now() - std::chrono::hours(1));
  EXPECT_EQ(FindPictureFile(folder.path() / "a"), fs::path());
  folder.Write("A.jpg", "x");
  EXPECT_EQ(FindPictureFile(folder.path() / "a"), folder.path() / "A.jpg");
}

// Every kind of data set finds the picture of another letter case, for training as for fitting.
TEST(Pictures, AreFoundWhateverTheirLetterCase) {
  const TempFolder folder;
  folder.Write("P_0001.JPG", Jpeg(300, 600));
  folder.Write("p_0001_keypoints.json", OpenPoseJson(25));
  folder.Write("a.json", Coco("p_0001.jpg", 300, 600));
  folder.Write("a.csv", "file,rank_x,rank_y,lank_x,lank_y\np_0001.jpg,12,30,25.5,70\n");
  for (const std::string kind : {"openpose:{0}", "coco:{0}/a.json", "csv:{0}/a.csv"}) {
    const auto set = OpenDataset(
        fmt::format(fmt::runtime(kind + "?images={0}&min_keypoints=2"), folder.path().string()));
    ASSERT_EQ(set->size(), 1) << kind;
    EXPECT_EQ(set->LoadImage(set->Get(0)).height, 600) << kind;
  }
}

// 64 x 48 stored, to be turned a quarter: the keypoints of OpenPose are of 48 x 64, those of a file
// with sizes of whichever it says.
TEST(Pictures, AreTurnedByExifAsTheirKeypointsAre) {
  const TempFolder folder;
  folder.Write("x.jpg", JpegWithExif(Jpeg(64, 48), ExifBytes(6)));
  const std::string dir = folder.path().string();
  const auto size = [&](const std::string& spec) {
    const auto set = OpenDataset(spec + "&images=" + dir);
    const ImageBuffer image = set->LoadImage(set->Get(0));
    // The first pixels are at the top right of the turned picture.
    const size_t right = size_t{3} * (image.width - 2);
    EXPECT_LT(image.pixels[image.width < image.height ? right : 0], 60) << spec;
    return fmt::format("{}x{}", image.width, image.height);
  };
  folder.Write("x_keypoints.json", OpenPoseJson(25));
  EXPECT_EQ(size("openpose:" + dir + "?min_keypoints=0"), "48x64");
  EXPECT_EQ(size("openpose:" + dir + "?exif=ignore"), "64x48");
  folder.Write("turned.json", Coco("x.jpg", 48, 64));
  folder.Write("stored.json", Coco("x.jpg", 64, 48));
  EXPECT_EQ(size("coco:" + dir + "/turned.json?min_keypoints=0"), "48x64");
  EXPECT_EQ(size("coco:" + dir + "/stored.json?min_keypoints=0"), "64x48");
  EXPECT_THAT(ProblemsOf("coco:" + dir + "/stored.json?exif=apply&images=" + dir),
              ElementsAre(HasSubstr("it is turned against its keypoints")));
}

// Half a turn keeps the size, which then does not tell whether the keypoints are of the turned one.
TEST(Pictures, OnTheirHeadAreTurnedWhateverTheirSizeSays) {
  const TempFolder folder;
  folder.Write("x.jpg", JpegWithExif(Jpeg(64, 48), ExifBytes(3)));
  const std::string dir = folder.path().string();
  folder.Write("sized.json", Coco("x.jpg", 64, 48));
  const auto first_and_last = [&](const std::string& more) {
    const auto set =
        OpenDataset("coco:" + dir + "/sized.json?min_keypoints=0&images=" + dir + more);
    const ImageBuffer image = set->LoadImage(set->Get(0));
    EXPECT_EQ(image.width, 64);
    const auto dark = [&](size_t pixel) { return image.pixels[3 * pixel] < 60; };
    return std::pair(dark(65), dark(size_t{64} * 48 - 66));
  };
  EXPECT_EQ(first_and_last(""), std::pair(false, true));
  EXPECT_EQ(first_and_last("&exif=apply"), std::pair(false, true));
  EXPECT_EQ(first_and_last("&exif=ignore"), std::pair(true, false));
}

// A crop at half the scale needs every second pixel, and not one more.
TEST(Pictures, AreReadNoFinerAndNoCoarserThanTheCropNeeds) {
  const TempFolder folder;
  folder.Write("x.jpg", Jpeg(160, 120));
  folder.Write("a.json", Coco("x.jpg", 160, 120));
  const auto set = OpenDataset("coco:" + (folder.path() / "a.json").string() +
                               "?min_keypoints=0&images=" + folder.path().string());
  const Person person = set->Get(0);
  const std::pair<double, int> expected[] = {{2, 1},    {0.51, 1}, {0.5, 2},   {0.26, 2},
                                             {0.25, 4}, {0.13, 4}, {0.125, 8}, {0.01, 8}};
  for (const auto& [scale, reduction] : expected) {
    const ImageBuffer image = set->LoadImageAtScale(person, scale);
    EXPECT_EQ(image.reduction, reduction) << scale;
    EXPECT_EQ(image.width, 160 / reduction) << scale;
    EXPECT_EQ(image.height, 120 / reduction) << scale;
  }
}

TEST(Pictures, OfAnotherSizeAreNamedWithBoth) {
  const TempFolder folder;
  folder.Write("a.jpg", Jpeg(128, 96));
  folder.Write("a.json", Coco("a.jpg", 64, 48));
  const std::string spec = "coco:" + (folder.path() / "a.json").string();
  EXPECT_THAT(ProblemsOf(spec),
              ElementsAre(AllOf(HasSubstr("0: data set coco, row 0: "), HasSubstr("128 x 96"),
                                HasSubstr("of a picture of 64 x 48"))));
  const auto set = OpenDataset(spec);
  EXPECT_THAT(UserErrorOf([&] { set->LoadImage(set->Get(0)); }), HasSubstr("128 x 96"));
}

// Centres of pixels are at integers: pixel 3 covers 2.5 to 3.5, and 5.5 to 7.5 of a picture twice
// as wide, whose middle is 6.5. The height is three times as large.
TEST(Pictures, AreMetByScaledKeypoints) {
  const TempFolder folder;
  folder.Write("a.jpg", Jpeg(128, 144));
  folder.Write("a.json", Coco("a.jpg", 64, 48));
  folder.Write("a.csv",
               "file,rank_x,rank_y,lank_x,lank_y,box_x,box_y,box_side\n"
               "a.jpg,3,10,30,40,20,30,40\n");
  const std::string coco = "coco:" + (folder.path() / "a.json").string();
  const auto set = OpenDataset(coco + "?keypoints_of=file&set=own");
  const Person person = set->Get(0);
  EXPECT_EQ(person.keypoints.px.row(4), Eigen::RowVector2d(8.5, 25));  // from (4, 8)
  EXPECT_EQ(person.keypoints.px.row(3), Eigen::RowVector2d(0, 0));     // not observed
  EXPECT_EQ(person.image_width, 128);
  EXPECT_EQ(set->LoadImage(person).width, 128);
  const std::string csv = "csv:" + (folder.path() / "a.csv").string() + "?min_keypoints=2&set=own";
  const Person one = OpenDataset(csv + "&keypoints_of=64x48")->Get(0);
  EXPECT_EQ(one.keypoints.px.row(0), Eigen::RowVector2d(6.5, 31));
  EXPECT_EQ(one.box.center_px, Vec2(40.5, 91));
  EXPECT_EQ(one.box.side_px, 120);
  const Person share = OpenDataset(csv + "&keypoints_of=1x1")->Get(0);
  EXPECT_EQ(share.keypoints.px.row(0), Eigen::RowVector2d(3 * 127, 10 * 143));
  EXPECT_THAT(UserErrorOf([&] { OpenDataset(csv + "&keypoints_of=file"); }),
              HasSubstr("keypoints_of=640x425"));
  EXPECT_THAT(UserErrorOf([&] { OpenDataset(csv + "&keypoints_of=64x"); }),
              HasSubstr("keypoints_of is '64x'"));
}

// Joint i of the sample stands at (10 i + 0.5, 20 i).
TEST(Pictures, ThatHoldNotHalfOfTheKeypointsAreNamed) {
  const TempFolder folder;
  folder.Write("x_keypoints.json", OpenPoseJson(25));
  const std::string spec = "openpose:" + folder.path().string();
  folder.Write("x.jpg", Jpeg(300, 600));
  EXPECT_THAT(ProblemsOf(spec), IsEmpty());
  folder.Write("x.jpg", Jpeg(150, 300));  // joints 1 to 14 but 10 fit; 15 to 24 but 20 don't
  EXPECT_THAT(ProblemsOf(spec), Not(Contains(HasSubstr("are they of this picture"))));
  folder.Write("x.jpg", Jpeg(75, 150));
  EXPECT_THAT(ProblemsOf(spec),
              ElementsAre(AllOf(HasSubstr("15 of 22 keypoints lie outside its 75 x 150 pixels, as "
                                          "far as (240, 480)"),
                                HasSubstr("keypoints_of="))));
}

// Joint i stands at (10 i + 0.5, 20 i): as EXIF turns it the picture has no room for the last.
TEST(Pictures, ThatExifTurnsAwayFromTheirKeypointsAreNamed) {
  const TempFolder folder;
  folder.Write("x_keypoints.json", OpenPoseJson(25));
  folder.Write("x.jpg", JpegWithExif(Jpeg(300, 485), ExifBytes(8)));
  const std::string spec = "openpose:" + folder.path().string();
  Person person = OpenDataset(spec)->Get(0);
  EXPECT_THAT(PictureProblem(person, InspectPersonPicture(person)),
              AllOf(HasSubstr("8 keypoints lie outside its 485 x 300 pixels as EXIF turns it"),
                    HasSubstr("exif=ignore")));
  person = OpenDataset(spec + "?exif=ignore")->Get(0);
  EXPECT_EQ(PictureProblem(person, InspectPersonPicture(person)), "");
}

TEST(DataCheck, NamesCoordinatesThatAreNoPixels) {
  const TempFolder folder;
  folder.Write("a.csv",
               "file,rank_x,rank_y,lank_x,lank_y,rkne_x,rkne_y\na.jpg,0.25,0.5,-0.125,1,1.02,-1\n"
               "a.jpg,12,30,25.5,70,18,60\n");
  folder.Write("a.jpg", Jpeg(64, 96));
  EXPECT_THAT(ProblemsOf("csv:" + (folder.path() / "a.csv").string() + "?min_keypoints=2"),
              ElementsAre(AllOf(HasSubstr("0: "), HasSubstr("keypoint_scale"))));
}

// Barrel distortion draws the keypoints towards the middle; undone, they lie where the pinhole's
// picture shows them, and that is the picture that the data set loads.
TEST(Cameras, StraightenKeypointsAndPictures) {
  const TempFolder folder;
  folder.Write("a.jpg", Jpeg(640, 480));
  folder.Write(
      "c.yml",
      "image_width: 640\nimage_height: 480\ncamera_matrix: [[400,0,320],[0,400,240],[0,0,1]]\n"
      "dist: [-0.25, 0.05, 0, 0]\n");
  Lens lens;
  lens.fx = lens.fy = 400;
  lens.center_px = Vec2(320, 240);
  lens.distortion = {-0.25, 0.05, 0, 0};
  const Vec2 true_px(120, 90), shown_px = lens.PhotographFromPinhole(true_px);
  EXPECT_GT((shown_px - true_px).norm(), 20);
  folder.Write("a.csv", fmt::format("file,rank_x,rank_y,lank_x,lank_y\na.jpg,{},{},320,240\n",
                                    shown_px.x(), shown_px.y()));
  const auto set =
      OpenDataset("csv:" + (folder.path() / "a.csv").string() +
                  "?min_keypoints=2&set=own&camera=" + (folder.path() / "c.yml").string());
  const Person person = set->Get(0);
  EXPECT_LT((person.keypoints.px.row(0).transpose() - true_px).norm(), 1e-5);
  EXPECT_EQ(person.keypoints.px.row(5), Eigen::RowVector2d(320, 240));
  ASSERT_TRUE(person.camera.has_value());
  EXPECT_EQ(person.camera->focal_px, 400);
  // The black corner's inner edge, at (160, 120) of the photograph, has moved outwards.
  const ImageBuffer image = set->LoadImage(person);
  const auto blue = [&](const Vec2& px) {
    const auto x = static_cast<int>(std::lround(px.x())), y = static_cast<int>(std::lround(px.y()));
    return image.pixels[size_t{3} * (y * image.width + x)];
  };
  const Vec2 edge = lens.PinholeFromPhotograph(Vec2(159.5, 119.5)).value();
  EXPECT_LT(blue(edge - Vec2(4, 4)), 60);
  EXPECT_GT(blue(edge + Vec2(4, 4)), 150);
  EXPECT_LT(edge.x(), 150);
}

TEST(Cameras, AreChosenByThePicturesPath) {
  const TempFolder folder;
  const auto file = folder.Write("c.toml",
                                 "[cam_1]\nmatrix = [[501,0,1],[0,501,1],[0,0,1]]\n"
                                 "[cam_12]\nmatrix = [[512,0,1],[0,512,1],[0,0,1]]\n"
                                 "['a/b.jpg']\nmatrix = [[600,0,1],[0,600,1],[0,0,1]]\n");
  const CameraSet cameras(file);
  const auto focal = [&](const std::string& name) {
    const auto lens = cameras.Of(name);
    return lens ? lens->fx : 0;
  };
  EXPECT_EQ(focal("cam_1/0001.jpg"), 501);
  EXPECT_EQ(focal("cam_12_000001"), 512);
  EXPECT_EQ(focal("cam_1.png"), 501);
  EXPECT_EQ(focal("x/cam_12-7.png"), 512);
  EXPECT_EQ(focal("a/b.jpg"), 600);
  EXPECT_EQ(focal("cam_123.png"), 0);
  EXPECT_EQ(CameraSet(file, "cam_12").Of("whatever.jpg")->fx, 512);
  EXPECT_THAT(UserErrorOf([&] { CameraSet(file, "cam_2"); }),
              HasSubstr("has no camera 'cam_2'; it has a/b.jpg, cam_1, cam_12"));
}

// Of names that all fit, the longest, whichever stands first.
TEST(Cameras, TheLongestNameThatFitsCounts) {
  const TempFolder folder;
  const CameraSet cameras(folder.Write("c.toml",
                                       "[cam]\nmatrix = [[501,0,1],[0,501,1],[0,0,1]]\n"
                                       "['cam-2']\nmatrix = [[502,0,1],[0,502,1],[0,0,1]]\n"
                                       "[zoo]\nmatrix = [[503,0,1],[0,503,1],[0,0,1]]\n"));
  EXPECT_EQ(cameras.Of("zoo/cam-2_0007.jpg")->fx, 502);
  EXPECT_EQ(cameras.Of("cam-2/zoo.png")->fx, 502);
  EXPECT_EQ(cameras.Of("cam-3.jpg")->fx, 501);
  EXPECT_EQ(cameras.Of("zoo/x.jpg")->fx, 503);
}

// A picture that no camera took has none; the others keep theirs.
TEST(Cameras, OfSeveralLeaveOthersPicturesWithoutOne) {
  const TempFolder folder;
  const auto cameras = folder.Write("c.toml",
                                    "[left]\nmatrix = [[501,0,31.5],[0,501,47.5],[0,0,1]]\n"
                                    "[right]\nmatrix = [[512,0,1],[0,512,1],[0,0,1]]\n");
  const auto csv = folder.Write("a.csv",
                                "file,rank_x,rank_y,lank_x,lank_y\nleft_1.jpg,12,30,25.5,70\n"
                                "middle_1.jpg,12,30,25.5,70\n");
  const auto set =
      OpenDataset("csv:" + csv.string() + "?min_keypoints=2&camera=" + cameras.string());
  ASSERT_EQ(set->size(), 2);
  EXPECT_EQ(set->Get(0).camera.value().center_px, Vec2(31.5, 47.5));
  EXPECT_FALSE(set->Get(1).camera.has_value());
  EXPECT_EQ(set->Get(1).non_finite, 1);
}

TEST(Cameras, StandInColumnsOfATable) {
  const TempFolder folder;
  const auto csv = folder.Write("a.csv",
                                "file,rank_x,rank_y,lank_x,lank_y,focal_px,center_x,center_y\n"
                                "1.jpg,12,30,25.5,70,812.5,321,243\n2.jpg,12,30,25.5,70,,,\n");
  const auto set = OpenDataset("csv:" + csv.string() + "?min_keypoints=2");
  ASSERT_EQ(set->size(), 2);
  EXPECT_EQ(set->Get(0).camera.value().focal_px, 812.5);
  EXPECT_EQ(set->Get(0).camera.value().center_px, Vec2(321, 243));
  EXPECT_FALSE(set->Get(1).camera.has_value());
}

}  // namespace
}  // namespace gyre
