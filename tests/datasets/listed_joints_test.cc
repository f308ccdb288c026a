// SPDX-License-Identifier: Apache-2.0
// What MMPose, ViTPose and Ultralytics write, read as COCO's results.
#include "datasets/readers/listed_joints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "datasets/readers/coco.h"
#include "io/io_test_util.h"

namespace gyre {
namespace {

using nlohmann::json;
using testing::HasSubstr;

// Joint i is at (i + 0.5, 3 i), as sure as i / 32.
json Joints(bool with_scores) {
  json joints = json::array();
  for (int i = 0; i < 17; ++i) {
    joints.push_back({i + 0.5, 3 * i});
    if (with_scores) joints.back().push_back(i / 32.0);
  }
  return joints;
}

json Scores() {
  json scores = json::array();
  for (int i = 0; i < 17; ++i) scores.push_back(i / 32.0);
  return scores;
}

// The one person of a list, whose numbers are those of Joints().
void ExpectTheJoints(const json& person, const CocoOptions& options = {}) {
  const TempFolder folder;
  std::vector<Person> people;
  ReadCoco(folder.Write("a 7.json", json::array({person}).dump()), options,
           [&](Person one) { people.push_back(std::move(one)); });
  ASSERT_EQ(people.size(), 1u);
  const Keypoints& keypoints = people[0].keypoints;
  EXPECT_EQ(keypoints.NumObserved(), 16);                 // the nose has no confidence
  const int wrist = SpinJoints().IndexOf("Right Wrist");  // COCO's tenth
  EXPECT_EQ(keypoints.px.row(wrist), Eigen::RowVector2d(10.5, 30));
  EXPECT_EQ(keypoints.confidence[wrist], 10 / 32.0);
  EXPECT_EQ(people[0].image_name, person.value("image_id", "a 7"));
}

TEST(ListedJoints, OfMmpose) {
  json person = {{"keypoints", Joints(false)},
                 {"keypoint_scores", Scores()},
                 {"bbox", {{10, 20, 40.5, 90}}},
                 {"bbox_score", 0.75}};
  EXPECT_TRUE(ListsJoints(person));
  const json numbers = WithNumbers(person, "x");
  EXPECT_EQ(numbers["bbox"], json({10, 20, 30.5, 70}));
  EXPECT_EQ(numbers["score"], 0.75);
  ExpectTheJoints(person);
  CocoOptions sure;
  sure.min_score = 0.8;
  const TempFolder folder;
  ReadCoco(folder.Write("a.json", json::array({person}).dump()), sure,
           [](const Person&) { ADD_FAILURE() << "of a score below"; });
}

TEST(ListedJoints, OfOthers) {
  ExpectTheJoints({{"image_id", "b.jpg"}, {"keypoints", Joints(true)}, {"bbox", {1, 2, 3, 4}}});
  ExpectTheJoints({{"keypoints", Joints(false)}, {"scores", Scores()}});
  json x = json::array(), y = json::array();
  for (int i = 0; i < 17; ++i) {
    x.push_back(i + 0.5);
    y.push_back(3 * i);
  }
  const json lists = {{"name", "person"},
                      {"confidence", 0.5},
                      {"box", {{"x1", 1}, {"y1", 2}, {"x2", 3}, {"y2", 4}}},
                      {"keypoints", {{"x", x}, {"y", y}, {"visible", Scores()}}}};
  EXPECT_TRUE(ListsJoints(lists));
  EXPECT_EQ(WithNumbers(lists, "x")["score"], 0.5);
  ExpectTheJoints(lists);
  EXPECT_EQ(WithNumbers({{"keypoints", {{5, 6}}}}, "x")["keypoints"], json({5, 6, 1}));
}

TEST(ListedJoints, OfPicturesThatAreNumbered) {
  const TempFolder folder;
  std::filesystem::create_directory(folder.path() / "images");
  for (const char* name : {"785.JPG", "000000000786.jpg", "786.jpg"}) {
    folder.Write(std::string("images/") + name, "x");
  }
  json results = json::array();
  for (const int number : {785, 786, 787}) {
    results.push_back({{"image_id", number}, {"keypoints", Joints(true)}});
  }
  CocoOptions options;
  options.images = folder.path() / "images";
  std::vector<std::string> names;
  ReadCoco(folder.Write("a.json", results.dump()), options,
           [&](const Person& one) { names.push_back(one.image_name); });
  EXPECT_THAT(names, testing::ElementsAre("785.JPG", "000000000786.jpg", "000000000787.jpg"));
  EXPECT_THAT(UserErrorOf([&] { ReadCoco(options.images, {}, [](const Person&) {}); }),
              HasSubstr("is a folder"));
}

TEST(ListedJoints, WhatIsNone) {
  for (const char* text : {"5", "{}", R"({"keypoints":[1,2,3]})", R"({"keypoints":[]})",
                           R"({"keypoints":{"x":[1]}})", R"({"keypoints":null})"}) {
    EXPECT_FALSE(ListsJoints(json::parse(text))) << text;
  }
}

TEST(ListedJoints, ListsThatDoNotFitAreNamed) {
  const auto error = [](const char* text) {
    return UserErrorOf([&] { WithNumbers(json::parse(text), "a.json: result 3"); });
  };
  EXPECT_THAT(error(R"({"keypoints":[[1,2],[3,4]],"keypoint_scores":[1]})"),
              HasSubstr("a.json: result 3: key 'keypoint_scores': expected a list of 2 numbers"));
  EXPECT_THAT(error(R"({"keypoints":[[1,2],[3]]})"), HasSubstr("joint 1"));
  EXPECT_THAT(error(R"({"keypoints":[[1,2],5]})"), HasSubstr("joint 1"));
  EXPECT_THAT(error(R"({"keypoints":{"x":[1,2],"y":[1]}})"), HasSubstr("'y'"));
  EXPECT_THAT(error(R"({"keypoints":{"x":5,"y":[1]}})"), HasSubstr("'x'"));
  EXPECT_THAT(error(R"({"keypoints":{"x":[5],"y":null}})"), HasSubstr("'y'"));
  EXPECT_THAT(error(R"({"keypoints":[[1,2]],"bbox":[[1,2,3]]})"), HasSubstr("[[x0, y0, x1, y1]]"));
}

}  // namespace
}  // namespace gyre
