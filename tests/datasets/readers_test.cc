// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <set>

#include "core/error.h"
#include "datasets/check.h"
#include "datasets/dataset_spec.h"
#include "io/image.h"
#include "io/io_test_util.h"
#include "io/npz.h"

namespace gyre {
namespace {

using testing::AllOf;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr const char* kShared = "../shared/data";

int Joint(const char* name) { return SpinJoints().IndexOf(name); }

// A MATLAB v5 file with one double array, values in MATLAB's order.
std::string MatFile(const std::vector<int32_t>& dims, const std::vector<double>& values) {
  const auto raw = [](auto value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof(value));
  };
  const auto element = [&](int32_t type, std::string data) {
    std::string out = raw(type) + raw(static_cast<int32_t>(data.size())) + data;
    out.resize((out.size() + 7) / 8 * 8);
    return out;
  };
  std::string dim_bytes, value_bytes;
  for (int32_t dim : dims) dim_bytes += raw(dim);
  for (double value : values) value_bytes += raw(value);
  const std::string body = element(6, raw(int32_t{6}) + raw(int32_t{0})) + element(5, dim_bytes) +
                           element(1, "joints") + element(9, value_bytes);
  std::string file = "MATLAB 5.0 MAT-file";
  file.resize(124, ' ');
  return file + std::string("\x00\x01IM", 4) + element(14, body);
}

Npz SpinArrays(int64_t rows) {
  Npz npz;
  npz["imgname"] = NdArray::FromStrings(std::vector<std::string>(rows, "a/ä.jpg"));
  npz["center"] = NdArray::FromMatrix(RowMatX::Constant(rows, 2, 50));
  npz["scale"] = NdArray::From<double>({rows}, std::vector<double>(rows, 0.5));
  std::vector<double> part(rows * 24 * 3, 0);
  part[0] = 7;  // row 0: the right ankle
  part[1] = 8;
  part[2] = 1;
  npz["part"] = NdArray::From<double>({rows, 24, 3}, part);
  return npz;
}

TEST(SpinNpz, ReadsRowsAndOptionalColumns) {
  const TempFolder folder;
  Npz npz = SpinArrays(2);
  npz["pose"] = NdArray::FromMatrix(RowMatX::Constant(2, 72, 0.1));
  npz["shape"] = NdArray::FromMatrix(RowMatX::Constant(2, 10, 0.2));
  npz["has_smpl"] = NdArray::From<double>({2}, std::vector<double>{0, 1});
  npz["gender"] = NdArray::FromStrings({"m", "f"});
  WriteNpz(folder.path() / "d.npz", npz);
  const auto set = OpenDataset((folder.path() / "d.npz").string());
  ASSERT_EQ(set->size(), 2);
  const Person first = set->Get(0), second = set->Get(1);
  EXPECT_EQ(first.keypoints.px(Joint("Right Ankle"), 1), 8);
  EXPECT_EQ(first.keypoints.confidence.sum(), 1);
  EXPECT_EQ(first.box.side_px, 100);
  EXPECT_FALSE(first.params.has_value());
  ASSERT_TRUE(second.params.has_value());
  EXPECT_FALSE(second.params_have_translation);
  EXPECT_EQ(second.gender, Gender::kFemale);
  EXPECT_THAT(UserErrorOf([&] { set->LoadImage(first); }),
              AllOf(HasSubstr("row 0"), HasSubstr("ä.jpg")));
}

TEST(SpinNpz, PlacesEveryColumn) {
  const TempFolder folder;
  Npz npz = SpinArrays(2);
  std::vector<double> openpose(2 * 25 * 3, 0), S(2 * 24 * 4, 0);
  const auto put = [](std::vector<double>* v, int at, std::vector<double> numbers) {
    std::copy(numbers.begin(), numbers.end(), v->begin() + at);
  };
  put(&openpose, 3 * (25 + 4), {31.5, 32.25, 0.75});  // row 1: OpenPose's right wrist
  put(&S, 4 * (24 + 5), {0.5, -0.25, 3, 0.125});      // row 1: the left ankle
  npz["openpose"] = NdArray::From<double>({2, 25, 3}, openpose);
  npz["S"] = NdArray::From<double>({2, 24, 4}, S);
  npz["frame"] = NdArray::From<double>({2}, std::vector<double>{-1, 17});
  npz["track"] = NdArray::From<double>({2}, std::vector<double>{-1, 3});
  npz["focal_px"] = NdArray::From<double>({2}, std::vector<double>{0, 812.5});
  npz["center_px"] = NdArray::FromMatrix(RowMatX{{0, 0}, {41.5, 23.25}});
  WriteNpz(folder.path() / "d.npz", npz);
  const auto set = OpenDataset((folder.path() / "d.npz").string());
  const Person none = set->Get(0), one = set->Get(1);
  EXPECT_EQ(one.keypoints.NumObserved(), 1);
  EXPECT_EQ(one.keypoints.px.row(Joint("OP RWrist")), Eigen::RowVector2d(31.5, 32.25));
  EXPECT_EQ(one.keypoints.confidence[Joint("OP RWrist")], 0.75);
  EXPECT_EQ(one.joints3d->set->joints[5], "Left Ankle");
  EXPECT_EQ(one.joints3d->m.row(5), Eigen::RowVector3d(0.5, -0.25, 3));
  EXPECT_EQ(one.joints3d->confidence[5], 0.125);
  EXPECT_EQ(one.joints3d->confidence.sum(), 0.125);
  EXPECT_FALSE(none.camera.has_value());
  EXPECT_EQ(one.camera->focal_px, 812.5);
  EXPECT_EQ(one.camera->center_px, Vec2(41.5, 23.25));
  EXPECT_EQ(none.frame, -1);
  EXPECT_EQ(one.frame, 17);
  EXPECT_EQ(one.track, 3);
  npz["track"] = NdArray::From<double>({2}, std::vector<double>{-1, 2.5});
  WriteNpz(folder.path() / "d.npz", npz);
  EXPECT_THAT(UserErrorOf([&] { OpenDataset((folder.path() / "d.npz").string()); }),
              AllOf(HasSubstr("row 1"), HasSubstr("'track'")));
}

TEST(SpinNpz, MasksShowThePersonInAnyColour) {
  const TempFolder folder;
  // Blue, green and red alone are each the person; black is not. Parts stand in every channel.
  cv::Mat mask(1, 5, CV_8UC3, cv::Scalar::all(0));
  mask.at<cv::Vec3b>(0, 1) = {1, 0, 0};
  mask.at<cv::Vec3b>(0, 2) = {0, 1, 0};
  mask.at<cv::Vec3b>(0, 3) = {0, 0, 1};
  WriteImage(folder.path() / "m.png", mask);
  Npz npz = SpinArrays(1);
  npz["maskname"] = NdArray::FromStrings({"m.png"});
  WriteNpz(folder.path() / "d.npz", npz);
  const auto set = OpenDataset((folder.path() / "d.npz").string());
  const ImageBuffer silhouette = set->LoadSilhouette(set->Get(0));
  EXPECT_EQ(silhouette.channels, 3);
  EXPECT_THAT(silhouette.pixels,
              testing::ElementsAre(0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0));
  EXPECT_THAT(UserErrorOf([&] { set->LoadParts(set->Get(0)); }), HasSubstr("no part labels"));
}

TEST(SpinNpz, RefusesWrongColumns) {
  const TempFolder folder;
  const auto error = [&](const std::string& key, const NdArray& array) {
    Npz npz = SpinArrays(2);
    npz[key] = array;
    WriteNpz(folder.path() / "d.npz", npz);
    return UserErrorOf([&] { OpenDataset("spin:" + (folder.path() / "d.npz").string()); });
  };
  EXPECT_THAT(error("center", NdArray::FromMatrix(RowMatX::Zero(3, 2))), HasSubstr("'center'"));
  EXPECT_THAT(error("part", NdArray::FromMatrix(RowMatX::Zero(2, 72 * 2))), HasSubstr("'part'"));
  EXPECT_THAT(error("scale", NdArray::FromStrings({"a", "b"})), HasSubstr("'scale'"));
  EXPECT_THAT(error("imgname", NdArray::FromMatrix(RowMatX::Zero(2, 2))), HasSubstr("'imgname'"));
  EXPECT_THAT(error("pose", NdArray::FromMatrix(RowMatX::Zero(2, 72))), HasSubstr("'shape'"));
  for (const char* name : {"../x.jpg", "/etc/passwd", "", "a/../../x.jpg"}) {
    EXPECT_THAT(error("imgname", NdArray::FromStrings({"ok.jpg", name})), HasSubstr("row 1"))
        << name;
  }
}

TEST(Csv, ReadsNamedColumnsAndSplits) {
  const TempFolder folder;
  const auto path =
      folder.Write("d.csv",
                   "file,split,rank_x,rank_y,rank_v,pelv_x,pelv_y,nose_x,nose_y,colour\n"
                   "a.jpg,train,1,2,0,30,40,5,6,red\n"
                   "b.jpg,val,1,2,1,30,40,5,6,red\n"
                   "c.jpg,train,1,2,1,10,80,,,red\n");
  const auto all = OpenDataset("csv:" + path.string() + "?min_keypoints=2");
  ASSERT_EQ(all->size(), 3);
  EXPECT_EQ(all->Get(0).keypoints.confidence[Joint("Right Ankle")], 0);
  EXPECT_EQ(all->Get(0).keypoints.px(Joint("Pelvis (MPII)"), 1), 40);
  EXPECT_EQ(all->Get(0).keypoints.px(Joint("Nose"), 0), 5);
  EXPECT_EQ(all->Get(2).keypoints.confidence[Joint("Nose")], 0);
  EXPECT_DOUBLE_EQ(all->Get(2).box.side_px, 1.2 * 78);
  const auto val = OpenDataset(path.string() + "?split=val&min_keypoints=3");
  ASSERT_EQ(val->size(), 1);
  EXPECT_EQ(val->Get(0).index, 1);  // its row in the file
  EXPECT_THAT(UserErrorOf([&] { OpenDataset(path.string() + "?split=test"); }),
              HasSubstr("'test'"));
  EXPECT_THROW(OpenDataset(folder.Write("e.csv", "file\na.jpg\n").string()), UserError);
  EXPECT_THAT(UserErrorOf([&] {
                OpenDataset(folder.Write("f.csv", "file,nose_x,nose_y\na.jpg,1,x\n").string());
              }),
              AllOf(HasSubstr("line 2"), HasSubstr("nose_y")));
}

TEST(Csv, AJointWithOneEmptyCellIsNotAnnotated) {
  const TempFolder folder;
  const auto path = folder.Write("d.csv",
                                 "file,nose_x,nose_y,leye_x,leye_y,reye_x,reye_y\n"
                                 "a.jpg,5,,,6,7.5,8\n");
  std::vector<LeftOut> told;
  const Person person = OpenDataset(path.string() + "?min_keypoints=1", {}, [&](const LeftOut& one) {
                          told.push_back(one);
                        })->Get(0);
  EXPECT_EQ(person.keypoints.NumObserved(), 1);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[1].row, 0);
  EXPECT_EQ(told[0].problem, path.string() + ": line 2: 'nose_y' is empty and 'nose_x' is not; the "
                                             "joint counts as not annotated");
  EXPECT_EQ(told[1].problem, path.string() + ": line 2: 'leye_x' is empty and 'leye_y' is not; the "
                                             "joint counts as not annotated");
  EXPECT_EQ(person.keypoints.px.row(Joint("Right Eye")), Eigen::RowVector2d(7.5, 8));
}

