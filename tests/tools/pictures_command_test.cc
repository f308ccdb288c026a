// SPDX-License-Identifier: Apache-2.0
// gyre fit and gyre data check on pictures and cameras as users bring them: turned, of another
// size, in folders, named in capitals, with focal lengths in mm.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>
#include <opencv2/core.hpp>

#include "body/body_model.h"
#include "body/model_joints.h"
#include "core/camera.h"
#include "io/exif_samples.h"
#include "io/image.h"
#include "io/npz.h"
#include "tools/run_gyre.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr double kSceneFocalPx = 600;
constexpr int kWidth = 480, kHeight = 360;

class PicturesCommandTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const BodyModel body = MakeBuiltinBody();
    BodyParams person{SmplLayout()};
    person.rotation(0) = Vec3(std::numbers::pi, 0, 0);
    person.transl() = Vec3{0.5, 0.1, 4};
    const Camera camera{kSceneFocalPx, {(kWidth - 1) / 2.0, (kHeight - 1) / 2.0}};
    const auto project = [&](const char* set) {
      const Points3 joints = ModelJoints(body, person, FindKeypointSet(set));
      auto* points = new std::vector<Vec2>;
      for (int i = 0; i < joints.rows(); ++i) {
        points->push_back(camera.Project(joints.row(i).transpose()));
      }
      return points;
    };
    body25_ = project("body25");
    coco17_ = project("coco17");
  }
  static void TearDownTestSuite() {
    delete body25_;
    delete coco17_;
  }

  void SetUp() override { fs::create_directories(images_); }

  // The person, each pixel at `scale` times itself.
  void WriteOpenPose(const std::string& name, double scale = 1) const {
    std::vector<double> numbers;
    for (const Vec2& px : *body25_) {
      numbers.insert(numbers.end(), {scale * px.x(), scale * px.y(), 1});
    }
    fs::create_directories(json_);
    std::ofstream(json_ / (name + "_keypoints.json"))
        << nlohmann::json{{"people", {{{"pose_keypoints_2d", numbers}}}}};
  }
  // The same person in every picture.
  fs::path WriteCoco(const std::vector<std::string>& pictures, int width, int height) const {
    nlohmann::json coco = {{"images", nlohmann::json::array()},
                           {"annotations", nlohmann::json::array()}};
    std::vector<double> numbers;
    for (const Vec2& px : *coco17_) numbers.insert(numbers.end(), {px.x(), px.y(), 2});
    for (size_t i = 0; i < pictures.size(); ++i) {
      coco["images"].push_back(
          {{"id", i}, {"file_name", pictures[i]}, {"width", width}, {"height", height}});
      coco["annotations"].push_back({{"id", 10 + i},
                                     {"image_id", i},
                                     {"iscrowd", 0},
                                     {"num_keypoints", 17},
                                     {"bbox", {1, 1, 90, 90}},
                                     {"keypoints", numbers}});
    }
    std::ofstream(scratch_ / "people.json") << coco;
    return scratch_ / "people.json";
  }
  void WritePicture(const std::string& name, int width, int height,
                    const std::string& exif = "") const {
    const fs::path path = images_ / name;
    fs::create_directories(path.parent_path());
    const fs::path jpeg = scratch_ / "picture.jpg";
    WriteImage(jpeg, cv::Mat(height, width, CV_8UC3, cv::Scalar::all(250)));
    const std::string bytes = ReadFile(jpeg);
    std::ofstream(path, std::ios::binary) << (exif.empty() ? bytes : JpegWithExif(bytes, exif));
  }

  ProgramResult Fit(const std::vector<std::string>& more) const {
    std::vector<std::string> args = {"fit",     "--out",     out_, "--quiet",
                                     "--force", "--threads", "1"};
    args.insert(args.end(), more.begin(), more.end());
    return Gyre(args);
  }
  ProgramResult FitOpenPose(const std::vector<std::string>& more) const {
    std::vector<std::string> args = {"--openpose", json_, "--images", images_};
    args.insert(args.end(), more.begin(), more.end());
    return Fit(args);
  }
  std::vector<double> Column(const std::string& key) const {
    return Get(ReadNpz(out_), key, out_).As<double>(key);
  }
  std::vector<std::string> Reasons() const { return Get(ReadNpz(out_), "reason", out_).strings; }
  // Where the body is in an overlay: the middle of what is no longer white.
  static Vec2 MiddleOfBody(const fs::path& overlay) {
    const cv::Mat picture = ReadImage(overlay);
    Vec2 sum = Vec2::Zero();
    double count = 0;
    for (int y = 0; y < picture.rows; ++y) {
      for (int x = 0; x < picture.cols; ++x) {
        if (picture.at<cv::Vec3b>(y, x)[2] > 235) continue;
        sum += Vec2(x, y);
        ++count;
      }
    }
    return sum / count;
  }
  static Vec2 MiddleOfPerson() {
    Vec2 sum = Vec2::Zero();
    for (const Vec2& px : *body25_) sum += px;
    return sum / static_cast<double>(body25_->size());
  }

  static inline std::vector<Vec2>*body25_ = nullptr, *coco17_ = nullptr;
  ScratchFolder scratch_;
  const fs::path images_ = scratch_ / "img", json_ = scratch_ / "json", out_ = scratch_ / "o.npz",
                 overlays_ = scratch_ / "overlays";
};

