// SPDX-License-Identifier: Apache-2.0
// Pictures without keypoints as data: images:DIR.
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>

#include "io/image.h"
#include "tools/run_gyre.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class PhotographsTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(photos_ / "more");
    WriteImage(photos_ / "a.png", cv::Mat(70, 50, CV_8UC3, cv::Scalar(9, 80, 160)));
    WriteImage(photos_ / "more/b.png", cv::Mat(61, 83, CV_8UC3, cv::Scalar(200, 8, 60)));
  }
  // A person in each of them, the second with nine keypoints.
  fs::path WriteKeypoints() const {
    nlohmann::json coco = {{"images", nlohmann::json::array()},
                           {"annotations", nlohmann::json::array()}};
    for (const int i : {0, 1}) {
      std::vector<double> numbers;
      for (int k = 0; k < 17; ++k) {
        numbers.insert(numbers.end(), {11.0 + k % 5 * 6, 8.5 + 3 * k, i == 1 && k > 8 ? 0.0 : 0.9});
      }
      coco["images"].push_back({{"id", 4 + i},
                                {"file_name", i == 0 ? "a.png" : "more/b.png"},
                                {"width", i == 0 ? 50 : 83},
                                {"height", i == 0 ? 70 : 61}});
      coco["annotations"].push_back({{"id", 8 + i},
                                     {"image_id", 4 + i},
                                     {"bbox", {3, 4, 40, 50}},
                                     {"score", 0.8},
                                     {"keypoints", numbers}});
    }
    const fs::path file = scratch_ / "k.json";
    std::ofstream(file) << coco;
    return file;
  }

  ScratchFolder scratch_;
  const fs::path photos_ = scratch_ / "photos", run_ = scratch_ / "run";
};

TEST_F(PhotographsTest, WhatIsMissingIsSaid) {
  fs::create_directories(scratch_ / "empty");
  const ProgramResult no_networks =
      Gyre({"train", "--preset", "demo", "--run", run_, "--quiet", "--data",
            "images:" + photos_.string(), "--detector", scratch_ / "empty"});
  ExpectOneSentence(no_networks, 1);
  EXPECT_THAT(no_networks.err, HasSubstr("tools/get_detector"));
  EXPECT_FALSE(fs::exists(run_));
  const ProgramResult fit =
      Gyre({"fit", "--data", "images:" + photos_.string(), "--out", scratch_ / "o.npz", "--quiet"});
  ExpectOneSentence(fit, 1);
  EXPECT_THAT(fit.err, HasSubstr("gyre detect --images " + photos_.string()));
  const ProgramResult comma = Gyre({"train", "--preset", "demo", "--run", scratch_ / "one,two",
                                    "--quiet", "--data", "images:" + photos_.string()});
  ExpectOneSentence(comma, 1);
  EXPECT_THAT(comma.err, HasSubstr("choose another --run"));
  ExpectOneSentence(
      Gyre({"data", "check",
            "images:" + photos_.string() + "?keypoints=" + (scratch_ / "no").string()}),
      1);
}

TEST_F(PhotographsTest, FoundKeypointsAreReadWithTheirPictures) {
  const std::string data = "images:" + photos_.string() + "?keypoints=" + WriteKeypoints().string();
  const ProgramResult check = Gyre({"data", "check", data, "--json"});
  ASSERT_EQ(check.exit_code, 0) << check.err;
  EXPECT_EQ(nlohmann::json::parse(check.out)["samples"], 2) << check.out;
  const ProgramResult few = Gyre({"data", "check", data + "&min_keypoints=10", "--json"});
  EXPECT_EQ(nlohmann::json::parse(few.out)["samples"], 1) << few.out;
}

TEST_F(PhotographsTest, ARunFindsPeopleOnce) {
  const fs::path photos = "../shared/data/coco/images";
  if (!fs::exists(photos)) GTEST_SKIP() << photos << " is not here";
  const fs::path two = scratch_ / "two";
  fs::create_directories(two);
  int copied = 0;
  for (const auto& entry : fs::directory_iterator(photos)) {
    if (copied++ < 2) fs::copy_file(entry.path(), two / entry.path().filename());
  }
  const std::vector<std::string> train = {"train", "--run", run_.string() + "/", "--quiet"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), train.begin(), train.end());
    return Gyre(more);
  };
  const ProgramResult first =
      with({"--preset", "demo", "--steps", "2", "--batch-size", "2", "--data",
            "images:" + two.string() + "*1,synth:?count=4&frame=96*1", "--val", ""});
  if (first.err.find("tools/get_detector") != std::string::npos) GTEST_SKIP() << first.err;
  ASSERT_EQ(first.exit_code, 0) << first.err;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(run_.string() + ".keypoints")) {
    files.push_back(entry.path());
  }
  ASSERT_EQ(files.size(), 1u);
  const auto written = fs::last_write_time(files[0]);
  const ProgramResult on = with({"--resume", "--steps", "3"});
  EXPECT_EQ(on.exit_code, 0) << on.err;
  EXPECT_EQ(fs::last_write_time(files[0]), written);
}

}  // namespace
}  // namespace gyre