TEST(Csv, AJointThatIsSaidToBeMissingNeedsNoCoordinate) {
  const TempFolder folder;
  const auto path = folder.Write("d.csv",
                                 "file,nose_x,nose_y,nose_v,leye_x,leye_y,leye_v,reye_x,reye_y\n"
                                 "a.jpg,5,,0,6,,,7.5,8\n"
                                 "b.jpg,5,4,0.5,,,maybe,7.5,8\n");
  int told = 0;
  const auto set = OpenDataset(path.string() + "?min_keypoints=1", {},
                               [&](const LeftOut&) { ++told; });
  EXPECT_EQ(told, 0);
  EXPECT_EQ(set->Get(0).keypoints.NumObserved(), 1);
  EXPECT_EQ(set->Get(1).keypoints.NumObserved(), 2);
}

// Every column against the joint it stands for, by its place among SPIN's 49.
TEST(Csv, ColumnsAreTheirJoints) {
  const std::vector<std::pair<std::string, const char*>> columns = {
      {"rank", "Right Ankle"},    {"rkne", "Right Knee"},
      {"rhip", "Right Hip"},      {"lhip", "Left Hip"},
      {"lkne", "Left Knee"},      {"lank", "Left Ankle"},
      {"rwri", "Right Wrist"},    {"relb", "Right Elbow"},
      {"rsho", "Right Shoulder"}, {"lsho", "Left Shoulder"},
      {"lelb", "Left Elbow"},     {"lwri", "Left Wrist"},
      {"neck", "Neck (LSP)"},     {"head", "Top of Head (LSP)"},
      {"pelv", "Pelvis (MPII)"},  {"thrx", "Thorax (MPII)"},
      {"nose", "Nose"},           {"leye", "Left Eye"},
      {"reye", "Right Eye"},      {"lear", "Left Ear"},
      {"rear", "Right Ear"}};
  ASSERT_EQ(columns.size(), 21u);
  std::string names = "file", row = "a.jpg";
  for (size_t i = 0; i < columns.size(); ++i) {
    const std::string& c = columns[i].first;
    names += "," + c + "_v," + c + "_y," + c + "_x";
    row += fmt::format(",{},{},{}", (i + 1) / 32.0, 100.5 + 3 * i, 7.25 * i);
  }
  const TempFolder folder;
  const auto path = folder.Write("d.csv", names + "\n" + row + "\n");
  for (const char* set : {"spin49", "own"}) {
    const Keypoints keypoints =
        OpenDataset("csv:" + path.string() + "?set=" + set)->Get(0).keypoints;
    EXPECT_EQ(keypoints.NumObserved(), 21);
    for (size_t i = 0; i < columns.size(); ++i) {
      const int joint = keypoints.set->IndexOf(columns[i].second);
      ASSERT_GE(joint, 0);
      EXPECT_EQ(keypoints.px(joint, 0), 7.25 * i) << columns[i].first;
      EXPECT_EQ(keypoints.px(joint, 1), 100.5 + 3 * i) << columns[i].first;
      EXPECT_EQ(keypoints.confidence[joint], (i + 1) / 32.0) << columns[i].first;
    }
  }
}

