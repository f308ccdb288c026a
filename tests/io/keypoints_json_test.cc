// SPDX-License-Identifier: Apache-2.0
#include "io/keypoints_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/file.h"
#include "io/io_test_util.h"
#include "io/json.h"
#include "io/sample_files.h"

namespace gyre {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::vector<OpenPoseFrame> FramesOf(const std::filesystem::path& folder) {
  std::vector<OpenPoseFrame> frames;
  ForEachOpenPoseFrame(folder, [&](const OpenPoseFrame& frame) { frames.push_back(frame); });
  return frames;
}

std::vector<KeypointPerson> CocoPeople(const std::string& content) {
  const TempFolder folder;
  std::vector<KeypointPerson> people;
  ForEachCocoPerson(folder.Write("coco.json", content),
                    [&](KeypointPerson person) { people.push_back(std::move(person)); });
  return people;
}

TEST(OpenPose, ReadsBody25) {
  const auto people = ParseOpenPoseJson(OpenPoseJson(25), "frame.json");
  ASSERT_EQ(people.size(), 1u);
  EXPECT_EQ(people[0].skeleton, "body25");
  ASSERT_EQ(people[0].keypoints.rows(), 25);
  EXPECT_LT((people[0].keypoints.row(12) - Eigen::RowVector3d(120.5, 240, 0.2)).norm(), 1e-12);
  const auto old = ParseOpenPoseJson(Replaced(OpenPoseJson(25), "_2d", ""), "frame.json");
  EXPECT_EQ(old[0].keypoints, people[0].keypoints);
  EXPECT_TRUE(ParseOpenPoseJson(R"({"people":[]})", "frame.json").empty());
}

TEST(OpenPose, RefusesOtherSkeletonsAndTypes) {
  const auto error = [](const std::string& text) {
    return UserErrorOf([&] { ParseOpenPoseJson(text, "frame.json"); });
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
  EXPECT_EQ(frames[0].file, folder.path() / "a_keypoints.json");
  EXPECT_EQ(frames[0].people.size(), 1u);
  EXPECT_EQ(frames[1].name, "b_000000000001");
}

TEST(Coco, ReadsPersonKeypoints) {
  const auto people = CocoPeople(CocoJson());
  ASSERT_EQ(people.size(), 1u);
  const KeypointPerson& person = people[0];
  EXPECT_EQ(person.skeleton, "coco17");
  EXPECT_EQ(person.image, "a.jpg");
  EXPECT_EQ(person.width, 64);
  EXPECT_EQ(person.height, 48);
  EXPECT_EQ(person.id, 901);
  EXPECT_FALSE(person.crowd);
  EXPECT_EQ(*person.bbox, Eigen::Vector4d(1, 2, 30, 40.5));
  // Flags 0, 1, 2, 0, 1, ...
  for (int i = 0; i < 17; ++i) {
    EXPECT_EQ(person.keypoints.row(i), Eigen::RowVector3d(i, 2 * i, i % 3 > 0 ? 1 : 0));
  }
}

TEST(Coco, NamesWhatIsWrong) {
  const auto error = [](const std::string& from, const std::string& to) {
    return UserErrorOf([&] { CocoPeople(Replaced(CocoJson(), from, to)); });
  };
  EXPECT_THAT(error("\"image_id\":7", "\"image_id\":8"),
              AllOf(HasSubstr("coco.json: annotation 0"), HasSubstr("no image 8")));
  EXPECT_THAT(error("1,2,1", "1,2,3"), AllOf(HasSubstr("joint 1"), HasSubstr("flag 3")));
  EXPECT_THAT(error("1,2,1,", ""), HasSubstr("51 numbers"));
  EXPECT_THAT(error("\"keypoints\"", "\"points\""), HasSubstr("no key 'keypoints'"));
  EXPECT_THAT(error("\"id\":7", "\"id\":7.5"), HasSubstr("whole number"));
  EXPECT_THAT(error("\"width\":64", "\"width\":0"), HasSubstr("'width'"));
  EXPECT_THAT(error("30,40.5", "-30,40.5"), HasSubstr("bbox"));
  EXPECT_THAT(error("30,40.5", "30,-40.5"), HasSubstr("negative size"));
  EXPECT_THAT(error("[1,2,30,40.5]", "[1,2,30]"), HasSubstr("found 3 numbers"));
  EXPECT_THAT(error("\"height\":48", "\"height\":1048577"), HasSubstr("'height'"));
  EXPECT_THAT(error("\"iscrowd\":0", "\"iscrowd\":\"no\""), HasSubstr("iscrowd"));
}

// The format says nothing of the order of its lists.
TEST(Coco, ReadsListsInAnyOrder) {
  const nlohmann::json root = nlohmann::json::parse(CocoJson());
  const std::string images = root["images"].dump(), annotations = root["annotations"].dump();
  const std::string swapped =
      "{\"annotations\":" + annotations + ",\"info\":[1,{}],\"images\":" + images + "}";
  const auto people = CocoPeople(swapped);
  ASSERT_EQ(people.size(), root["annotations"].size());
  EXPECT_EQ(people[0].keypoints, CocoPeople(CocoJson())[0].keypoints);
  EXPECT_EQ(people[0].image, "a.jpg");
  EXPECT_THAT(UserErrorOf([&] { CocoPeople("{\"annotations\":" + annotations + "}"); }),
              HasSubstr("'images'"));
  EXPECT_THAT(UserErrorOf([&] { CocoPeople("{\"images\":" + images + "}"); }),
              HasSubstr("'annotations'"));
  EXPECT_THAT(UserErrorOf([&] { CocoPeople("{\"images\":[],\"annotations\":{}}"); }),
              HasSubstr("expected a list"));
  EXPECT_THAT(UserErrorOf([&] { CocoPeople("{\"images\":[3],\"annotations\":[]}"); }),
              HasSubstr("image 0"));
  EXPECT_THAT(UserErrorOf([] { CocoPeople("[1]"); }), HasSubstr("expected an object"));
}

TEST(Json, BoundsNestingAndNumbers) {
  EXPECT_THAT(UserErrorOf([] { ParseJson(std::string(1000000, '['), "file"); }), HasSubstr("64"));
  const auto nested = [](size_t levels) {
    return std::string(levels, '[') + "7" + std::string(levels, ']');
  };
  EXPECT_EQ(ParseJson(nested(64), "file").dump(), nested(64));
  EXPECT_THAT(UserErrorOf([&] { ParseJson(nested(65), "file"); }), HasSubstr("64 levels"));
  EXPECT_THAT(UserErrorOf([] { ParseJson("[1e999]", "file"); }), HasSubstr("out of range"));
  EXPECT_THAT(UserErrorOf([] { ParseJson("{\"a\":1,}", "file"); }), HasSubstr("byte 8 of 8"));
  EXPECT_EQ(ParseJson(R"({"a":{"skip":[1,2],"b":3}})", "file", {"skip"}).dump(),
            R"({"a":{"b":3}})");
  EXPECT_THAT(UserErrorOf([] {
                JsonInteger(ParseJson(R"({"id":18446744073709551615})", "file"), "id", "file");
              }),
              HasSubstr("'id'"));
}

TEST(Keypoints, ReadsRealFiles) {
  const auto coco = SharedData("coco/person_keypoints_excerpt.json");
  GYRE_SKIP_WITHOUT(coco);
  EXPECT_EQ(CocoPeople(ReadFile(coco)).size(), 32u);  // the data's README
  EXPECT_EQ(ReadOpenPoseJson(SharedData("openpose/im1010_openpose.json")).size(), 1u);
}

}  // namespace
}  // namespace gyre
