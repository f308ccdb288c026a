// SPDX-License-Identifier: Apache-2.0
// gyre fit --video: two people of whom everything is known walk past each other.
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>
#include <opencv2/core/mat.hpp>
#include <span>
#include <sstream>

#include "body/model_joints.h"
#include "core/camera.h"
#include "core/rng.h"
#include "core/so3.h"
#include "io/image.h"
#include "io/npz.h"
#include "io/video.h"
#include "tools/run_gyre.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class VideoCommandTest : public testing::Test {
 protected:
  static constexpr int kVideoFrames = 18, kMissedFrame = 7;

  void SetUp() override {
    fs::create_directory(folder_);
    WriteFrames(/*moving=*/false);
  }
  // Where a camera that moves is: it pans to the right, goes to the right, and zooms.
  struct Place {
    Mat3 rotation = Mat3::Identity();
    Vec3 translation = Vec3::Zero();
    double focal_px = 1000;
  };
  static Place PlaceAt(int frame) {
    return {ExpSO3(Vec3(0, -0.01 * frame, 0)), Vec3(-0.02 * frame, 0, 0.005 * frame),
            1000 + 8.0 * frame};
  }
  void WriteFrames(bool moving) const {
    Rng rng(1, RngStream::kTest);
    for (int i = 0; i < kVideoFrames; ++i) {
      nlohmann::json people = nlohmann::json::array();
      for (const int k : {i % 2, 1 - i % 2}) {  // every second frame lists them the other way round
        if (k == 1 && i == kMissedFrame) continue;
        people.push_back(PersonAt(k, i, moving ? PlaceAt(i) : Place(), &rng));
      }
      std::ofstream(FileOf(i)) << nlohmann::json{{"people", people}};
    }
  }
  fs::path FileOf(int i) const {
    return folder_ / ("pass_" + std::to_string(i) + "_keypoints.json");
  }
  static nlohmann::json PersonAt(int person, int frame, const Place& place, Rng* rng) {
    static const BodyModel body = MakeBuiltinBody();
    const double seconds = frame / 25.0;
    BodyParams truth{SmplLayout()};
    truth.rotation(0) =
        LogSO3(ExpSO3(Vec3(std::numbers::pi, 0, 0)) * ExpSO3(Vec3(0, person ? -1 : 1, 0)));
    truth.transl() = Vec3(person == 0 ? seconds - 0.3 : 0.4 - seconds, 0, 5 + person);
    const Camera camera{place.focal_px, {639.5, 359.5}};
    const Points3 joints = ModelJoints(body, truth, FindKeypointSet("body25"));
    std::vector<double> numbers;
    for (int k = 0; k < joints.rows(); ++k) {
      const Vec3 seen = place.rotation * joints.row(k).transpose() + place.translation;
      const Vec2 px = camera.Project(seen);
      numbers.insert(numbers.end(), {px.x() + rng->Normal(), px.y() + rng->Normal(), 1});
    }
    return {{"pose_keypoints_2d", numbers}};
  }
  ProgramResult Fit(const std::vector<std::string>& more) const {
    std::vector<std::string> args = {"fit", "--video", folder_, "--out", out_, "--quiet"};
    args.insert(args.end(), more.begin(), more.end());
    return Gyre(args);
  }

  ScratchFolder scratch_;
  const fs::path folder_ = scratch_ / "keypoints", out_ = scratch_ / "video.npz";
};