TEST(Csv, BoxesOfItsOwn) {
  const TempFolder folder;
  const auto path = folder.Write("d.csv",
                                 "box_y,file,box_side,nose_x,nose_y,box_x\n"
                                 "7.5,a.jpg,31,5,6,40.25\n");
  const Person person = OpenDataset(path.string() + "?min_keypoints=1&box_margin=3")->Get(0);
  EXPECT_EQ(person.box.center_px, Vec2(40.25, 7.5));
  EXPECT_EQ(person.box.side_px, 31);
}

TEST(Lsp, ThirdValueMeansOppositeThings) {
  const TempFolder folder;
  fs::create_directories(folder.path() / "images");
  // LSPET: (14, 3, 2); person 1 lacks joint 0.
  std::vector<double> extended;
  for (int person = 0; person < 2; ++person) {
    for (int axis = 0; axis < 3; ++axis) {
      for (int joint = 0; joint < 14; ++joint) {
        const double seen = person == 1 && joint == 0 ? 0 : 1;
        extended.push_back(axis == 2 ? seen : 100 * person + 10 * axis + joint);
      }
    }
  }
  folder.Write("joints.mat", MatFile({14, 3, 2}, extended));
  const std::string dir = folder.path().string();
  const auto lspet = OpenDataset("lspet:" + dir);
  ASSERT_EQ(lspet->size(), 2);
  EXPECT_EQ(lspet->Get(1).keypoints.confidence[Joint("Right Ankle")], 0);
  EXPECT_EQ(lspet->Get(0).keypoints.confidence[Joint("Right Ankle")], 1);
  EXPECT_EQ(lspet->Get(1).keypoints.px(Joint("Top of Head (LSP)"), 1), 123);
  EXPECT_THAT(lspet->Get(1).image_path, testing::EndsWith("im00002.jpg"));
  // Joints 0 to 13 at (joint, 10 + joint); of the second person 1 to 13, 100 farther.
  EXPECT_EQ(lspet->Get(0).box.center_px, Vec2(6.5, 16.5));
  EXPECT_DOUBLE_EQ(lspet->Get(0).box.side_px, 1.2 * 13);
  EXPECT_EQ(lspet->Get(1).box.center_px, Vec2(107, 117));
  EXPECT_DOUBLE_EQ(lspet->Get(1).box.side_px, 1.2 * 12);
  EXPECT_DOUBLE_EQ(OpenDataset("lspet:" + dir + "?box_margin=2.5")->Get(1).box.side_px, 2.5 * 12);
  EXPECT_EQ(OpenDataset("lspet:" + dir + "?min_keypoints=14")->size(), 1);
  const Person own = OpenDataset("lspet:" + dir + "?set=own")->Get(1);
  EXPECT_EQ(own.keypoints.set->name, "lsp14");
  EXPECT_EQ(own.keypoints.px(13, 1), 123);
  const auto spin = OpenDataset("lspet:" + dir + "?all_annotated=1");
  EXPECT_EQ(spin->Get(1).keypoints.confidence[Joint("Right Ankle")], 1);
  EXPECT_THROW(OpenDataset("lsp:" + dir), UserError);  // another shape
  // LSP: (3, 14, 1); all hidden, all annotated.
  std::vector<double> original;
  for (int joint = 0; joint < 14; ++joint) {
    original.insert(original.end(), {double(joint), double(2 * joint), 1});
  }
  folder.Write("joints.mat", MatFile({3, 14, 1}, original));
  const auto lsp = OpenDataset("lsp:" + dir);
  ASSERT_EQ(lsp->size(), 1);
  EXPECT_EQ(lsp->Get(0).keypoints.confidence.sum(), 14);
  EXPECT_EQ(lsp->Get(0).keypoints.px(Joint("Top of Head (LSP)"), 1), 26);
  EXPECT_THAT(lsp->Get(0).image_path, testing::EndsWith("im0001.jpg"));
}

