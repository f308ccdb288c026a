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
using testing::ElementsAre;
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

// The COCO model's 18 joints, each where BODY_25 has it.
TEST(OpenPose, ReadsTheCocoModel) {
  const auto people = OpenPosePeopleOf(OpenPoseJson(18));
  ASSERT_EQ(people.size(), 1u);
  const Keypoints& found = people[0].keypoints;
  EXPECT_EQ(found.set, &FindKeypointSet("body25"));
  const char* const joints[] = {
      "OP Nose",   "OP Neck",   "OP RShoulder", "OP RElbow", "OP RWrist", "OP LShoulder",
      "OP LElbow", "OP LWrist", "OP RHip",      "OP RKnee",  "OP RAnkle", "OP LHip",
      "OP LKnee",  "OP LAnkle", "OP REye",      "OP LEye",   "OP REar",   "OP LEar"};
  for (int i = 0; i < 18; ++i) {
    const int place = found.set->IndexOf(joints[i]);
    EXPECT_EQ(found.confidence[place], i % 10 / 10.0) << joints[i];
    if (i % 10 == 0) continue;
    EXPECT_EQ(found.px.row(place), Eigen::RowVector2d(10 * i + 0.5, 20 * i)) << joints[i];
  }
  EXPECT_EQ(found.NumObserved(), 16);  // confidences of 0 are joints 0 and 10
}

TEST(OpenPose, RefusesOtherSkeletonsAndTypes) {
  const auto error = [](const std::string& text) {
    return UserErrorOf([&] { OpenPosePeopleOf(text); });
  };
  EXPECT_THAT(error(OpenPoseJson(24)), AllOf(HasSubstr("75 numbers"), HasSubstr("found 72")));
  EXPECT_THAT(error(OpenPoseJson(15)),
              AllOf(HasSubstr("frame.json: person 0"), HasSubstr("other models")));
  EXPECT_THAT(
      error(Replaced(OpenPoseJson(25), "10.5", "\"10\"")),
      AllOf(HasSubstr("person 0"), HasSubstr("'pose_keypoints_2d'"), HasSubstr("position 3")));
  EXPECT_THAT(error(R"({"people":7})"), HasSubstr("'people'"));
  EXPECT_THAT(error(R"({"people":[null]})"), HasSubstr("person 0"));
  EXPECT_THAT(error(R"({"people":[{}]})"), HasSubstr("'pose_keypoints_2d'"));
}

TEST(OpenPose, WithoutABodyNothingIsObserved) {
  const auto people = OpenPosePeopleOf(R"({"people":[{"pose_keypoints_2d":[]}]})");
  ASSERT_EQ(people.size(), 1u);
  EXPECT_EQ(people[0].keypoints.NumObserved(), 0);
}

TEST(OpenPose, SaysWhatOtherJsonIs) {
  const auto error = [](const std::string& text) {
    return UserErrorOf([&] { OpenPosePeopleOf(text); });
  };
  EXPECT_THAT(error("[1]"), AllOf(HasSubstr("'people'"), HasSubstr("found a list")));
  EXPECT_THAT(error(R"([{"image_id":3,"keypoints":[]}])"), HasSubstr("--coco"));
  EXPECT_THAT(error(CocoJson()), HasSubstr("--coco"));
  EXPECT_THAT(error(R"({"width":640,"keypoints":[]})"), HasSubstr("found 'keypoints', 'width'"));
  EXPECT_THAT(error("%YAML:1.0\n"), HasSubstr("--write_json"));
  EXPECT_THAT(error("\xff\xfe{"), HasSubstr("UTF-16"));
  EXPECT_THAT(error(""), HasSubstr("is empty"));
}

