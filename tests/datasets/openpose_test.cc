// SPDX-License-Identifier: Apache-2.0
#include "datasets/readers/openpose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "datasets/dataset_spec.h"
#include "datasets/dataset_test_util.h"
#include "io/io_test_util.h"

namespace gyre {
namespace {

using testing::AllOf;
using testing::HasSubstr;

OpenPoseOptions OpenPoseAsItStands() {
  OpenPoseOptions options;
  options.set = nullptr;
  options.min_keypoints = 0;
  options.file_ids = options.keep_impossible = true;
  options.pictures = PicturePaths::kNone;
  return options;
}

std::vector<OpenPoseFrame> FramesOf(const std::filesystem::path& path) {
  std::vector<OpenPoseFrame> frames;
  ForEachOpenPoseFrame(path, OpenPoseAsItStands(),
                       [&](OpenPoseFrame frame) { frames.push_back(std::move(frame)); });
  return frames;
}

std::vector<Person> OpenPosePeopleOf(const std::string& content) {
  const TempFolder folder;
  return FramesOf(folder.Write("frame.json", content))[0].people;
}

TEST(OpenPose, ReadsBody25) {
  const auto people = OpenPosePeopleOf(OpenPoseJson(25));
  ASSERT_EQ(people.size(), 1u);
  const Keypoints& keypoints = people[0].keypoints;
  EXPECT_EQ(keypoints.set, &FindKeypointSet("body25"));
  EXPECT_EQ(keypoints.px.row(12), Eigen::RowVector2d(120.5, 240));
  EXPECT_EQ(keypoints.confidence[12], 0.2);
  EXPECT_FALSE(keypoints.Observed(20));
  const auto old = OpenPosePeopleOf(Replaced(OpenPoseJson(25), "_2d", ""));
  EXPECT_EQ(old[0].keypoints.px, keypoints.px);
  EXPECT_TRUE(OpenPosePeopleOf(R"({"people":[]})").empty());
}

TEST(OpenPose, RefusesOtherSkeletonsAndTypes) {
  const auto error = [](const std::string& text) {
    return UserErrorOf([&] { OpenPosePeopleOf(text); });
  };
  EXPECT_THAT(error(OpenPoseJson(18)),
              AllOf(HasSubstr("frame.json: person 0"), HasSubstr("BODY_25")));
  EXPECT_THAT(error(OpenPoseJson(24)), AllOf(HasSubstr("75 numbers"), HasSubstr("found 72")));
  EXPECT_THAT(
      error(Replaced(OpenPoseJson(25), "10.5", "\"10\"")),
      AllOf(HasSubstr("person 0"), HasSubstr("'pose_keypoints_2d'"), HasSubstr("position 3")));
  EXPECT_THAT(error(Replaced(OpenPoseJson(25), "0.0", "-1")), HasSubstr("negative"));
  EXPECT_THAT(error(R"({"people":7})"), HasSubstr("'people'"));
  EXPECT_THAT(error(R"([1])"), HasSubstr("expected an object"));
  EXPECT_THAT(error(R"({"people":[null]})"), HasSubstr("person 0"));
  EXPECT_THAT(error(R"({"people":[{}]})"), HasSubstr("'pose_keypoints_2d'"));
}

TEST(OpenPose, ReadsAFolderInOrder) {
  const TempFolder folder;
  EXPECT_THAT(UserErrorOf([&] { FramesOf(folder.path()); }), HasSubstr("_keypoints.json"));
  EXPECT_THROW(FramesOf(folder.path() / "missing"), UserError);
  folder.Write("b_000000000001_keypoints.json", R"({"people":[]})");
  folder.Write("a_keypoints.json", OpenPoseJson(25));
  folder.Write("other.json", "rubbish");
  const auto frames = FramesOf(folder.path());
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0].name, "a");
  EXPECT_EQ(frames[0].nobody.source_file, (folder.path() / "a_keypoints.json").string());
  EXPECT_EQ(frames[0].nobody.place, -1);
  EXPECT_EQ(frames[0].nobody.id, -1);
  EXPECT_EQ(frames[0].people.size(), 1u);
  EXPECT_EQ(frames[0].people[0].frame, 0);
  EXPECT_EQ(frames[1].name, "b_000000000001");
  EXPECT_EQ(frames[1].nobody.frame, 1);
  EXPECT_TRUE(frames[1].people.empty());
}

TEST(OpenPose, NamesAPersonByFileFrameAndPlace) {
  const TempFolder folder;
  const std::string one = OpenPoseJson(25).substr(25), both = one.substr(0, one.size() - 2);
  const auto file =
      folder.Write("x_keypoints.json", R"({"version":1.3,"people":[)" + both + "," + both + "]}");
  const auto people = FramesOf(file)[0].people;
  ASSERT_EQ(people.size(), 2u);
  EXPECT_EQ(people[1].image, "x");
  EXPECT_EQ(people[1].place, 1);
  EXPECT_EQ(people[1].id, 1);
  EXPECT_EQ(people[1].source_file, file.string());
}

TEST(OpenPose, EveryPersonIsARow) {
  const TempFolder folder;
  std::string numbers;
  for (int i = 0; i < 25; ++i) {
    numbers +=
        fmt::format("{}{}, {}, {}", i == 0 ? "" : ", ", 10 + i, 20 + 2 * i, i < 20 ? 0.5 : 0);
  }
  const std::string person = "{\"pose_keypoints_2d\": [" + numbers + "]}";
  folder.Write("w_keypoints.json", "{\"people\": [" + person + "]}");
  folder.Write("x_keypoints.json", "{\"people\": [" + person + ", " + person + "]}");
  const std::string spec = "openpose:" + folder.path().string();
  const auto set = OpenDataset(spec + "?images=/pictures");
  ASSERT_EQ(set->size(), 3);
  const Person last = set->Get(2);
  EXPECT_EQ(last.image_path, "/pictures/x.jpg");
  EXPECT_EQ(last.keypoints.px(SpinJoints().IndexOf("OP RElbow"), 1), 26);
  EXPECT_EQ(last.keypoints.confidence.sum(), 10);
  EXPECT_EQ(last.index, 2);
  EXPECT_EQ(last.id, 2);
  EXPECT_EQ(last.place, 1);
  EXPECT_EQ(last.frame, 1);
  EXPECT_EQ(last.source_file, folder.path().string());
  folder.Write("x.png", "");
  EXPECT_EQ(OpenDataset(spec)->Get(2).image_path, (folder.path() / "x.png").string());
}

TEST(OpenPose, ConfidencesBeyondOneAreOne) {
  const TempFolder folder;
  const auto file = folder.Write("x.json", Replaced(OpenPoseJson(25), "40,0.2", "40,7.5"));
  for (const bool keep : {true, false}) {
    OpenPoseOptions options = OpenPoseAsItStands();
    options.keep_impossible = keep;
    ReadOpenPose(file, options, [](const Person& person) {
      EXPECT_EQ(person.keypoints.confidence[2], 1);
      EXPECT_EQ(person.keypoints.confidence[3], 0.3);
    });
  }
}

TEST(OpenPose, ReadsARealFile) {
  const auto file = SharedData("openpose/im1010_openpose.json");
  GYRE_SKIP_WITHOUT(file);
  EXPECT_EQ(FramesOf(file)[0].people.size(), 1u);
}

}  // namespace
}  // namespace gyre