TEST_F(VideoCommandTest, EverybodyIsATrackThatExportTakes) {
  const fs::path drawn = scratch_ / "drawn.avi", picture_file = scratch_ / "frame.png";
  WriteImage(picture_file, cv::Mat(720, 1280, CV_8UC3, cv::Scalar(9, 80, 200)));
  const ProgramResult result = Fit({"--fps", "25", "--focal", "1000", "--json", "--images",
                                    picture_file, "--overlay-video", drawn});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  const auto report = nlohmann::json::parse(result.out);
  EXPECT_EQ(report["tracks"], 2);
  EXPECT_EQ(report["persons"], 2 * kVideoFrames);
  EXPECT_EQ(report["bridged"], 1);

  const Npz npz = ReadNpz(out_);
  const auto track = Get(npz, "track", out_).As<int64_t>();
  const auto frame = Get(npz, "frame", out_).As<int64_t>();
  const auto person = Get(npz, "person", out_).As<int64_t>();
  const auto usable = Get(npz, "usable", out_).As<int>();
  const auto transl = Get(npz, "transl", out_).As<double>();
  for (size_t i = 0; i < track.size(); ++i) {
    EXPECT_EQ(frame[i], static_cast<int64_t>(i / 2));
    EXPECT_EQ(track[i], static_cast<int64_t>(i % 2));
    const bool missed = frame[i] == kMissedFrame && track[i] == 1;
    EXPECT_EQ(usable[i], !missed);
    EXPECT_EQ(person[i], missed                     ? -1
                         : frame[i] == kMissedFrame ? 0
                         : frame[i] % 2             ? 1 - track[i]
                                                    : track[i]);
    const double seconds = static_cast<double>(frame[i]) / 25;
    EXPECT_NEAR(transl[3 * i], track[i] == 0 ? seconds - 0.3 : 0.4 - seconds, 0.1) << i;
  }
  VideoReader reader(drawn);
  cv::Mat picture;
  int frames = 0;
  while (reader.Next(&picture)) ++frames;
  EXPECT_EQ(frames, kVideoFrames);

  const ProgramResult exported =
      Gyre({"export", out_, "--format", "bvh", "--out", scratch_ / "a.bvh", "--quiet"});
  ASSERT_EQ(exported.exit_code, 0) << exported.err;
  EXPECT_TRUE(fs::exists(scratch_ / "a_person_0.bvh"));
  EXPECT_TRUE(fs::exists(scratch_ / "a_person_1.bvh"));
}

TEST_F(VideoCommandTest, ACameraThatMovesIsTakenOutOfTheMotion) {
  WriteFrames(/*moving=*/true);
  const fs::path path = scratch_ / "path.npz";
  std::vector<double> rotation, translation, focal;
  for (int i = 0; i < kVideoFrames; ++i) {
    const Place place = PlaceAt(i);
    for (int k = 0; k < 9; ++k) rotation.push_back(place.rotation(k / 3, k % 3));
    for (int k = 0; k < 3; ++k) translation.push_back(place.translation[k]);
    focal.push_back(place.focal_px);
  }
  const auto write = [&](int64_t frames) {
    const auto first = [&](const std::vector<double>& of, int64_t each) {
      return std::span(of).first(static_cast<size_t>(each * frames));
    };
    WriteNpz(path, {{"rotation", NdArray::From<double>({frames, 3, 3}, first(rotation, 9))},
                    {"translation", NdArray::From<double>({frames, 3}, first(translation, 3))},
                    {"focal_px", NdArray::From<double>({frames}, first(focal, 1))}});
  };
  const fs::path picture = scratch_ / "frame.png";
  WriteImage(picture, cv::Mat(720, 1280, CV_8UC3, cv::Scalar::all(7)));
  const std::vector<std::string> with = {"--fps",         "25", "--focal",  "1000",
                                         "--camera-path", path, "--images", picture};
  write(kVideoFrames - 1);
  const ProgramResult too_short = Fit(with);
  ExpectOneSentence(too_short, 1);
  EXPECT_THAT(too_short.err, HasSubstr("has 17 frames, the video 18"));
  write(kVideoFrames);
  const ProgramResult result = Fit(with);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Npz npz = ReadNpz(out_);
  const auto track = Get(npz, "track", out_).As<int64_t>();
  const auto frame = Get(npz, "frame", out_).As<int64_t>();
  const auto transl = Get(npz, "transl", out_).As<double>();
  const auto error_px = Get(npz, "reprojection_px", out_).As<double>();
  for (size_t i = 0; i < track.size(); ++i) {
    // The pelvis is at the translation but for 0.25 m of height at most: rows are as their camera
    // sees them, where the world is where the people were.
    const Place place = PlaceAt(static_cast<int>(frame[i]));
    const Vec3 seen(transl[3 * i], transl[3 * i + 1], transl[3 * i + 2]);
    const Vec3 world = place.rotation.transpose() * (seen - place.translation);
    const double seconds = static_cast<double>(frame[i]) / 25;
    EXPECT_NEAR(world.x(), track[i] == 0 ? seconds - 0.3 : 0.4 - seconds, 0.12) << i;
    const bool missed = frame[i] == kMissedFrame && track[i] == 1;
    if (missed) continue;
    EXPECT_LT(error_px[i], 4) << i;
  }
  const auto steps_of = [&](std::vector<std::string> more) {
    const fs::path table = scratch_ / "joints.csv";
    more.insert(more.begin(), {"export", out_, "--format", "csv", "--out", table, "--quiet"});
    EXPECT_EQ(Gyre(more).exit_code, 0);
    std::ifstream lines(table);
    std::vector<double> pelvis_x;
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
      if (!line.starts_with("person_0,")) continue;
      std::istringstream cells(line);
      std::string cell;
      for (int k = 0; k < 4; ++k) std::getline(cells, cell, ',');
      pelvis_x.push_back(std::stod(cell));
    }
    return pelvis_x;
  };
  const std::vector<double> in_world = steps_of({"--camera-path", path});
  ASSERT_EQ(in_world.size(), size_t{kVideoFrames});
  EXPECT_NEAR(in_world.back() - in_world.front(), 17 / 25.0, 0.03);
  const std::vector<double> in_camera = steps_of({"--force"});
  EXPECT_GT(std::abs(in_camera.back() - in_camera.front() - 17 / 25.0), 0.2);
}