// A person or a joint that is null costs that person or joint only.
TEST(OpenPose, LeavesOutWhatIsNull) {
  const std::string json = OpenPoseJson(25);
  const std::string one = json.substr(json.find('[') + 1, json.size() - json.find('[') - 3);
  const std::string missing = Replaced(Replaced(one, "10.5,20,0.1", "null,null,0"),  // joint 1
                                       "20.5,40,0.2", "-1,-1,-1");                   // joint 2
  const std::string half = Replaced(one, "30.5,60", "30.5,null");                    // joint 3
  const std::string content =
      R"({"people":[null,)" + missing + R"(,{"pose_keypoints_2d":null},)" + half + "]}";
  const TempFolder folder;
  OpenPoseOptions options = OpenPoseAsItStands();
  std::vector<LeftOut> left_out;
  options.left_out = [&](const LeftOut& problem) { left_out.push_back(problem); };
  std::vector<Person> people;
  ReadOpenPose(folder.Write("frame.json", content), options,
               [&](Person person) { people.push_back(std::move(person)); });
  ASSERT_EQ(people.size(), 4u);  // all stand where the file has them
  EXPECT_EQ(people[3].place, 3);
  EXPECT_EQ(people[3].index, 3);
  EXPECT_EQ(people[0].keypoints.NumObserved(), 0);
  EXPECT_EQ(people[2].keypoints.NumObserved(), 0);
  // Of 25 the confidences of joints 0, 10 and 20 are 0.
  EXPECT_EQ(people[1].keypoints.NumObserved(), 20);
  EXPECT_FALSE(people[1].keypoints.Observed(1) || people[1].keypoints.Observed(2));
  EXPECT_EQ(people[1].non_finite, 0);
  EXPECT_EQ(people[3].keypoints.NumObserved(), 21);
  EXPECT_FALSE(people[3].keypoints.Observed(3));
  EXPECT_EQ(people[3].non_finite, 1);  // it should count
  ASSERT_EQ(left_out.size(), 2u);
  EXPECT_EQ(left_out[1].row, 2);
  EXPECT_TRUE(left_out[1].wrong);
  EXPECT_THAT(left_out[1].problem, AllOf(HasSubstr("person 2"), HasSubstr("null")));
}

TEST(OpenPose, AFileThatIsCutIsAFrameWithoutAnybody) {
  const TempFolder folder;
  folder.Write("v_1_keypoints.json", OpenPoseJson(25));
  folder.Write("v_2_keypoints.json", OpenPoseJson(25).substr(0, 77));
  folder.Write("v_3_keypoints.json", "");
  folder.Write("v_4_keypoints.json", OpenPoseJson(18));
  folder.Write("._v_1_keypoints.json", "rubbish");
  OpenPoseOptions options = OpenPoseAsItStands();
  std::vector<std::string> problems;
  options.left_out = [&](const LeftOut& problem) { problems.push_back(problem.problem); };
  std::vector<size_t> people;
  ForEachOpenPoseFrame(folder.path(), options,
                       [&](OpenPoseFrame frame) { people.push_back(frame.people.size()); });
  EXPECT_THAT(people, ElementsAre(1, 0, 0, 1));
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_THAT(problems[0], AllOf(HasSubstr("v_2_keypoints.json"), HasSubstr("not valid JSON")));
  // Where nothing can be read there is nothing to go on with.
  const TempFolder cut;
  cut.Write("v_2_keypoints.json", "{");
  EXPECT_THAT(UserErrorOf([&] { ReadOpenPose(cut.path(), options, [](const Person&) {}); }),
              HasSubstr("v_2_keypoints.json"));
}

TEST(OpenPose, FramesStandInTheOrderOfTheirNumbers) {
  const TempFolder folder;
  for (const char* name : {"2024.v_9", "2024.v_10", "2024.v_13"}) {
    folder.Write(std::string(name) + "_keypoints.json", OpenPoseJson(25));
  }
  std::vector<int64_t> frames;
  std::vector<std::string> names;
  for (const OpenPoseFrame& frame : FramesOf(folder.path())) {
    frames.push_back(frame.nobody.frame);
    names.push_back(frame.name);
  }
  EXPECT_THAT(names, ElementsAre("2024.v_9", "2024.v_10", "2024.v_13"));
  EXPECT_THAT(frames, ElementsAre(0, 1, 4));
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