// A phone's picture, stored on its side, to be turned a quarter: the body stands on the person.
TEST_F(PicturesCommandTest, TurnsPhonesPictures) {
  WriteOpenPose("phone");
  WritePicture("phone.jpg", kHeight, kWidth, ExifBytes(8));
  const std::vector<std::string> drawn = {"--overlays", overlays_, "--focal", "600"};
  ProgramResult result = FitOpenPose(drawn);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(Column("center_px"), (std::vector<double>{(kWidth - 1) / 2.0, (kHeight - 1) / 2.0}));
  ASSERT_EQ(ReadImageHeader(overlays_ / "phone.png").width, kWidth);
  EXPECT_LT((MiddleOfBody(overlays_ / "phone.png") - MiddleOfPerson()).norm(), 30);

  const fs::path coco = WriteCoco({"phone.jpg"}, kWidth, kHeight);
  result = Fit({"--coco", coco, "--images", images_, "--overlays", overlays_ / "coco"});
  EXPECT_EQ(result.err, "");
  EXPECT_LT((MiddleOfBody(overlays_ / "coco" / "phone.png") - MiddleOfPerson()).norm(), 30);
  const std::string spec = "?images=" + images_.string();
  EXPECT_EQ(Gyre({"data", "check", "openpose:" + json_.string() + spec}).exit_code, 0);
  EXPECT_EQ(Gyre({"data", "check", "coco:" + coco.string() + spec}).exit_code, 0);

  // As it is stored, it lies.
  result = FitOpenPose({"--exif", "ignore", "--focal", "600"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Column("center_px"), (std::vector<double>{(kHeight - 1) / 2.0, (kWidth - 1) / 2.0}));
}

TEST_F(PicturesCommandTest, NamesPicturesOfAnotherSize) {
  WritePicture("a.jpg", 2 * kWidth, 2 * kHeight);
  const fs::path coco = WriteCoco({"a.jpg"}, kWidth, kHeight);
  const auto sizes = AllOf(HasSubstr("960 x 720"), HasSubstr("480 x 360"));
  ProgramResult result = Fit({"--coco", coco, "--images", images_, "--overlays", overlays_});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, AllOf(sizes, HasSubstr("it is not drawn")));
  EXPECT_FALSE(fs::exists(overlays_ / "a.png"));
  result = Gyre({"data", "check", "coco:" + coco.string() + "?images=" + images_.string()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, AllOf(HasSubstr("row 0: "), sizes, HasSubstr("1 problem")));

  result = Fit({"--coco", coco, "--images", images_, "--overlays", overlays_, "--keypoints-of",
                "file", "--focal", "1200"});
  EXPECT_EQ(result.err, "");
  EXPECT_LT((MiddleOfBody(overlays_ / "a.png") - 2 * MiddleOfPerson()).norm(), 60);
}

TEST_F(PicturesCommandTest, NamesKeypointsOutsideThePicture) {
  WriteOpenPose("a", 3);
  WritePicture("a.jpg", kWidth, kHeight);
  ProgramResult result = FitOpenPose({});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, AllOf(HasSubstr("lie outside its 480 x 360 pixels"),
                                HasSubstr("are they of this picture")));
  EXPECT_EQ(FitOpenPose({"--keypoints-of", "1440x1080"}).err, "");
}

