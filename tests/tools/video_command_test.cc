// SPDX-License-Identifier: Apache-2.0
// gyre fit --video: two people of whom everything is known walk past each other.
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>
#include <opencv2/core/mat.hpp>

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
    Rng rng(1, RngStream::kTest);
    for (int i = 0; i < kVideoFrames; ++i) {
      nlohmann::json people = nlohmann::json::array();
      for (const int k : {i % 2, 1 - i % 2}) {  // every second frame lists them the other way round
        if (k == 1 && i == kMissedFrame) continue;
        people.push_back(PersonAt(k, i, &rng));
      }
      std::ofstream(FileOf(i)) << nlohmann::json{{"people", people}};
    }
  }
  fs::path FileOf(int i) const {
    return folder_ / ("pass_" + std::to_string(i) + "_keypoints.json");
  }
  static nlohmann::json PersonAt(int person, int frame, Rng* rng) {
    static const BodyModel body = MakeBuiltinBody();
    const double seconds = frame / 25.0;
    BodyParams truth{SmplLayout()};
    truth.rotation(0) =
        LogSO3(ExpSO3(Vec3(std::numbers::pi, 0, 0)) * ExpSO3(Vec3(0, person ? -1 : 1, 0)));
    truth.transl() = Vec3(person == 0 ? seconds - 0.3 : 0.4 - seconds, 0, 5 + person);
    const Camera camera{1000, {639.5, 359.5}};
    const Points3 joints = ModelJoints(body, truth, FindKeypointSet("body25"));
    std::vector<double> numbers;
    for (int k = 0; k < joints.rows(); ++k) {
      const Vec2 px = camera.Project(joints.row(k).transpose());
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