TEST(Readers, BadFilesAreUserErrors) {
  const TempFolder folder;
  for (const char* content :
       {"", "PK\x03\x04", "{\"images\": [", "file,nose_x\n1", "\xff\xfe\x01"}) {
    for (const char* kind : {"spin", "csv", "coco"}) {
      const auto path = folder.Write("bad", content);
      EXPECT_THROW(OpenDataset(std::string(kind) + ":" + path.string()), UserError) << kind;
    }
    folder.Write("joints.mat", content);
    EXPECT_THROW(OpenDataset("lspet:" + folder.path().string()), UserError);
  }
  EXPECT_THROW(OpenDataset("csv:/nowhere.csv"), UserError);
  EXPECT_THROW(OpenDataset("nothing"), UserError);
  EXPECT_THROW(OpenDataset("csv:"), UserError);
}

TEST(Mixtures, WeightsAndNames) {
  const TempFolder folder;
  WriteNpz(folder.path() / "d.npz", SpinArrays(4));
  const std::string spec = "spin:" + (folder.path() / "d.npz").string();
  const Mixture weighted = OpenMixture(spec + "?name=a*3," + spec + "?name=b*1");
  EXPECT_EQ(weighted.weights, (std::vector<double>{0.75, 0.25}));
  EXPECT_EQ(weighted.size(), 8);
  const Mixture three =
      OpenMixture(spec + "?name=a*1," + spec + "?name=b*2.5," + spec + "?name=c*0.5");
  EXPECT_EQ(three.weights, (std::vector<double>{0.25, 0.625, 0.125}));
  EXPECT_EQ(OpenMixture(spec).weights, std::vector<double>{1.0});
  EXPECT_THROW(OpenMixture(spec + "," + spec), UserError);           // one name
  EXPECT_THROW(OpenMixture(spec + "?name=a*2," + spec), UserError);  // half weighted
  EXPECT_THROW(OpenMixture(spec + "*0"), UserError);
  EXPECT_THROW(OpenMixture(""), UserError);
}