TEST_F(PicturesCommandTest, RefusesCoordinatesThatAreNoPixels) {
  WritePicture("a.jpg", kWidth, kHeight);
  WriteOpenPose("a", 1.0 / kWidth);
  ProgramResult result = FitOpenPose({});
  EXPECT_THAT(result.err, HasSubstr("keypoint_scale"));
  EXPECT_THAT(result.out, HasSubstr("refused: not_pixels"));
  EXPECT_EQ(Reasons(), std::vector<std::string>{"not_pixels"});
  result = Gyre({"data", "check", "openpose:" + json_.string() + "?images=" + images_.string()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, AllOf(HasSubstr("row 0: "), HasSubstr("keypoint_scale")));
}

TEST_F(PicturesCommandTest, TakesFocalLengthsInMillimetresByTheirName) {
  WriteOpenPose("a");
  WritePicture("a.jpg", kWidth, kHeight, ExifBytes(1, 43));
  ProgramResult result = FitOpenPose({"--focal", "35"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("35 px"), HasSubstr("is it mm? --focal-mm 35")));
  EXPECT_EQ(FitOpenPose({"--focal-mm", "43.2666153"}).exit_code, 0);
  EXPECT_NEAR(Column("focal_px")[0], kSceneFocalPx, 1e-4);  // as many px as the diagonal has, 3-4-5
  EXPECT_EQ(FitOpenPose({"--focal-mm", "exif"}).exit_code, 0);
  EXPECT_NEAR(Column("focal_px")[0], kSceneFocalPx * 43 / 43.2666153, 1e-4);
  EXPECT_EQ(FitOpenPose({"--focal", "600", "--center", "241.5,170"}).exit_code, 0);
  EXPECT_EQ(Column("center_px"), (std::vector<double>{241.5, 170}));
  const auto wrong = [&](const std::vector<std::string>& more) {
    const ProgramResult refused = FitOpenPose(more);
    EXPECT_EQ(refused.exit_code, 2) << refused.err;
    return refused.err;
  };
  EXPECT_THAT(wrong({"--focal", "600", "--focal-mm", "35"}), HasSubstr("give one of them"));
  EXPECT_THAT(wrong({"--focal-mm", "35mm"}), HasSubstr("--focal-mm is '35mm'"));
  EXPECT_THAT(wrong({"--center", "3,4"}), HasSubstr("--center needs"));
  EXPECT_THAT(wrong({"--focal", "600", "--center", "3"}), HasSubstr("X,Y"));
  EXPECT_THAT(wrong({"--exif", "yes"}), HasSubstr("by-size"));
}

// A barrel lens: with its calibration the person is where they are, without they are not.
TEST_F(PicturesCommandTest, UndoesTheDistortionOfACalibratedCamera) {
  WritePicture("a.jpg", kWidth, kHeight);
  WriteOpenPose("a");
  std::ofstream(scratch_ / "c.toml")
      << "[a]\nsize = [480.0, 360.0]\nmatrix = [[600.0, 0.0, 239.5], [0.0, 600.0, 179.5], [0.0, "
         "0.0, 1.0]]\ndistortions = [0.0, 0.0, 0.0, 0.0]\n[b]\nmatrix = [[450.0, 0.0, 200.0], "
         "[0.0, 450.0, 150.0], [0.0, 0.0, 1.0]]\ndistortions = [-0.3, 0.0, 0.0, 0.0]\n";
  ProgramResult result = FitOpenPose({"--camera", scratch_ / "c.toml"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Column("focal_px")[0], 600);
  const std::vector<double> transl = Column("transl");
  EXPECT_EQ(FitOpenPose({"--focal", "600"}).exit_code, 0);
  EXPECT_EQ(Column("transl"), transl);  // the picture's own camera is an ideal one
  result =
      FitOpenPose({"--camera", scratch_ / "c.toml", "--camera-name", "b", "--overlays", overlays_});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Column("focal_px")[0], 450);
  EXPECT_EQ(Column("center_px"), (std::vector<double>{200, 150}));
  EXPECT_NE(Column("transl"), transl);
  EXPECT_TRUE(fs::exists(overlays_ / "a.png"));
  EXPECT_THAT(FitOpenPose({"--camera", scratch_ / "c.toml", "--camera-name", "c"}).err,
              HasSubstr("has no camera 'c'; it has a, b"));
}

TEST_F(PicturesCommandTest, KeepsOverlaysApart) {
  for (const char* name : {"a.jpg", "sub/a.jpg", "b.jpg", "b.png"}) {
    WritePicture(name, kWidth, kHeight);
  }
  const fs::path coco = WriteCoco({"a.jpg", "sub/a.jpg", "b.jpg", "b.png"}, kWidth, kHeight);
  EXPECT_EQ(Fit({"--coco", coco, "--images", images_, "--overlays", overlays_}).err, "");
  for (const char* name : {"a.png", "sub/a.png", "b.jpg.png", "b.png.png"}) {
    EXPECT_TRUE(fs::exists(overlays_ / name)) << name;
  }
  // Into the pictures' own folder: none is replaced.
  const std::string before = ReadFile(images_ / "b.png");
  EXPECT_EQ(Fit({"--coco", coco, "--images", images_, "--overlays", images_}).err, "");
  EXPECT_EQ(ReadFile(images_ / "b.png"), before);
}

TEST_F(PicturesCommandTest, FindsPicturesOfACameraInEveryCommand) {
  WriteOpenPose("DSC_0001");
  WritePicture("DSC_0001.JPG", kWidth, kHeight);
  std::ofstream(images_ / "._DSC_0001.JPG") << "AppleDouble";
  EXPECT_EQ(FitOpenPose({"--overlays", overlays_}).err, "");
  EXPECT_TRUE(fs::exists(overlays_ / "DSC_0001.png"));
  fs::remove_all(overlays_);
  const std::string spec = "openpose:" + json_.string() + "?images=" + images_.string();
  EXPECT_EQ(Fit({"--data", spec, "--overlays", overlays_}).err, "");
  EXPECT_TRUE(fs::exists(overlays_ / "DSC_0001.png"));
  const ProgramResult result = Gyre({"data", "check", spec});
  EXPECT_EQ(result.exit_code, 0) << result.out;
  EXPECT_THAT(result.out, HasSubstr("1 sample, 0 problems"));
}

// Digits, points, spaces and umlauts in the names of files and folders.
TEST_F(PicturesCommandTest, TakesAnyNames) {
  for (const std::string name : {"0m_2.6_win_1_00", "Läufer 1"}) {
    WriteOpenPose(name);
    WritePicture(name + ".JPG", kWidth, kHeight);
  }
  EXPECT_EQ(FitOpenPose({"--overlays", scratch_ / "ö v"}).err, "");
  EXPECT_TRUE(fs::exists(scratch_ / "ö v" / "0m_2.6_win_1_00.png"));
  EXPECT_TRUE(fs::exists(scratch_ / "ö v" / "Läufer 1.png"));
}

// The paths of another machine, and one that is nowhere.
TEST_F(PicturesCommandTest, FindsPicturesOfOtherMachines) {
  WritePicture("sub/a.jpg", kWidth, kHeight);
  const fs::path coco = WriteCoco(
      {"/home/x/sub/a.jpg", "C:\\x\\sub\\A.JPG", "sub\\a.jpg", "/etc/passwd"}, kWidth, kHeight);
  const ProgramResult result = Fit({"--coco", coco, "--images", images_, "--overlays", overlays_});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("1 annotation left out, the first"),
                    HasSubstr("'/etc/passwd' must be a path below the picture folder")));
  EXPECT_EQ(Reasons(), std::vector<std::string>(3, "ok"));
  EXPECT_TRUE(fs::exists(overlays_ / "sub/a.png"));
}

