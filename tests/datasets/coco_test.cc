// SPDX-License-Identifier: Apache-2.0
#include "datasets/readers/coco.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/file.h"
#include "datasets/dataset_spec.h"
#include "datasets/dataset_test_util.h"
#include "io/image.h"
#include "io/io_test_util.h"

namespace gyre {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<Person> CocoPeopleOf(const std::string& content, CocoOptions options = {}) {
  const TempFolder folder;
  options.images = "/pictures";
  options.name = "mine";
  std::vector<Person> people;
  ReadCoco(folder.Write("coco.json", content), options,
           [&](Person person) { people.push_back(std::move(person)); });
  return people;
}

// Everybody of a file, in the file's own words.
CocoOptions CocoAsItStands() {
  CocoOptions options;
  options.set = nullptr;
  options.min_keypoints = 0;
  options.crowds = options.file_ids = options.keep_impossible = true;
  return options;
}

TEST(Coco, ReadsPersonKeypoints) {
  const auto people = CocoPeopleOf(CocoJson(), CocoAsItStands());
  ASSERT_EQ(people.size(), 1u);
  const Person& person = people[0];
  EXPECT_EQ(person.keypoints.set, &FindKeypointSet("coco17"));
  EXPECT_EQ(person.dataset, "mine");
  EXPECT_EQ(person.index, 0);
  EXPECT_EQ(person.id, 901);
  EXPECT_EQ(person.image, "a.jpg");
  EXPECT_EQ(person.image_path, "/pictures/a.jpg");
  EXPECT_THAT(person.source_file, testing::EndsWith("/coco.json"));
  EXPECT_EQ(person.image_width, 64);
  EXPECT_EQ(person.image_height, 48);
  // Flags 0, 1, 2, 0, 1, ...
  for (int i = 0; i < 17; ++i) {
    EXPECT_EQ(person.keypoints.confidence[i], i % 3 > 0 ? 1 : 0);
    if (i % 3 == 0) continue;
    EXPECT_EQ(person.keypoints.px.row(i), Eigen::RowVector2d(i, 2 * i));
  }
  // Observed are joints 1 to 16: x from 1 to 16, y from 2 to 32.
  EXPECT_EQ(person.box.center_px, Vec2(8.5, 17));
  EXPECT_DOUBLE_EQ(person.box.side_px, 1.2 * 30);
}

TEST(Coco, IsADataSetOfSpins49) {
  const auto people = CocoPeopleOf(CocoJson());
  ASSERT_EQ(people.size(), 1u);
  EXPECT_EQ(people[0].keypoints.set, &SpinJoints());
  EXPECT_EQ(people[0].keypoints.NumObserved(), 11);
  EXPECT_EQ(people[0].keypoints.px(SpinJoints().IndexOf("Left Wrist"), 0), 0);  // flag 0
  const int elbow = SpinJoints().IndexOf("Right Elbow");                        // COCO's 8
  EXPECT_EQ(people[0].keypoints.px.row(elbow), Eigen::RowVector2d(8, 16));
  EXPECT_EQ(people[0].id, 0);  // the row
  EXPECT_EQ(people[0].image, "/pictures/a.jpg");
}

// Point k of the 133 stands at (k + 0.25, 200 - k); foot_kpts begin at 17, face_kpts at 23, the
// hands at 91 and 112.
TEST(Coco, WholeBodiesHaveFeetFaceAndHands) {
  nlohmann::json root = nlohmann::json::parse(CocoJson());
  const auto points = [](int first, int count, double flag) {
    nlohmann::json numbers = nlohmann::json::array();
    for (int k = first; k < first + count; ++k) {
      for (const double number : {k + 0.25, 200.0 - k, flag}) numbers.push_back(number);
    }
    return numbers;
  };
  nlohmann::json& person = root["annotations"][0];
  person["keypoints"] = points(0, 17, 2);
  person["foot_kpts"] = points(17, 6, 0.75);
  person["face_kpts"] = points(23, 68, 0.5);
  person["lefthand_kpts"] = points(91, 21, 0.25);
  person["righthand_kpts"] = points(112, 21, 1);
  CocoOptions options;
  options.set = &FindKeypointSet("coco_wholebody133");
  const Keypoints keypoints = CocoPeopleOf(root.dump(), options)[0].keypoints;
  ASSERT_EQ(keypoints.size(), 133);
  for (int k = 0; k < 133; ++k) {
    EXPECT_EQ(keypoints.px.row(k), Eigen::RowVector2d(k + 0.25, 200 - k)) << k;
    // Of what is no flag, the fraction.
    const double confidence = k < 17 ? 1 : k < 23 ? 0.75 : k < 91 ? 0.5 : k < 112 ? 0.25 : 1;
    EXPECT_EQ(keypoints.confidence[k], confidence) << k;
  }
  person.erase("lefthand_kpts");
  person["righthand_kpts"][2] = 0;  // its first point is not labelled
  const Keypoints fewer = CocoPeopleOf(root.dump(), options)[0].keypoints;
  for (int k = 0; k < 133; ++k) {
    EXPECT_EQ(fewer.Observed(k), k < 91 || k > 112) << k;
  }
}

TEST(Coco, BoxesTheBoundsOfItsPixels) {
  CocoOptions options;
  options.box_from_bbox = true;
  options.box_margin = 1.5;
  // x 1 to 31, y 2 to 42.5 from edge to edge of the pixels, whose centres are half a pixel in.
  const Person person = CocoPeopleOf(CocoJson(), options)[0];
  EXPECT_EQ(person.box.center_px, Vec2(15.5, 21.75));
  EXPECT_DOUBLE_EQ(person.box.side_px, 60.75);
}

TEST(Coco, LeavesOutTheFewAndTheCrowds) {
  CocoOptions options;
  options.min_keypoints = 11;
  EXPECT_EQ(CocoPeopleOf(CocoJson(), options).size(), 1u);
  options.min_keypoints = 12;
  EXPECT_EQ(CocoPeopleOf(CocoJson(), options).size(), 0u);

  nlohmann::json root = nlohmann::json::parse(CocoJson());
  root["annotations"].push_back(root["annotations"][0]);
  root["annotations"].push_back(root["annotations"][0]);
  root["annotations"][1]["iscrowd"] = 1;
  const auto rows = [&](const CocoOptions& o) {
    std::vector<int64_t> found;
    for (const Person& person : CocoPeopleOf(root.dump(), o)) found.push_back(person.index);
    return found;
  };
  EXPECT_THAT(rows({}), ElementsAre(0, 2));  // of the file
  options = {};
  options.crowds = true;
  EXPECT_THAT(rows(options), ElementsAre(0, 1, 2));
}

TEST(Coco, NumbersThatCannotBe) {
  const std::string far = Replaced(CocoJson(), "4,8,1", "4e7,8,1");
  CocoOptions options;
  EXPECT_EQ(CocoPeopleOf(far, options)[0].non_finite, 1);
  EXPECT_EQ(CocoPeopleOf(far, options)[0].keypoints.NumObserved(), 10);
  options.keep_impossible = true;
  EXPECT_EQ(CocoPeopleOf(far, options)[0].non_finite, 0);
  EXPECT_EQ(CocoPeopleOf(far, options)[0].keypoints.NumObserved(), 11);
  EXPECT_GT(CocoPeopleOf(far, options)[0].box.side_px, 4e7);
}

TEST(Coco, NamesWhatIsWrong) {
  const auto error = [](const std::string& from, const std::string& to) {
    return UserErrorOf([&] { CocoPeopleOf(Replaced(CocoJson(), from, to)); });
  };
  EXPECT_THAT(error("\"image_id\":7", "\"image_id\":8"),
              AllOf(HasSubstr("coco.json: annotation 0"), HasSubstr("no image 8")));
  EXPECT_THAT(error("1,2,1", "1,2,3"), AllOf(HasSubstr("joint 1"), HasSubstr("flag 3")));
  EXPECT_THAT(error("1,2,1,", ""), HasSubstr("51 numbers"));
  EXPECT_THAT(error("\"keypoints\"", "\"points\""),
              HasSubstr("none of its 1 annotations has the keypoints"));
  EXPECT_THAT(error("\"id\":7", "\"id\":7.5"), HasSubstr("whole number"));
  EXPECT_THAT(error("\"width\":64", "\"width\":0"), HasSubstr("'width'"));
  EXPECT_THAT(error("30,40.5", "-30,40.5"), HasSubstr("bbox"));
  EXPECT_THAT(error("30,40.5", "30,-40.5"), HasSubstr("negative size"));
  EXPECT_THAT(error("[1,2,30,40.5]", "[1,2,30]"), HasSubstr("found 3 numbers"));
  EXPECT_THAT(error("\"height\":48", "\"height\":1048577"), HasSubstr("'height'"));
  EXPECT_THAT(error("\"iscrowd\":0", "\"iscrowd\":\"no\""), HasSubstr("iscrowd"));
  EXPECT_THAT(error("a.jpg", "../a.jpg"), AllOf(HasSubstr("annotation 901"), HasSubstr("below")));
}

// The format says nothing of the order of its lists.
TEST(Coco, ReadsListsInAnyOrder) {
  const nlohmann::json root = nlohmann::json::parse(CocoJson());
  const std::string images = root["images"].dump(), annotations = root["annotations"].dump();
  const auto people = CocoPeopleOf("{\"annotations\":" + annotations +
                                   ",\"info\":[1,{}],\"images\":" + images + "}");
  ASSERT_EQ(people.size(), 1u);
  EXPECT_EQ(people[0].keypoints.px, CocoPeopleOf(CocoJson())[0].keypoints.px);
  EXPECT_EQ(people[0].image, "/pictures/a.jpg");
  EXPECT_EQ(people[0].index, 0);
  const auto error = [](const std::string& content) {
    return UserErrorOf([&] { CocoPeopleOf(content); });
  };
  EXPECT_THAT(error("{\"annotations\":" + annotations + "}"), HasSubstr("'images'"));
  EXPECT_THAT(error("{\"images\":" + images + "}"), HasSubstr("'annotations'"));
  EXPECT_THAT(error("{\"images\":[],\"annotations\":{}}"), HasSubstr("expected a list"));
  EXPECT_THAT(error("{\"images\":[3],\"annotations\":[]}"), HasSubstr("image 0"));
  EXPECT_THAT(error("[1]"), HasSubstr("expected an object"));
}

TEST(Coco, FindsPicturesOnTheDisk) {
  const TempFolder folder;
  std::filesystem::create_directory(folder.path() / "images");
  const auto json = folder.Write("coco.json", Replaced(CocoJson(), "a.jpg", "a"));
  const auto path_of = [&](CocoOptions options) {
    std::string path;
    ReadCoco(json, options, [&](const Person& person) { path = person.image_path; });
    return path;
  };
  CocoOptions options = CocoAsItStands();
  EXPECT_EQ(path_of(options), "a");  // as named
  options.images = folder.path() / "images";
  options.pictures = PicturePaths::kFound;
  EXPECT_EQ(path_of(options), "");
  const auto picture = folder.Write("images/a.JPEG", "x");
  EXPECT_EQ(path_of(options), picture.string());
  options.images = picture;  // everybody's
  EXPECT_EQ(path_of(options), picture.string());
  options.images = folder.path() / "nowhere";
  EXPECT_THAT(UserErrorOf([&] { path_of(options); }), HasSubstr("no such picture or folder"));
  options.pictures = PicturePaths::kNone;
  EXPECT_EQ(path_of(options), "");
}

TEST(Coco, OpensBySpec) {
  const TempFolder folder;
  const std::string path = folder.Write("people.json", CocoJson()).string();
  const auto data = OpenDataset("coco:" + path + "?set=own&ids=file&pictures=none&name=x");
  const Person person = data->Get(0);
  EXPECT_EQ(person.dataset, "x");
  EXPECT_EQ(person.id, 901);
  EXPECT_EQ(person.image, "a.jpg");
  EXPECT_EQ(person.image_path, "");
  EXPECT_EQ(person.keypoints.size(), 17);
  EXPECT_EQ(OpenDataset(path + "?set=lsp14")->Get(0).keypoints.set, &FindKeypointSet("lsp14"));
  EXPECT_THAT(UserErrorOf([&] { OpenDataset(path + "?set=nobody"); }),
              AllOf(HasSubstr("set: There is no keypoint set"), HasSubstr("own")));
  EXPECT_THAT(UserErrorOf([&] { OpenDataset(path + "?pictures=some"); }),
              HasSubstr("named, found, none"));
  EXPECT_THAT(UserErrorOf([&] { OpenDataset(path + "?crowd=1"); }), HasSubstr("crowds"));
}

TEST(Coco, ReadsARealFile) {
  const auto file = SharedData("coco/person_keypoints_excerpt.json");
  GYRE_SKIP_WITHOUT(file);
  EXPECT_EQ(CocoPeopleOf(ReadFile(file), CocoAsItStands()).size(), 32u);  // the data's README
}

}  // namespace
}  // namespace gyre