TEST(Check, FindsWrongRows) {
  const TempFolder folder;
  fs::create_directories(folder.path() / "images");
  WriteImage(folder.path() / "images" / "a.png", cv::Mat(60, 80, CV_8UC3, cv::Scalar(1, 2, 3)));
  Npz npz = SpinArrays(4);
  npz["imgname"] = NdArray::FromStrings({"a.png", "missing.png", "a.png", "a.png"});
  npz["scale"] = NdArray::From<double>({4}, std::vector<double>{0.1, 0.1, 0, 0.1});
  std::vector<double> part(4 * 24 * 3, 0);
  for (int row = 0; row < 4; ++row) {
    part[row * 72] = 10;
    part[row * 72 + 1] = row == 3 ? 500 : 20;
    part[row * 72 + 2] = 1;
  }
  part[3 * 72 + 3] = std::nan("");
  part[3 * 72 + 5] = 1;
  npz["part"] = NdArray::From<double>({4, 24, 3}, part);
  WriteNpz(folder.path() / "d.npz", npz);
  const auto set = OpenDataset((folder.path() / "d.npz").string());
  const std::vector<RowProblem> problems = CheckDataset(*set, {});
  ASSERT_EQ(problems.size(), 4u);
  EXPECT_EQ(problems[0].row, 1);
  EXPECT_THAT(problems[0].problem, HasSubstr("missing.png"));
  EXPECT_EQ(problems[1].row, 2);
  EXPECT_THAT(problems[1].problem, HasSubstr("box"));
  EXPECT_EQ(problems[2].row, 3);
  EXPECT_THAT(problems[2].problem, HasSubstr("not finite"));
  EXPECT_THAT(problems[3].problem, AllOf(HasSubstr("Right Ankle"), HasSubstr("outside")));
}