TEST_F(PicturesCommandTest, SaysWhoHasNoPictureOrNoSize) {
  WritePicture("a.jpg", kWidth, kHeight);
  WritePicture("b.jpg", kWidth, kHeight);
  const fs::path coco = WriteCoco({"a.jpg", "b.jpg", "c.jpg"}, kWidth, kHeight);
  const ProgramResult one = Fit({"--coco", coco, "--images", images_});
  EXPECT_EQ(one.exit_code, 0) << one.err;
  EXPECT_THAT(one.err, HasSubstr("no picture for 1 of 3 persons, \"c.jpg\" for one"));
  // A picture that cannot be read has no size to bring keypoints to.
  std::ofstream(images_ / "b.jpg") << "no picture";
  const ProgramResult torn =
      Fit({"--coco", coco, "--images", images_, "--keypoints-of", "640x480"});
  EXPECT_EQ(torn.exit_code, 0) << torn.err;
  EXPECT_THAT(torn.err, AllOf(HasSubstr("img/b.jpg"),
                              HasSubstr("its keypoints cannot be scaled and are left out")));
  EXPECT_EQ(Reasons(), (std::vector<std::string>{"ok", "too_few_joints", "ok"}));

  WriteOpenPose("a");
  const ProgramResult nobody = Fit({"--openpose", json_, "--focal", "500"});
  ExpectOneSentence(nobody, 1);
  EXPECT_THAT(nobody.err, HasSubstr("--focal needs the size of the image; name the pictures with "
                                    "--images"));
  WriteOpenPose("z");
  const ProgramResult half = FitOpenPose({"--focal", "500"});
  EXPECT_EQ(half.exit_code, 0) << half.err;
  EXPECT_THAT(half.err,
              HasSubstr("1 of 2 persons are refused: --focal needs the size of their image"));
}

// Left and right, head and feet in another order: fitted, but not to these keypoints.
TEST_F(PicturesCommandTest, FlagsFitsOfAnotherJointOrder) {
  std::ranges::reverse(*body25_);
  WriteOpenPose("a");
  std::ranges::reverse(*body25_);
  WritePicture("a.jpg", kWidth, kHeight);
  const ProgramResult result = FitOpenPose({});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, AllOf(HasSubstr("large_error"), HasSubstr("fit.max_error_share")));
  EXPECT_THAT(result.out, HasSubstr("refused: large_error"));
  EXPECT_TRUE(std::isnan(Column("transl")[0]));
  EXPECT_GT(Column("reprojection_px")[0], 20);
  EXPECT_EQ(FitOpenPose({"--fit.max-error-share", "0"}).err, "");
}

}  // namespace
}  // namespace gyre
