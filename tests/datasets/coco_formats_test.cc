// SPDX-License-Identifier: Apache-2.0
// COCO's format as detectors and annotation tools write it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "datasets/dataset_spec.h"
#include "datasets/dataset_test_util.h"
#include "datasets/readers/coco.h"
#include "datasets/readers/coco_categories.h"
#include "io/io_test_util.h"

namespace gyre {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// What a file holds, and what was left out of it.
struct CocoRead {
  std::vector<Person> people;
  std::vector<LeftOut> left_out;
};

CocoRead ReadCocoText(const std::string& content, CocoOptions options = {}) {
  const TempFolder folder;
  CocoRead read;
  options.left_out = [&](const LeftOut& one) { read.left_out.push_back(one); };
  ReadCoco(folder.Write("coco.json", content), options,
           [&](Person person) { read.people.push_back(std::move(person)); });
  return read;
}

CocoOptions InOwnSet() {
  CocoOptions options;
  options.set = nullptr;
  options.min_keypoints = 0;
  options.file_ids = true;
  options.pictures = PicturePaths::kNone;
  return options;
}

// Joint i at (i + 0.5, 3 i) with a third number of its own.
json Triples(int joints, const std::function<double(int)>& third) {
  json numbers = json::array();
  for (int i = 0; i < joints; ++i) {
    numbers.push_back(i + 0.5);
    numbers.push_back(3 * i);
    numbers.push_back(third(i));
  }
  return numbers;
}

TEST(CocoResults, AreAListByNumberOrName) {
  const auto score = [](int i) { return i == 4 ? 0.0 : i == 5 ? 1.25 : 0.03 * (i + 1); };
  const json results = {
      {{"image_id", 785}, {"category_id", 1}, {"keypoints", Triples(17, score)}, {"score", 0.9}},
      {{"image_id", "clip/a.jpg"},
       {"keypoints", Triples(17, score)},
       {"score", 2.7},
       {"box", {1, 2, 30.5, 40}},
       {"idx", {0.0}}}};
  const CocoRead read = ReadCocoText(results.dump(), InOwnSet());
  ASSERT_EQ(read.people.size(), 2u);
  const Person& first = read.people[0];
  EXPECT_EQ(first.image, "000000000785.jpg");
  EXPECT_EQ(first.keypoints.set, &FindKeypointSet("coco17"));
  EXPECT_EQ(first.keypoints.px.row(16), Eigen::RowVector2d(16.5, 48));
  EXPECT_DOUBLE_EQ(first.keypoints.confidence[16], 0.51);
  EXPECT_FALSE(first.keypoints.Observed(4));
  EXPECT_EQ(first.keypoints.confidence[5], 1);  // sure is sure
  EXPECT_EQ(first.image_width, 0);
  EXPECT_EQ(read.people[1].image, "clip/a.jpg");
  EXPECT_EQ(read.people[1].index, 1);
  EXPECT_EQ(read.people[1].id, 1);
  EXPECT_TRUE(read.left_out.empty());

  CocoOptions options = InOwnSet();
  options.box_from_bbox = true;
  options.min_score = 1;
  const CocoRead sure = ReadCocoText(results.dump(), options);
  ASSERT_EQ(sure.people.size(), 1u);
  EXPECT_EQ(sure.people[0].box.center_px, Vec2(15.75, 21.5));
  EXPECT_DOUBLE_EQ(sure.people[0].box.side_px, 48);
  options.min_score = 0.9;  // just that is enough
  EXPECT_EQ(ReadCocoText(results.dump(), options).people.size(), 2u);
  options.min_score = std::nextafter(0.9, 1);
  EXPECT_EQ(ReadCocoText(results.dump(), options).people.size(), 1u);
}

TEST(CocoResults, OfMoreJointsByTheirNumber) {
  const auto sure = [](int) { return 0.75; };
  const auto people = [&](int joints) {
    return ReadCocoText(json{{{"image_id", 3}, {"keypoints", Triples(joints, sure)}}}.dump(),
                        InOwnSet())
        .people;
  };
  // Halpe's 26 stand first of its 136; the left big toe is joint 20, the right ring's tip 131.
  for (const int joints : {26, 136}) {
    const Keypoints keypoints = people(joints)[0].keypoints;
    EXPECT_EQ(keypoints.set, &FindKeypointSet(joints == 26 ? "halpe26" : "halpe136"));
    EXPECT_EQ(keypoints.px.row(keypoints.set->IndexOf("OP LBigToe")), Eigen::RowVector2d(20.5, 60));
    EXPECT_EQ(keypoints.NumObserved(), joints);
  }
  const Keypoints hands = people(136)[0].keypoints;
  EXPECT_EQ(hands.px(hands.set->IndexOf("Right Ring Tip"), 0), 131.5);
  EXPECT_EQ(people(133)[0].keypoints.size(), 133);
  EXPECT_THAT(UserErrorOf([&] { people(14); }),
              AllOf(HasSubstr("result 0"), HasSubstr("found 42"), HasSubstr("categories")));
}

TEST(CocoResults, WhatElseAListMayHold) {
  const auto error = [](const std::string& text) {
    return UserErrorOf([&] { ReadCocoText(text); });
  };
  EXPECT_THAT(error("[{\"keypoints\":[1,2,3]}]"), HasSubstr("51 numbers"));
  EXPECT_THAT(error("[" + Triples(17, [](int) { return 1; }).dump() + "]"),
              AllOf(HasSubstr("result 0"), HasSubstr("expected an object")));
  EXPECT_TRUE(ReadCocoText("[]").people.empty());
  // Of one picture, which is called as the file.
  const json one = {{{"keypoints", Triples(17, [](int) { return 1; })}}};
  EXPECT_EQ(ReadCocoText(one.dump(), InOwnSet()).people.at(0).image, "coco");
  EXPECT_THAT(error("7"), HasSubstr("expected an object or a list"));
  EXPECT_THAT(error(OpenPoseJson(25)), HasSubstr("--openpose"));
  EXPECT_THAT(error(R"({"ver":0.1,"data":[]})"), HasSubstr("gyre fits merge"));
}

// A file of one person in one picture; joints named by `categories`.
json WithCategories(const json& categories, const json& annotations) {
  return {{"images", {{{"id", 7}, {"file_name", "a.jpg"}, {"width", 64}, {"height", 48}}}},
          {"annotations", annotations},
          {"categories", categories}};
}

const char* const kCocoNames[] = {
    "nose",           "left_eye",   "right_eye",   "left_ear",   "right_ear",   "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip",
    "right_hip",      "left_knee",  "right_knee",  "left_ankle", "right_ankle"};

TEST(CocoCategories, NameTheJointsInAnyOrder) {
  std::vector<std::string> names(std::begin(kCocoNames), std::end(kCocoNames));
  std::reverse(names.begin(), names.end());
  const json person = {{"id", 5},
                       {"image_id", 7},
                       {"category_id", 3},
                       {"keypoints", Triples(17, [](int i) { return i % 3; })}};
  const json file = WithCategories({{{"id", 3}, {"name", "athlete"}, {"keypoints", names}}},
                                   json::array({person}));
  const auto check = [&](const std::string& text) {
    const CocoRead read = ReadCocoText(text, InOwnSet());
    ASSERT_EQ(read.people.size(), 1u);
    const Keypoints& keypoints = read.people[0].keypoints;
    EXPECT_EQ(keypoints.set, &FindKeypointSet("coco17"));
    // Number 16 is the nose, number 1 the left ankle, number 14 the right eye.
    EXPECT_EQ(keypoints.px.row(0), Eigen::RowVector2d(16.5, 48));
    EXPECT_EQ(keypoints.px.row(15), Eigen::RowVector2d(1.5, 3));
    EXPECT_EQ(keypoints.px.row(2), Eigen::RowVector2d(14.5, 42));
    EXPECT_FALSE(keypoints.Observed(16));  // number 0, flag 0
  };
  // Wherever the categories stand, also beside others of the name.
  check(file.dump());
  check(file.dump(3));
  const std::string images = file["images"].dump(), people = file["annotations"].dump();
  const std::string categories = "\"categories\":" + file["categories"].dump();
  check("{" + categories + ",\"images\":" + images + ",\"annotations\":" + people + "}");
  check("{\"images\":" + images + ",\"annotations\":" + people + "," + categories + ",\"z\":{}}");
  check("{\"info\":{\"categories\":[]},\"images\":" + images + "," + categories +
        ",\"annotations\":" + people + "}");
  check("{\"annotations\":" + people + "," + categories + ",\"images\":" + images + "}");
}

// Numbers in place of names, as a tool makes them up, say nothing: COCO's order.
TEST(CocoCategories, NumbersAreNoNames) {
  std::vector<std::string> numbers;
  for (int i = 1; i <= 17; ++i) numbers.push_back(std::to_string(i));
  const json person = {{"id", 5},
                       {"image_id", 7},
                       {"category_id", 1},
                       {"keypoints", Triples(17, [](int) { return 2; })}};
  const json file = WithCategories({{{"id", 1}, {"name", "person"}, {"keypoints", numbers}}},
                                   json::array({person}));
  const Keypoints keypoints = ReadCocoText(file.dump(), InOwnSet()).people.at(0).keypoints;
  EXPECT_EQ(keypoints.px.row(keypoints.set->IndexOf("Left Wrist")), Eigen::RowVector2d(9.5, 27));
}

TEST(CocoCategories, OtherSkeletonsOfPeople) {
  // CrowdPose's, with a name that nobody knows.
  const std::vector<std::string> names = {
      "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist",
      "right_wrist",   "left_hip",       "right_hip",  "left_knee",   "right_knee",
      "left_ankle",    "right_ankle",    "head",       "neck",        "belt buckle"};
  const json person = {{"id", 5},
                       {"image_id", 7},
                       {"category_id", 1},
                       {"keypoints", Triples(15, [](int) { return 2; })}};
  const json file = WithCategories({{{"id", 1}, {"name", "person"}, {"keypoints", names}}},
                                   json::array({person}));
  const Keypoints own = ReadCocoText(file.dump(), InOwnSet()).people.at(0).keypoints;
  EXPECT_EQ(own.set, &FindKeypointSet("lsp14"));
  EXPECT_EQ(own.NumObserved(), 14);
  EXPECT_EQ(own.px.row(own.set->IndexOf("Top of Head (LSP)")), Eigen::RowVector2d(12.5, 36));
  const Keypoints spin = ReadCocoText(file.dump()).people.at(0).keypoints;
  EXPECT_EQ(spin.px.row(SpinJoints().IndexOf("Left Wrist")), Eigen::RowVector2d(4.5, 12));
  EXPECT_EQ(spin.px.row(SpinJoints().IndexOf("Neck (LSP)")), Eigen::RowVector2d(13.5, 39));

  // Feet by name come into SPIN's 49.
  std::vector<std::string> feet(std::begin(kCocoNames), std::end(kCocoNames));
  for (const char* foot : {"left_big_toe", "left_small_toe", "left_heel", "right_big_toe",
                           "right_small_toe", "right_heel"}) {
    feet.push_back(foot);
  }
  json with_feet = person;
  with_feet["keypoints"] = Triples(23, [](int) { return 2; });
  const json foot_file = WithCategories({{{"id", 1}, {"name", "person"}, {"keypoints", feet}}},
                                        json::array({with_feet}));
  const Keypoints found = ReadCocoText(foot_file.dump()).people.at(0).keypoints;
  EXPECT_EQ(found.NumObserved(), 23);
  EXPECT_EQ(found.px.row(SpinJoints().IndexOf("OP RHeel")), Eigen::RowVector2d(22.5, 66));
}

TEST(CocoCategories, WhatIsNoPersonIsPassedOver) {
  const auto triples = [](int joints) { return Triples(joints, [](int) { return 2; }); };
  const json annotations = {
      {{"id", 1}, {"image_id", 7}, {"category_id", 18}, {"bbox", {1, 2, 3, 4}}},
      {{"id", 2}, {"image_id", 7}, {"category_id", 2}, {"keypoints", triples(3)}},
      {{"image_id", 7}, {"category_id", 1}, {"keypoints", triples(17)}},  // without an id
      {{"id", 4}, {"image_id", 7}, {"category_id", 1}, {"keypoints", nullptr}},
      {{"id", 5}, {"image_id", 7}, {"category_id", 1}, {"keypoints", triples(16)}},
      {{"id", 6}, {"image_id", 8}, {"category_id", 1}, {"keypoints", triples(17)}},
      {{"id", 7}, {"image_id", 7}, {"category_id", 99}, {"keypoints", triples(17)}},
      {{"id", 8}, {"image_id", 7}, {"keypoints", triples(17)}}};
  const json categories = {{{"id", 1}, {"name", "person"}, {"keypoints", kCocoNames}},
                           {{"id", 2}, {"name", "fish"}, {"keypoints", {"eye", "fin", "tail"}}},
                           {{"id", 18}, {"name", "dog"}}};
  const CocoRead read = ReadCocoText(WithCategories(categories, annotations).dump(), InOwnSet());
  ASSERT_EQ(read.people.size(), 2u);
  EXPECT_EQ(read.people[0].index, 2);  // of the file
  EXPECT_EQ(read.people[0].id, 2);
  EXPECT_EQ(read.people[1].id, 8);
  std::vector<int64_t> wrong, passed_over;
  for (const LeftOut& one : read.left_out) (one.wrong ? wrong : passed_over).push_back(one.row);
  EXPECT_THAT(passed_over, ElementsAre(0, 1, 3));
  EXPECT_THAT(wrong, ElementsAre(4, 5, 6));
  EXPECT_THAT(read.left_out[3].problem, AllOf(HasSubstr("annotation 4"), HasSubstr("found 48")));
  EXPECT_THAT(read.left_out[4].problem, HasSubstr("no image 8"));
  EXPECT_THAT(read.left_out[5].problem, HasSubstr("no category 99"));

  // Of animals alone, or of objects.
  const json animals = WithCategories(json::array({categories[1]}), json::array({annotations[1]}));
  EXPECT_THAT(UserErrorOf([&] { ReadCocoText(animals.dump()); }),
              AllOf(HasSubstr("left_wrist"), HasSubstr("'fish'")));
  const json objects = WithCategories(json::array({categories[2]}), json::array({annotations[0]}));
  EXPECT_THAT(UserErrorOf([&] { ReadCocoText(objects.dump()); }),
              HasSubstr("none of its 1 annotations"));
}

TEST(CocoCategories, ADatasetTellsWhatItLeftOut) {
  const auto triples = [](int joints) { return Triples(joints, [](int) { return 2; }); };
  const json file =
      WithCategories({{{"id", 1}, {"name", "person"}, {"keypoints", kCocoNames}}},
                     {{{"id", 1}, {"image_id", 7}, {"category_id", 1}, {"keypoints", triples(17)}},
                      {{"id", 2}, {"image_id", 7}, {"category_id", 1}, {"keypoints", triples(4)}}});
  const TempFolder folder;
  std::vector<LeftOut> left_out;
  const auto data = OpenDataset("coco:" + folder.Write("coco.json", file.dump()).string(), {},
                                [&](const LeftOut& one) { left_out.push_back(one); });
  EXPECT_EQ(data->size(), 1);
  ASSERT_EQ(left_out.size(), 1u);
  EXPECT_EQ(left_out[0].row, 1);
  EXPECT_THAT(left_out[0].problem, HasSubstr("expected 51 numbers"));
}

TEST(CocoFlags, FractionsAreConfidences) {
  const auto third = [](int i) { return i == 0 ? 0.534 : i == 1 ? 1.5 : i % 3; };
  const json person = {{"id", 5}, {"image_id", 7}, {"keypoints", Triples(17, third)}};
  const json file = WithCategories(json::array(), json::array({person}));
  const Keypoints keypoints = ReadCocoText(file.dump(), InOwnSet()).people.at(0).keypoints;
  EXPECT_EQ(keypoints.confidence[0], 0.534);
  EXPECT_EQ(keypoints.confidence[1], 1);
  EXPECT_EQ(keypoints.confidence[2], 1);  // visible
  EXPECT_EQ(keypoints.confidence[3], 0);
  EXPECT_EQ(keypoints.confidence[4], 1);  // hidden, but labelled

  json holes = person;
  holes["keypoints"][1] = nullptr;  // of joint 0, which counts
  holes["keypoints"][9] = nullptr;  // of joint 3, which does not
  holes["keypoints"][14] = -1;      // of joint 4
  const Person read =
      ReadCocoText(WithCategories(json::array(), json::array({holes})).dump(), InOwnSet())
          .people.at(0);
  EXPECT_EQ(read.non_finite, 1);
  EXPECT_FALSE(read.keypoints.Observed(0) || read.keypoints.Observed(4));
  EXPECT_EQ(read.keypoints.NumObserved(), 10);
}

TEST(CocoFlags, WholeBodyPartsThatAreNotValidDoNotCount) {
  const auto part = [](int joints) { return Triples(joints, [](int i) { return 0.1 * (i + 1); }); };
  const json person = {{"id", 5},
                       {"image_id", 7},
                       {"keypoints", Triples(17, [](int) { return 2; })},
                       {"foot_kpts", part(6)},
                       {"foot_valid", true},
                       {"face_kpts", part(68)},
                       {"face_valid", false},
                       {"lefthand_kpts", part(21)},
                       {"lefthand_valid", 0},
                       {"righthand_kpts", part(21)}};
  CocoOptions options = InOwnSet();
  options.set = &FindKeypointSet("coco_wholebody133");
  const Keypoints keypoints =
      ReadCocoText(WithCategories(json::array(), json::array({person})).dump(), options)
          .people.at(0)
          .keypoints;
  EXPECT_EQ(keypoints.NumObserved(), 17 + 6 + 21);
  EXPECT_DOUBLE_EQ(keypoints.confidence[17 + 1], 0.2);       // the left small toe
  EXPECT_EQ(keypoints.confidence[23 + 5], 0);                // the face
  EXPECT_EQ(keypoints.confidence[91 + 5], 0);                // the left hand
  EXPECT_DOUBLE_EQ(keypoints.confidence[112 + 2], 0.1 * 3);  // the right hand
  EXPECT_EQ(keypoints.confidence[112 + 20], 1);              // beyond 1

  // Into another set by their names.
  options.set = &FindKeypointSet("halpe136");
  const Keypoints halpe =
      ReadCocoText(WithCategories(json::array(), json::array({person})).dump(), options)
          .people.at(0)
          .keypoints;
  EXPECT_EQ(halpe.NumObserved(), 17 + 6 + 21);
  EXPECT_DOUBLE_EQ(halpe.confidence[22], 0.2);       // the left small toe
  EXPECT_DOUBLE_EQ(halpe.confidence[115 + 2], 0.3);  // the right thumb's second
}

TEST(CocoResults, HalpesNeckAndHipsReachSetsThatHaveThem) {
  const json result = {{{"image_id", 3}, {"keypoints", Triples(136, [](int) { return 0.75; })}}};
  CocoOptions options = InOwnSet();
  options.set = &FindKeypointSet("openpose135");
  const Keypoints keypoints = ReadCocoText(result.dump(), options).people.at(0).keypoints;
  EXPECT_EQ(keypoints.px(keypoints.set->IndexOf("OP MidHip"), 0), 19.5);
  EXPECT_EQ(keypoints.px(keypoints.set->IndexOf("OP RBigToe"), 0), 21.5);
  EXPECT_EQ(keypoints.px(keypoints.set->IndexOf("Face 33"), 0), 59.5);
  EXPECT_EQ(keypoints.px(keypoints.set->IndexOf("Left Thumb 1"), 0), 95.5);
}

TEST(CocoImages, IdsThatAreTextAndSizesThatAreMissing) {
  const json person = {
      {"id", 5}, {"image_id", "x1"}, {"keypoints", Triples(17, [](int) { return 2; })}};
  const json file = {{"images", {{{"id", "x1"}, {"file_name", "b.png"}, {"height", nullptr}}}},
                     {"annotations", {person}}};
  const Person read = ReadCocoText(file.dump(), InOwnSet()).people.at(0);
  EXPECT_EQ(read.image, "b.png");
  EXPECT_EQ(read.image_width, 0);
}

// Boxes of pedestrians, as a detector of boxes writes them.
json BoxFile() {
  return {{"images", {{{"id", 3}, {"file_name", "a.jpg"}, {"width", 400}, {"height", 300}}}},
          {"categories", {{{"id", 1}, {"name", "person"}}, {{"id", 18}, {"name", "dog"}}}},
          {"annotations",
           {{{"id", 70}, {"image_id", 3}, {"category_id", 1}, {"bbox", {10, 20, 60, 200}}},
            {{"id", 71}, {"image_id", 3}, {"category_id", 18}, {"bbox", {50, 20, 60, 80}}},
            {{"id", 72}, {"image_id", 3}, {"category_id", 1}, {"keypoints", json::array()}},
            {{"id", 73},
             {"image_id", 3},
             {"category_id", 1},
             {"bbox", {1, 2, 30, 20}},
             {"keypoints", Triples(17, [](int) { return 2; })}}}}};
}

TEST(CocoBoxes, AreEnoughWhereTheyAreAskedFor) {
  CocoOptions options = InOwnSet();
  options.boxes = true;
  const CocoRead read = ReadCocoText(BoxFile().dump(), options);
  ASSERT_EQ(read.people.size(), 2u);
  // From edge to edge: 10 to 70 and 20 to 220 are pixels 9.5 to 69.5 and 19.5 to 219.5.
  EXPECT_EQ(read.people[0].id, 70);
  EXPECT_EQ(read.people[0].box.center_px, Vec2(39.5, 119.5));
  EXPECT_DOUBLE_EQ(read.people[0].box.side_px, 240);
  EXPECT_EQ(read.people[0].keypoints.NumObserved(), 0);
  EXPECT_EQ(read.people[1].id, 73);  // whose keypoints make the box, as without the option
  EXPECT_NEAR(read.people[1].box.side_px, 1.2 * 48, 1e-9);
  ASSERT_EQ(read.left_out.size(), 2u);
  EXPECT_EQ(read.left_out[0].row, 1);  // the dog
  EXPECT_EQ(read.left_out[1].row, 2);  // neither box nor keypoints
}

TEST(CocoBoxes, OtherwiseNobodyIsThere) {
  const CocoRead read = ReadCocoText(BoxFile().dump(), InOwnSet());
  ASSERT_EQ(read.people.size(), 1u);
  EXPECT_EQ(read.people[0].id, 73);
}

// Where a category has people's keypoints, the others are not people, whatever they are called.
TEST(CocoBoxes, OfOtherCategoriesAreNotPeople) {
  json file = BoxFile();
  file["categories"] = {{{"id", 1}, {"name", "rider"}},
                        {{"id", 18},
                         {"name", "walker"},
                         {"keypoints",
                          {"left_shoulder", "right_shoulder", "left_wrist", "right_wrist",
                           "left_hip", "right_hip"}}}};
  file["annotations"].erase(3);
  CocoOptions options = InOwnSet();
  options.boxes = true;
  const CocoRead read = ReadCocoText(file.dump(), options);
  ASSERT_EQ(read.people.size(), 1u);
  EXPECT_EQ(read.people[0].id, 71);
}

}  // namespace
}  // namespace gyre