TEST(RealData, LspetCsvAndMatAgree) {
  if (!fs::exists(kShared)) GTEST_SKIP() << kShared << " is absent";
  const std::string dir = std::string(kShared) + "/lspet";
  const auto mat = OpenDataset("lspet:" + dir);
  const auto csv = OpenDataset("lspet:" + dir + "?split=train");
  const auto val = OpenDataset("csv:" + dir + "/lspet.csv?split=val");
  EXPECT_EQ(csv->size(), 2751);
  EXPECT_EQ(val->size(), 400);
  std::map<std::string, int64_t> position;
  for (int64_t i = 0; i < mat->size(); ++i) position[mat->Get(i).image_path] = i;
  for (int64_t i = 0; i < csv->size(); i += 100) {
    const Person a = csv->Get(i), b = mat->Get(position.at(a.image_path));
    EXPECT_LT((a.keypoints.px - b.keypoints.px).cwiseAbs().maxCoeff(), 0.006) << a.image_path;
    EXPECT_EQ(a.keypoints.confidence, b.keypoints.confidence);
  }
  EXPECT_GT(csv->LoadImage(csv->Get(0)).width, 10);
}

TEST(RealData, CocoAndMpii) {
  if (!fs::exists(kShared)) GTEST_SKIP() << kShared << " is absent";
  const std::string dir = kShared;
  const auto coco = OpenDataset("coco:" + dir + "/coco/person_keypoints_excerpt.json");
  ASSERT_GT(coco->size(), 10);
  for (int64_t i = 0; i < coco->size(); ++i) {
    const Person sample = coco->Get(i);
    EXPECT_GE((sample.keypoints.confidence.array() > 0).count(), 6);
    const ImageBuffer image = coco->LoadImage(sample);
    EXPECT_TRUE(CheckPerson(sample, &image, {}).empty()) << i;
  }
  EXPECT_LT(
      OpenDataset("coco:" + dir + "/coco/person_keypoints_excerpt.json?min_keypoints=12")->size(),
      coco->size());
  EXPECT_EQ(OpenDataset("csv:" + dir + "/mpii/mpii_train.csv")->size(), 17928);
}

// For networks, which need no keypoints.
TEST(Csv, BoxesAloneWhereTheyAreAskedFor) {
  const TempFolder folder;
  const auto path =
      folder.Write("b.csv", "file,box_x,box_y,box_side\na.jpg,50,60.5,100\n").string();
  const auto boxes = OpenDataset("csv:" + path + "?boxes=1&min_keypoints=0");
  ASSERT_EQ(boxes->size(), 1);
  EXPECT_EQ(boxes->Get(0).box.center_px, Vec2(50, 60.5));
  EXPECT_EQ(boxes->Get(0).box.side_px, 100);
  EXPECT_EQ(boxes->Get(0).keypoints.NumObserved(), 0);
  EXPECT_THROW(OpenDataset("csv:" + path + "?min_keypoints=0"), UserError);
  const auto none = folder.Write("n.csv", "file\na.jpg\n").string();
  EXPECT_THROW(OpenDataset("csv:" + none + "?boxes=1"), UserError);
}

}  // namespace
}  // namespace gyre