TEST_F(VideoCommandTest, WhatIsNoVideoIsSaidInASentence) {
  const auto error = [&](int exit_code) {
    const ProgramResult result = Fit({"--fps", "25", "--focal", "1000"});
    ExpectOneSentence(result, exit_code);
    return result.err;
  };
  for (int i = 1; i < kVideoFrames; ++i) fs::remove(FileOf(i));
  EXPECT_THAT(error(1), HasSubstr("is one frame"));
  fs::remove(FileOf(0));
  EXPECT_THAT(error(1), HasSubstr("neither keypoints"));
  std::ofstream(folder_ / "notes.txt") << "no pictures";
  EXPECT_THAT(error(1), HasSubstr("nor pictures"));
  fs::remove_all(folder_);
  EXPECT_THAT(error(1), HasSubstr("there is no such file"));
  std::ofstream{folder_};
  EXPECT_THAT(error(1), HasSubstr("is an empty file"));
  std::ofstream(folder_) << "no video";
  EXPECT_THAT(error(1), HasSubstr("the codec"));
  EXPECT_FALSE(fs::exists(out_));
}

TEST_F(VideoCommandTest, FramesHaveOneSize) {
  const fs::path images = scratch_ / "images";
  fs::create_directory(images);
  for (int i = 0; i < kVideoFrames; ++i) {
    WriteImage(images / ("pass_" + std::to_string(i) + ".png"),
               cv::Mat(720, i < 5 ? 1280 : 1278, CV_8UC3, cv::Scalar::all(9)));
  }
  const ProgramResult result = Fit({"--fps", "25", "--focal", "1000", "--images", images});
  ExpectOneSentence(result, 1);
  EXPECT_THAT(result.err, HasSubstr("1278 x 720 pixels, the frames before it 1280 x 720"));
}

TEST_F(VideoCommandTest, WrongUsageNamesTheOption) {
  for (const auto& [more, expected] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"--person", "0"}, "leave --person out"},
           {{"--start", "mean"}, "leave --start out"},
           {{"--sequence"}, "leave --sequence out"},
           {{"--coco", "x.json"}, "--video and --coco"},
           {{"--track.min-similarity", "2"}, "min_similarity"},
           {{"--height", "18"}, "height_m is 18"},
           {{"--overlay-video", "x.gif"}, ".mp4 or .avi"}}) {
    const ProgramResult result = Fit(more);
    EXPECT_NE(result.exit_code, 0);
    EXPECT_THAT(result.err, HasSubstr(expected));
  }
  const ProgramResult without =
      Gyre({"fit", "--openpose", folder_, "--out", out_, "--track.max-gap-s", "2"});
  ExpectOneSentence(without, 2);
  EXPECT_THAT(without.err, HasSubstr("--track.max-gap-s belongs to --video"));
}

}  // namespace
}  // namespace gyre
