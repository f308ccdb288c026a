// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/person_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fitting/problem_file.h"
#include "io/io_test_util.h"
#include "io/npz.h"
#include "loop/bulk/image_camera.h"
#include "person/crops.h"

namespace gyre {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

std::vector<FitInput> All(const PersonSource& source) {
  std::vector<FitInput> inputs;
  source([&](FitInput input) { inputs.push_back(std::move(input)); });
  return inputs;
}

template <typename T>
std::vector<T> Each(const PersonSource& source, T Person::*field) {
  std::vector<T> values;
  for (const FitInput& input : All(source)) values.push_back(input.person.*field);
  return values;
}

// Three people in two pictures: a child of two keypoints, a crowd, and one with a keypoint beyond
// any picture.
std::string Coco() {
  const auto person = [](int id, int image, int crowd, const std::string& keypoints) {
    return fmt::format(R"({{"id":{},"image_id":{},"iscrowd":{},"bbox":[3,4,50,90.5],)"
                       R"("keypoints":[{}0,0,0]}})",
                       id, image, crowd, keypoints);
  };
  std::string many, few = "12,30.5,2,40,31,1,", far = "4e7,2,1,";
  for (int i = 0; i < 16; ++i) many += fmt::format("{},{},1,", 10 + 2 * i, 60 - 3 * i);
  for (int i = 0; i < 14; ++i) few += "0,0,0,";
  for (int i = 0; i < 15; ++i) far += fmt::format("{},{},2,", 20 + i, 40 + 3 * i);
  return R"({"images":[{"id":1,"file_name":"b.jpg","width":64,"height":48},)"
         R"({"id":2,"file_name":"a","width":32,"height":100}],"annotations":[)" +
         person(31, 1, 0, few) + "," + person(30, 2, 1, many) + "," + person(77, 1, 0, far) + "]}";
}

TEST(PersonSource, TakesACocoFileAsItStands) {
  const TempFolder folder;
  const fs::path json = folder.Write("people.json", Coco());
  const PersonSource source = DataSource(CocoSpec(json, ""), {});
  EXPECT_THAT(Each(source, &Person::id), ElementsAre(31, 30, 77));
  EXPECT_THAT(Each(source, &Person::place), ElementsAre(0, 0, 1));
  EXPECT_THAT(Each(source, &Person::image), ElementsAre("b.jpg", "a", "b.jpg"));
  EXPECT_THAT(Each(source, &Person::image_path), ElementsAre("", "", ""));
  EXPECT_THAT(Each(source, &Person::image_width), ElementsAre(64, 32, 64));
  EXPECT_THAT(Each(source, &Person::source_file),
              ElementsAre(json.string(), json.string(), json.string()));
  const std::vector<FitInput> inputs = All(source);
  const FitProblem& child = inputs[0].problem;
  EXPECT_FALSE(child.has_start);
  EXPECT_EQ((child.confidence.array() > 0).count(), 2);
  EXPECT_EQ(child.keypoints_px.row(SpinJoints().IndexOf("Nose")), Eigen::RowVector2d(12, 30.5));
  // A box of 1.2 times the 28 px between its two, seen by SPIN's camera.
  EXPECT_EQ(inputs[0].person.box.center_px, Vec2(26, 30.75));
  EXPECT_DOUBLE_EQ(inputs[0].person.box.side_px, 1.2 * 28);
  EXPECT_DOUBLE_EQ(child.pixel_scale, 224 / (1.2 * 28));
  EXPECT_DOUBLE_EQ(child.camera.focal_px, 5000 * (1.2 * 28) / 224);
  EXPECT_LT((child.camera.center_px - Vec2(26, 30.75)).norm(), 1e-9);
  // What cannot be is the fitter's to refuse.
  EXPECT_EQ(inputs[2].problem.keypoints_px(SpinJoints().IndexOf("Nose"), 0), 4e7);
  EXPECT_EQ(inputs[2].person.non_finite, 0);
}

TEST(PersonSource, FindsThePicturesOfACocoFile) {
  const TempFolder folder;
  const fs::path json = folder.Write("people.json", Coco());
  fs::create_directory(folder.path() / "in");
  const std::string a = folder.Write("in/a.PNG", "x").string();
  EXPECT_THAT(Each(DataSource(CocoSpec(json, folder.path() / "in"), {}), &Person::image_path),
              ElementsAre("", a, ""));
  EXPECT_THAT(Each(DataSource(CocoSpec(json, a), {}), &Person::image_path), ElementsAre(a, a, a));
  EXPECT_THAT(UserErrorOf([&] { All(DataSource(CocoSpec(json, folder.path() / "out"), {})); }),
              HasSubstr("no such picture or folder"));
}

// Paths may hold what means something in a spec.
TEST(PersonSource, TakesAnyPath) {
  const TempFolder folder;
  const fs::path json = folder.Write("50%?a=b&c,d*2.json", Coco());
  EXPECT_EQ(All(DataSource(CocoSpec(json, ""), {})).size(), 3u);
}

TEST(PersonSource, TakesADataSetAsTrainingDoes) {
  const TempFolder folder;
  const fs::path json = folder.Write("people.json", Coco());
  folder.Write("b.jpg", "x");
  const PersonSource source = DataSource(
      DatasetSpec("coco:" + json.string() + "?min_keypoints=2&box_from_bbox=1&box_margin=2"), {});
  EXPECT_THAT(Each(source, &Person::id), ElementsAre(0, 2));
  EXPECT_THAT(Each(source, &Person::place), ElementsAre(0, 1));
  const std::string picture = (folder.path() / "b.jpg").string();
  EXPECT_THAT(Each(source, &Person::image), ElementsAre(picture, picture));
  EXPECT_THAT(Each(source, &Person::image_path), ElementsAre(picture, picture));
  EXPECT_THAT(Each(source, &Person::non_finite), ElementsAre(0, 1));
  const FitInput input = All(source)[0];
  EXPECT_EQ(input.person.box.center_px, Vec2(27.5, 48.75));
  EXPECT_DOUBLE_EQ(input.problem.pixel_scale, 224 / 181.0);
}

// A network that starts a fit sees the crop that it saw in training, whose box is the data set's
// and not one around the keypoints.
TEST(PersonSource, ANetworkGetsTheDataSetsBox) {
  const TempFolder folder;
  const fs::path json = folder.Write("people.json", Coco());
  const PersonSource source = DataSource(
      DatasetSpec("coco:" + json.string() + "?min_keypoints=2&box_from_bbox=1&box_margin=2"), {});
  FitInput input = All(source)[0];
  input.problem.camera.focal_px = 777;  // as --focal sets it
  const std::optional<Person> person = PersonForNetwork(input, SpinJoints());
  ASSERT_TRUE(person.has_value());
  EXPECT_EQ(person->box.center_px, Vec2(27.5, 48.75));
  EXPECT_DOUBLE_EQ(person->box.side_px, 181);
  EXPECT_EQ(person->camera->focal_px, 777);
  EXPECT_EQ(person->keypoints.px, input.problem.keypoints_px);
  // Problems of a file have none.
  FitInput problem;
  EXPECT_FALSE(PersonForNetwork(problem, SpinJoints()).has_value());
  problem.problem.keypoints_px.row(3) << 10, 20;
  problem.problem.keypoints_px.row(7) << 16, 45;
  problem.problem.confidence[3] = problem.problem.confidence[7] = 0.5;
  EXPECT_EQ(PersonForNetwork(problem, SpinJoints())->box.center_px, Vec2(13, 32.5));
  EXPECT_DOUBLE_EQ(PersonForNetwork(problem, SpinJoints())->box.side_px, 1.2 * 25);
}

// A network of whole bodies looks at other keypoints than SPIN's.
TEST(PersonSource, ANetworkGetsItsOwnKeypoints) {
  const TempFolder folder;
  const fs::path json = folder.Write("people.json", Coco());
  const PersonSource source =
      DataSource(DatasetSpec("coco:" + json.string() + "?min_keypoints=2&set=coco17"), {});
  const FitInput input = All(source)[0];
  EXPECT_EQ(PersonForNetwork(input, FindKeypointSet("coco17"))->keypoints.px,
            input.problem.keypoints_px);
  const KeypointSet& whole = FindKeypointSet("openpose135");
  const Keypoints seen = PersonForNetwork(input, whole)->keypoints;
  EXPECT_EQ(seen.set, &whole);
  EXPECT_EQ(seen.px.rows(), 135);
}

// Pixel centres are at integers: the middle of 640 x 427 pixels is (319.5, 213).
TEST(PersonSource, ACameraIsPutAtThePicturesCentre) {
  FitInput input;
  input.person.box = {Vec2(10, 20), 30};
  input.person.image_width = 640;
  input.person.image_height = 427;
  SetImageCamera({.focal_px = 812.5, .center_px = {}}, &input);
  EXPECT_EQ(input.problem.camera.focal_px, 812.5);
  EXPECT_EQ(input.problem.camera.center_px, Vec2(319.5, 213));
  // Of whose picture nothing is known: refused by the fitter.
  input.person.image_width = input.person.image_height = 0;
  SetImageCamera({.focal_px = 812.5, .center_px = {}}, &input);
  EXPECT_EQ(input.problem.camera.focal_px, 0);
  // Without a box there is nobody to fit.
  input.person.box = {};
  input.problem.camera.focal_px = 77;
  SetImageCamera({.focal_px = 812.5, .center_px = {}}, &input);
  EXPECT_EQ(input.problem.camera.focal_px, 77);
}

TEST(PersonSource, ChoosesPersons) {
  const TempFolder folder;
  const PersonSource source = DataSource(CocoSpec(folder.Write("people.json", Coco()), ""), {});
  EXPECT_THAT(Each(Choose(source, PersonChoice::Parse("all")), &Person::id),
              ElementsAre(31, 30, 77));
  EXPECT_THAT(Each(Choose(source, PersonChoice::Parse("largest")), &Person::id),
              ElementsAre(30, 77));
  EXPECT_THAT(Each(Choose(source, PersonChoice::Parse("1")), &Person::id), ElementsAre(77));
  for (const char* wrong : {"", "-1", "1.5", "all of them"}) {
    EXPECT_THROW(PersonChoice::Parse(wrong), UsageError) << wrong;
  }
}

std::string OpenPosePerson(double x_px, double size_px) {
  std::string numbers;
  for (int i = 0; i < 25; ++i) {
    numbers += fmt::format("{}{},{},0.5", i ? "," : "", x_px + size_px * (i % 3), size_px * i);
  }
  return "{\"pose_keypoints_2d\":[" + numbers + "]}";
}

TEST(PersonSource, FollowsOnePersonThroughOpenPosesFrames) {
  const TempFolder folder;
  folder.Write("f2_keypoints.json", "{\"people\":[]}");
  folder.Write("f1_keypoints.json", "{\"people\":[" + OpenPosePerson(5, 2) + "," +
                                        OpenPosePerson(50, 3.5) + "," + OpenPosePerson(90, 3) +
                                        "]}");
  folder.Write("f3_keypoints.json", "{\"people\":[" + OpenPosePerson(5, 4) + "]}");
  const auto places = [&](const char* who) {
    return Each(OpenPoseFrames(folder.path(), "", PersonChoice::Parse(who)), &Person::place);
  };
  EXPECT_THAT(places("largest"), ElementsAre(1, -1, 0));
  EXPECT_THAT(places("2"), ElementsAre(2, -1, -1));
  const auto frames = All(OpenPoseFrames(folder.path(), "", PersonChoice::Parse("0")));
  EXPECT_EQ(frames[1].person.image, "f2");
  EXPECT_EQ(frames[1].person.id, -1);
  EXPECT_EQ(frames[1].problem.confidence.sum(), 0);
  EXPECT_EQ(frames[2].person.frame, 2);
  EXPECT_EQ(frames[2].person.source_file, (folder.path() / "f3_keypoints.json").string());
  // All of them, one after the other.
  const PersonSource everybody = DataSource(OpenPoseSpec(folder.path(), ""), {});
  EXPECT_THAT(Each(everybody, &Person::image), ElementsAre("f1", "f1", "f1", "f3"));
  EXPECT_THAT(Each(everybody, &Person::place), ElementsAre(0, 1, 2, 0));
  EXPECT_THAT(Each(everybody, &Person::id), ElementsAre(0, 1, 2, 0));
}

// Missing numbers are frames without anybody, whatever zeros the numbers have.
TEST(PersonSource, FramesThatHaveNoFile) {
  const TempFolder folder;
  for (const char* name : {"v_8", "v_9", "v_12"}) {
    folder.Write(std::string(name) + "_keypoints.json",
                 "{\"people\":[" + OpenPosePerson(5, 2) + "]}");
  }
  const PersonSource frames = OpenPoseFrames(folder.path(), "", PersonChoice::Parse("0"));
  for (int time = 0; time < 2; ++time) {  // the same every time
    EXPECT_THAT(Each(frames, &Person::image), ElementsAre("v_8", "v_9", "v_10", "v_11", "v_12"));
    EXPECT_THAT(Each(frames, &Person::place), ElementsAre(0, 0, -1, -1, 0));
    EXPECT_THAT(Each(frames, &Person::frame), ElementsAre(0, 1, 2, 3, 4));
  }
  EXPECT_EQ(All(frames)[2].person.source_file, (folder.path() / "v_10_keypoints.json").string());
  EXPECT_EQ(All(frames)[3].problem.confidence.sum(), 0);

  folder.Write("v_99999_keypoints.json", "{\"people\":[]}");
  EXPECT_THAT(
      UserErrorOf([&] { All(OpenPoseFrames(folder.path(), "", PersonChoice::Parse("0"))); }),
      AllOf(HasSubstr("99986 frames are missing"), HasSubstr("'v_12'")));
  fs::rename(folder.path() / "v_99999_keypoints.json", folder.path() / "w_3_keypoints.json");
  EXPECT_THAT(
      UserErrorOf([&] { All(OpenPoseFrames(folder.path(), "", PersonChoice::Parse("0"))); }),
      HasSubstr("one video"));
}

// Two that are alike are one row of a picture, and a ghost is not the largest.
TEST(PersonSource, TheLargestIsOneOfEachPicture) {
  const TempFolder folder;
  std::string ghost = OpenPosePerson(5, 9);
  for (size_t at = 0; (at = ghost.find("0.5", at)) != std::string::npos; ++at) {
    ghost.replace(at, 3, "0.05");
  }
  const std::string one = OpenPosePerson(50, 3.5);
  const auto file =
      folder.Write("a_keypoints.json", "{\"people\":[" + ghost + "," + one + "," + one + "]}");
  const PersonSource largest =
      Choose(DataSource(OpenPoseSpec(file, ""), {}), PersonChoice::Parse("largest"));
  EXPECT_THAT(Each(largest, &Person::place), ElementsAre(1));
}

TEST(PersonSource, TakesSpinsFilesWithTheirBoxes) {
  const TempFolder folder;
  Npz npz;
  npz["imgname"] = NdArray::FromStrings({"a.jpg", "b.jpg"});
  npz["center"] = NdArray::FromMatrix(RowMatX{{40.5, 30}, {7, 8.25}});
  npz["scale"] = NdArray::From<double>({2}, std::vector<double>{0.28, 0});
  npz["focal_px"] = NdArray::From<double>({2}, std::vector<double>{0, 900});
  npz["center_px"] = NdArray::FromMatrix(RowMatX{{0, 0}, {31.5, 23.5}});
  WriteNpz(folder.path() / "d.npz", npz);
  folder.Write("a.jpg", "x");
  const PersonSource blind = DataSource(SpinSpec(folder.path() / "d.npz", ""), {});
  const std::string a = (folder.path() / "a.jpg").string(), b = (folder.path() / "b.jpg").string();
  EXPECT_THAT(Each(blind, &Person::image), ElementsAre(a, b));
  EXPECT_THAT(Each(blind, &Person::image_path), ElementsAre("", ""));
  const PersonSource seeing = DataSource(SpinSpec(folder.path() / "d.npz", folder.path()), {});
  EXPECT_THAT(Each(seeing, &Person::image_path), ElementsAre(a, ""));
  const std::vector<FitInput> inputs = All(seeing);
  EXPECT_DOUBLE_EQ(inputs[0].problem.camera.focal_px, 5000 * 56 / 224.0);
  EXPECT_DOUBLE_EQ(inputs[0].problem.pixel_scale, 4);
  EXPECT_EQ(inputs[1].problem.camera.focal_px, 900);  // no box, but a camera
  EXPECT_EQ(inputs[1].problem.pixel_scale, 1);
}

TEST(PersonSource, StartsComeRowByRow) {
  const TempFolder folder;
  const PersonSource source = DataSource(CocoSpec(folder.Write("people.json", Coco()), ""), {});
  const auto write = [&](int64_t rows) {
    RowMatX pose(rows, 72), betas(rows, 10), transl(rows, 3);
    for (int64_t r = 0; r < rows; ++r) {
      for (int i = 0; i < 72; ++i) pose(r, i) = r + i / 128.0;
      for (int i = 0; i < 10; ++i) betas(r, i) = -r - i / 16.0;
      transl.row(r) << r, 0.5, 7;
    }
    WriteNpz(folder.path() / "s.npz", {{"pose", NdArray::FromMatrix(pose)},
                                       {"betas", NdArray::FromMatrix(betas)},
                                       {"transl", NdArray::FromMatrix(transl)}});
    return WithStarts(source, folder.path() / "s.npz");
  };
  const std::vector<FitInput> inputs = All(write(3));
  ASSERT_EQ(inputs.size(), 3u);
  EXPECT_TRUE(inputs[2].problem.has_start && inputs[2].problem.start_has_translation);
  EXPECT_EQ(inputs[2].problem.start.pose()[71], 2 + 71 / 128.0);
  EXPECT_EQ(inputs[2].problem.start.betas()[9], -2 - 9 / 16.0);
  EXPECT_EQ(inputs[1].problem.start.transl(), Vec3(1, 0.5, 7));
  for (const int64_t rows : {2, 4}) {
    EXPECT_THAT(UserErrorOf([&] { All(write(rows)); }),
                AllOf(HasSubstr(fmt::format("has {} rows", rows)), HasSubstr("3 persons")));
  }
}

}  // namespace
}  // namespace gyre
