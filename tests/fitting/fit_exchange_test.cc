// SPDX-License-Identifier: Apache-2.0
#include "fitting/store/fit_exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>

#include "core/error.h"
#include "core/file.h"
#include "fitting/store/fit_npz.h"
#include "fitting/store/fit_pairs.h"
#include "fitting/store/npz_head.h"
#include "io/io_test_util.h"
#include "io/npz.h"
#include "sample_fits.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

StoredFit Scored(double score) { return MakeFit(12, score); }

class FitExchangeTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("gyre_fit_exchange_" + std::to_string(::getpid()));
    MakeFolder(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  static FitFile Sample(const FitLayout& layout = SmplLayout()) {
    FitFile file = FitFile::InMemory({{"coco \xC3\xA9", 3, ""}, {"lsp", 6, ""}}, layout);
    file.Write(file.Position("coco \xC3\xA9", 1), MakeFit(layout, 12, 99));
    file.Write(file.Position("lsp", 2), MakeFit(layout, 13, 12.5));
    file.Write(file.Position("lsp", 5),
               MakeFit(layout, 14, std::numeric_limits<double>::infinity()));
    return file;
  }

  fs::path folder_;
};

TEST_F(FitExchangeTest, NpzKeepsEverything) {
  const FitFile file = Sample();
  const fs::path path = folder_ / "fits.npz";
  ExportFits(file, path, "");
  const FitDifferences differences = CompareFits(file, ReadFits(path));
  EXPECT_TRUE(differences.None());
  EXPECT_EQ(differences.equal, 3);
  EXPECT_EQ(Get(ReadNpz(path), "pose", path).shape, (std::vector<int64_t>{3, 72}));
  ExportFits(file, path, "lsp");
  EXPECT_EQ(CompareFits(file, ReadFits(path)).only_first, 1);
  EXPECT_THROW(ExportFits(file, path, "mpii"), UserError);
}

// As NumPy sees it: each number in its place, of its type.
TEST_F(FitExchangeTest, AnExportHoldsTheseArrays) {
  const fs::path path = folder_ / "fits.npz";
  ExportFits(Sample(), path, "");
  const Npz npz = ReadNpz(path);
  EXPECT_EQ(npz.at("dataset").strings, (std::vector<std::string>{"coco \xC3\xA9", "lsp", "lsp"}));
  const auto expect = [&](const char* key, DType dtype, const std::vector<int64_t>& shape,
                          const std::vector<double>& last_row) {
    const NdArray& array = npz.at(key);
    EXPECT_EQ(array.dtype, dtype) << key;
    EXPECT_EQ(array.shape, shape) << key;
    const std::vector<double> values = array.As<double>();
    ASSERT_GE(values.size(), last_row.size()) << key;
    EXPECT_EQ(std::vector<double>(values.end() - last_row.size(), values.end()), last_row) << key;
  };
  expect("index", DType::kInt64, {3}, {1, 2, 5});
  expect("observed_joints", DType::kInt64, {3}, {13, 13, 13});
  expect("source", DType::kInt8, {3}, {2, 2, 2});
  expect("step", DType::kInt64, {3}, {12, 13, 14});
  expect("score_px2", DType::kFloat64, {3}, {99, 12.5, std::numeric_limits<double>::infinity()});
  expect("pose_prior", DType::kFloat64, {3}, {80.1, 80.1, 80.1});
  expect("pose", DType::kFloat32, {3, 72}, {-0.40625 + 70 / 128.0, -0.40625 + 71 / 128.0});
  expect("betas", DType::kFloat32, {3, 10}, {1.25 - 40 / 64.0, 1.25 - 45 / 64.0});
  expect("transl", DType::kFloat32, {3, 3}, {0.125, -0.25, 40.5});
  expect("focal_px", DType::kFloat32, {3}, {4321.5, 4321.5, 4321.5});
  expect("center_px", DType::kFloat32, {3, 2}, {101.25, 117.75});
  expect("rotation_sd_rad", DType::kFloat32, {3, 24}, {0.0625 + 22 / 512.0, 0.0625 + 23 / 512.0});
  expect("robust_px2", DType::kFloat32, {3}, {7.5, 7.5, 7.5});
  EXPECT_EQ(npz.at("row").bytes, npz.at("index").bytes);
  EXPECT_EQ(npz.at("usable").bytes, std::string(3, '\1'));
  EXPECT_EQ(npz.at("reason").strings, (std::vector<std::string>{"ok", "ok", "ok"}));
  std::vector<std::string> keys;
  for (const FieldDoc& doc : ExportFields()) keys.emplace_back(doc.key);
  for (const FieldDoc& doc : HeadFields()) keys.emplace_back(doc.key);
  std::erase(keys, "expression");  // SMPL has none
  EXPECT_THAT(NpzKeys(path), testing::UnorderedElementsAreArray(keys));
  EXPECT_EQ(npz.at("about").strings.size(), keys.size());
}

// The columns by hand, so that reading does not lean on writing; a camera's x is not its y.
TEST_F(FitExchangeTest, AnExportOfHandIsRead) {
  const auto doubles = [](std::vector<int64_t> shape, double first, double step) {
    int64_t size = 1;
    for (const int64_t extent : shape) size *= extent;
    std::vector<double> values;
    for (int64_t i = 0; i < size; ++i) values.push_back(first + step * static_cast<double>(i));
    return NdArray::From<double>(std::move(shape), values);
  };
  Npz npz;
  npz["dataset"] = NdArray::FromStrings({"b", "a"});
  npz["index"] = doubles({2}, 3, 2);
  npz["pose"] = doubles({2, 72}, -0.5, 1 / 256.0);
  npz["betas"] = doubles({2, 10}, 1, -0.125);
  npz["transl"] = doubles({2, 3}, 0.5, 8);
  npz["focal_px"] = doubles({2}, 1000, 250.5);
  npz["center_px"] = doubles({2, 2}, 100.25, 16.5);
  npz["score_px2"] = doubles({2}, 31.5, 1);
  npz["pose_prior"] = doubles({2}, 60.5, 3);
  npz["observed_joints"] = doubles({2}, 11, 2);
  npz["source"] = doubles({2}, 1, 1);
  npz["step"] = doubles({2}, 70, 5);
  const fs::path path = folder_ / "fits.npz";
  WriteNpz(path, npz);
  const FitFile file = ReadFits(path);
  EXPECT_EQ(file.datasets(), (std::vector<FitRows>{{"b", 4, ""}, {"a", 6, ""}}));
  const auto fit = file.Read(file.Position("a", 5));
  ASSERT_TRUE(fit);
  EXPECT_EQ(fit->params.pose()[0], -0.5 + 72 / 256.0);
  EXPECT_EQ(fit->params.pose()[71], -0.5 + 143 / 256.0);
  EXPECT_EQ(fit->params.betas()[0], 1 - 10 / 8.0);
  EXPECT_EQ(fit->params.betas()[9], 1 - 19 / 8.0);
  EXPECT_EQ(fit->params.transl(), Vec3(24.5, 32.5, 40.5));
  EXPECT_EQ(fit->camera.focal_px, 1250.5);
  EXPECT_EQ(fit->camera.center_px, Vec2(133.25, 149.75));
  EXPECT_EQ(fit->score_px2, 32.5);
  EXPECT_EQ(fit->pose_prior, 63.5);
  EXPECT_EQ(fit->observed_joints, 13);
  EXPECT_EQ(fit->source, FitSource::kLoop);
  EXPECT_EQ(fit->step, 75);
  EXPECT_EQ(fit->robust_px2, 0) << "not kept by older versions";
  EXPECT_EQ(fit->rotation_sd_rad, JointFloats::Zero(24));
  EXPECT_EQ(file.Read(file.Position("b", 3))->camera.center_px, Vec2(100.25, 116.75));
}

TEST_F(FitExchangeTest, FitsOfOtherBodiesSayOfWhich) {
  for (const FitLayout& layout : {MakeLayout("other", 12, 3, 0), MakeLayout("smplx", 55, 10, 10)}) {
    const FitFile file = Sample(layout);
    const fs::path path = folder_ / "fits.npz";
    ExportFits(file, path, "");
    const FitFile read = ReadFits(path);
    EXPECT_EQ(read.layout(), layout);
    EXPECT_EQ(CompareFits(file, read).equal, 3);
    const Npz npz = ReadNpz(path);
    EXPECT_EQ(npz.at("family").strings, std::vector<std::string>{layout.family});
    EXPECT_EQ(npz.at("joint_names").strings, layout.joints);
    const int64_t joints = layout.num_joints();
    EXPECT_EQ(npz.at("pose").shape, (std::vector<int64_t>{3, 3 * joints}));
    EXPECT_EQ(npz.at("betas").shape, (std::vector<int64_t>{3, layout.num_betas}));
    EXPECT_EQ(npz.at("rotation_sd_rad").shape, (std::vector<int64_t>{3, joints}));
    EXPECT_EQ(npz.contains("expression"), layout.num_expression > 0);

    for (const char* name : {"lsp.npy", "lsp.npz"}) {
      const std::string error = UserErrorOf([&] { ExportSpinFits(file, folder_ / name, "lsp"); });
      EXPECT_THAT(error, HasSubstr("SMPL's 24 joints and 10 betas"));
      EXPECT_THAT(error, HasSubstr(layout.Describe()));
      EXPECT_FALSE(fs::exists(folder_ / name));
    }
    ExportFits(Sample(), folder_ / "smpl.npz", "");
    EXPECT_THAT(UserErrorOf([&] { CompareFits(file, Sample()); }), HasSubstr(layout.Describe()));
    EXPECT_THAT(UserErrorOf([&] {
                  MergeFits({path, folder_ / "smpl.npz"}, folder_ / "merged");
                }),
                HasSubstr(layout.Describe()));
    EXPECT_FALSE(fs::exists(folder_ / "merged"));
    MergeFits({path}, folder_ / "merged");
    EXPECT_EQ(FitFile::OpenToRead(folder_ / "merged").layout(), layout);
    fs::remove(folder_ / "merged");
  }
}

TEST_F(FitExchangeTest, AnEmptyStoreIsAnEmptyExport) {
  const FitFile file = FitFile::InMemory({{"lsp", 6, ""}}, SmplLayout());
  const fs::path path = folder_ / "fits.npz";
  ExportFits(file, path, "");
  EXPECT_TRUE(CompareFits(file, ReadFits(path)).None());
}

// What two runs hold tells, not how it came there.
TEST_F(FitExchangeTest, ExportsOfTheSameFitsAreTheSameBytes) {
  FitFile a = Sample(), b = Sample();
  for (int i = 0; i < 3; ++i) a.Write(1, Scored(200 - i));
  a.Write(1, Scored(99));
  EXPECT_TRUE(CompareFits(a, b).None());
  ExportFits(a, folder_ / "a.npz", "");
  ExportFits(b, folder_ / "b.npz", "");
  EXPECT_EQ(ReadFile(folder_ / "a.npz"), ReadFile(folder_ / "b.npz"));
}

TEST_F(FitExchangeTest, SpinsLayouts) {
  const FitFile file = Sample();
  for (const char* name : {"lsp_fits.npy", "lsp.npz"}) {
    const fs::path path = folder_ / name;
    ExportSpinFits(file, path, "lsp");
    const FitFile read = ReadFits(path, "lsp");
    EXPECT_EQ(read.size(), 6);
    EXPECT_EQ(read.Verify().fits, 2);
    EXPECT_EQ(read.Read(2)->params.pose(), file.Read(file.Position("lsp", 2))->params.pose());
    EXPECT_TRUE(std::isinf(read.Read(2)->score_px2));
    EXPECT_THROW(ReadFits(path), UsageError) << "whose fits?";
  }
  EXPECT_EQ(ReadNpy(folder_ / "lsp_fits.npy").shape, (std::vector<int64_t>{6, 82}));
}

TEST_F(FitExchangeTest, MergingTakesTheBetterFitAndTruthBeforeAll) {
  FitFile first = FitFile::Create(folder_ / "1", {{"lsp", 4, "f"}}, SmplLayout());
  FitFile second = FitFile::Create(folder_ / "2", {{"lsp", 6, ""}, {"mpii", 1, ""}}, SmplLayout());
  StoredFit truth = Scored(500);
  truth.source = FitSource::kTruth;
  first.Write(0, Scored(10)), second.Write(0, Scored(20));
  first.Write(1, Scored(20)), second.Write(1, Scored(10));
  first.Write(2, Scored(1)), second.Write(2, truth);
  StoredFit by_mask = Scored(70);
  by_mask.source = FitSource::kMasks;
  first.Write(3, Scored(3)), second.Write(3, by_mask);
  second.Write(5, Scored(5)), second.Write(6, Scored(6));
  MergeFits({folder_ / "1", folder_ / "2"}, folder_ / "3");
  const FitFile merged = FitFile::OpenToRead(folder_ / "3");
  EXPECT_EQ(merged.datasets(), (std::vector<FitRows>{{"lsp", 6, "f"}, {"mpii", 1, ""}}));
  EXPECT_EQ(merged.Read(0)->score_px2, 10);
  EXPECT_EQ(merged.Read(1)->score_px2, 10);
  EXPECT_EQ(merged.Read(2)->source, FitSource::kTruth);
  EXPECT_EQ(merged.Read(3)->score_px2, 70) << "it knows the mask";
  EXPECT_FALSE(merged.Read(4));
  EXPECT_EQ(merged.Read(5)->score_px2, 5);
  EXPECT_EQ(merged.Read(6)->score_px2, 6);
  MergeFits({folder_ / "2", folder_ / "1"}, folder_ / "4");  // fewer rows behind more
  const FitFile other_way = FitFile::OpenToRead(folder_ / "4");
  EXPECT_EQ(other_way.datasets(), merged.datasets());
  EXPECT_EQ(other_way.Read(5)->score_px2, 5);
  fs::remove(folder_ / "4");
  EXPECT_THROW(MergeFits({folder_ / "1"}, folder_ / "3"), UserError) << "is there already";
  FitFile::Create(folder_ / "other", {{"lsp", 4, "g"}}, SmplLayout());
  EXPECT_THROW(MergeFits({folder_ / "1", folder_ / "other"}, folder_ / "4"), UserError);
  EXPECT_FALSE(fs::exists(folder_ / "4"));
}

// Of a data set's people; the second stands in no box.
FitSubject Subject(int64_t id, double side_px) {
  FitSubject subject;
  subject.source_file = "people.json";
  subject.image = "stra\xC3\x9F" + std::to_string(id) + ".jpg";
  subject.person = id % 3;
  subject.id = id;
  subject.SetView({{200.5, 120.25}, side_px}, {800, {320, 239.5}});
  return subject;
}

TEST_F(FitExchangeTest, AnExportSaysWhoseFitsTheyAre) {
  FitFile file = FitFile::InMemory({{"lsp", 6, ""}}, SmplLayout(),
                                   {{"smpl.pkl", "extra.npy", "0123abcd"}, "objective", "ef"});
  StoredFit fit = MakeFit(13, 12.5);
  fit.camera = {1600, {350.5, 350}};  // 800 px at 2 px a pixel; (320 - 200.5) 2 + 111.5, ...
  file.Write(2, fit);
  file.Write(5, MakeFit(14, 30));
  file.SetSubject(2, Subject(77, 112));
  const fs::path path = folder_ / "fits.npz";
  ExportFits(file, path, "");
  const Npz npz = ReadNpz(path);
  const auto first = [&](const char* key) {
    const std::vector<double> values = npz.at(key).As<double>();
    return std::vector<double>(values.begin(), values.begin() + std::ssize(values) / 2);
  };
  EXPECT_EQ(npz.at("image").strings, (std::vector<std::string>{"stra\xC3\x9F"
                                                               "77.jpg",
                                                               ""}));
  EXPECT_EQ(npz.at("source_file").strings[0], "people.json");
  EXPECT_EQ(npz.at("id").As<int64_t>(), (std::vector<int64_t>{77, -1}));
  EXPECT_EQ(npz.at("person").As<int64_t>(), (std::vector<int64_t>{2, -1}));
  EXPECT_EQ(first("box_center_px"), (std::vector<double>{200.5, 120.25}));
  EXPECT_EQ(first("box_side_px"), std::vector<double>{112});
  EXPECT_EQ(first("pixel_scale"), std::vector<double>{2});
  EXPECT_EQ(first("image_focal_px"), std::vector<double>{800});
  EXPECT_EQ(first("image_center_px"), (std::vector<double>{320, 239.5}));
  EXPECT_EQ(first("crop_focal_px"), std::vector<double>{1600});
  EXPECT_EQ(first("crop_center_px"), (std::vector<double>{350.5, 350}));
  EXPECT_TRUE(std::isnan(npz.at("box_side_px").As<double>()[1]));
  EXPECT_TRUE(std::isnan(npz.at("image_focal_px").As<double>()[1]));
  EXPECT_EQ(npz.at("crop_focal_px").As<double>()[1], 4321.5);
  EXPECT_EQ(npz.at("body_path").strings, std::vector<std::string>{"smpl.pkl"});
  EXPECT_EQ(npz.at("body_extra_path").strings, std::vector<std::string>{"extra.npy"});
  EXPECT_EQ(npz.at("score_rule").strings, std::vector<std::string>{"objective"});

  const FitFile read = ReadFits(path);
  EXPECT_EQ(read.origin(), file.origin());
  EXPECT_EQ(OriginOfFits(path), file.origin());
  EXPECT_TRUE(CompareFits(file, read).None());
  ASSERT_NE(read.SubjectAt(2), nullptr);
  EXPECT_EQ(read.SubjectAt(2)->id, 77);
  EXPECT_EQ(read.SubjectAt(2)->box.center_px, Vec2(200.5, 120.25));
  EXPECT_EQ(read.SubjectAt(2)->camera.center_px, Vec2(320, 239.5));
  ExportFits(read, folder_ / "again.npz", "");
  EXPECT_EQ(ReadFile(folder_ / "again.npz"), ReadFile(path));
}

// A fit by another camera than the data set's: the image's camera is the fit's, seen from its box.
TEST_F(FitExchangeTest, TheCameraOfTheImageIsTheFits) {
  FitFile file = FitFile::InMemory({{"lsp", 6, ""}}, SmplLayout());
  StoredFit fit = MakeFit(13, 12.5);
  fit.camera = {2500, {111.5, 111.5}};
  file.Write(2, fit);
  file.SetSubject(2, Subject(77, 112));
  ExportFits(file, folder_ / "fits.npz", "");
  const Npz npz = ReadNpz(folder_ / "fits.npz");
  EXPECT_EQ(npz.at("image_focal_px").As<double>(), std::vector<double>{1250});
  EXPECT_EQ(npz.at("image_center_px").As<double>(), (std::vector<double>{200.5, 120.25}));
}

TEST_F(FitExchangeTest, FitsOfTwoBodiesAreNotBroughtTogether) {
  const auto make = [&](const char* name, const BodyIdentity& body) {
    FitFile file = FitFile::Create(folder_ / name, {{"lsp", 4, ""}}, SmplLayout(), {body, "", ""});
    file.Write(1, Scored(10));
  };
  make("a", {"a.npz", "", "11"});
  make("same", {"moved/a.npz", "", "11"});
  make("b", {"b.pkl", "extra.npy", "22"});
  make("unknown", {});
  EXPECT_TRUE(CompareFits(ReadFits(folder_ / "a"), ReadFits(folder_ / "same")).None());
  EXPECT_TRUE(CompareFits(ReadFits(folder_ / "a"), ReadFits(folder_ / "unknown")).None());
  EXPECT_THAT(UserErrorOf([&] { CompareFits(ReadFits(folder_ / "a"), ReadFits(folder_ / "b")); }),
              testing::AllOf(HasSubstr("a.npz (content 11)"),
                             HasSubstr("b.pkl with extra.npy (content 22)")));
  EXPECT_THAT(UserErrorOf([&] {
                MergeFits({folder_ / "unknown", folder_ / "a", folder_ / "b"}, folder_ / "m");
              }),
              HasSubstr("b.pkl"));
  EXPECT_FALSE(fs::exists(folder_ / "m"));
  MergeFits({folder_ / "unknown", folder_ / "same"}, folder_ / "m");
  EXPECT_EQ(ReadFits(folder_ / "m").origin().body, (BodyIdentity{"moved/a.npz", "", "11"}));
}

TEST_F(FitExchangeTest, AMergeSaysWhereScoresDoNotCompare) {
  const auto make = [&](const char* name, const char* rule, const char* options, double score) {
    FitFile file =
        FitFile::Create(folder_ / name, {{"lsp", 4, ""}}, SmplLayout(), {{}, rule, options});
    file.Write(1, Scored(10));
    file.Write(2, Scored(score));
    return folder_ / name;
  };
  const double kInfinity = std::numeric_limits<double>::infinity();
  const fs::path objective = make("objective", "objective", "aa", 20);
  const fs::path same = make("same", "objective", "aa", kInfinity);
  const fs::path other = make("other", "objective", "bb", kInfinity);
  const fs::path spin = make("spin", "spin", "", 5), unknown = make("unknown", "", "", 5);
  int merged = 0;
  const auto notes = [&](const std::vector<fs::path>& paths) {
    return MergeFits(paths, folder_ / std::to_string(merged++));
  };
  EXPECT_THAT(notes({objective, same}), testing::IsEmpty());
  EXPECT_THAT(notes({objective, spin}),
              testing::ElementsAre(testing::AllOf(
                  HasSubstr("2 fits were chosen between"), HasSubstr("(objective, fit options aa)"),
                  HasSubstr("(spin)"), HasSubstr("do not compare"))));
  EXPECT_THAT(notes({objective, other}),
              testing::ElementsAre(HasSubstr("1 fits were chosen")));  // and one has no score
  EXPECT_THAT(notes({unknown, spin}),
              testing::ElementsAre(HasSubstr("does not say its store.rule")));
  EXPECT_THAT(notes({same, same}), testing::ElementsAre(HasSubstr("1 people have fits without a")));
  EXPECT_EQ(ReadFits(folder_ / "0").origin().score_fingerprint, "aa");
  EXPECT_EQ(ReadFits(folder_ / "1").origin().score_rule, "") << "of two kinds";
}

TEST_F(FitExchangeTest, RowsOfOtherPeopleAreCounted) {
  const auto file = [](const std::vector<FitSubject>& subjects) {
    FitFile fits = FitFile::InMemory({{"lsp", 7, ""}}, SmplLayout());
    for (size_t i = 0; i < subjects.size(); ++i) {
      fits.Write(static_cast<int64_t>(i), MakeFit(12, 30));
      fits.SetSubject(static_cast<int64_t>(i), subjects[i]);
    }
    return fits;
  };
  const std::vector<FitSubject> people = {Subject(71, 100), Subject(72, 110), Subject(73, 120)};
  const auto texts = [&](const std::vector<FitSubject>& others) {
    return ComparePeople(file(people), file(others)).Texts();
  };
  EXPECT_TRUE(texts(people).empty());
  std::vector<FitSubject> same = people;
  same[0].image = "/data/img/" + same[0].image;             // the same picture by its path
  same[1].id = 1;                                           // no number of its own: the row
  same[2].SetView({{215, 130}, 140}, {800, {320, 239.5}});  // a wider box around the same person
  EXPECT_TRUE(texts(same).empty());
  std::vector<FitSubject> others = people;
  others[0].id = 72;
  others[2].SetView({{300, 130}, 120}, {800, {320, 239.5}});
  EXPECT_THAT(texts(others),
              testing::ElementsAre(testing::AllOf(
                  HasSubstr("data set 'lsp': 2 of 3 rows are of other people, the first row 0"),
                  HasSubstr("id 71, box at 200, 120 there and of"), HasSubstr("id 72"))));
  EXPECT_FALSE(ComparePeople(file(people), file(others)).All());
  others[1].id = 71;
  EXPECT_TRUE(ComparePeople(file(people), file(others)).All());
  EXPECT_FALSE(ComparePeople(file(people), file(people)).All());
  others = people;
  others[1].image = "b.jpg";
  EXPECT_THAT(texts(others), testing::ElementsAre(HasSubstr("1 of 3 rows are of other people, the "
                                                            "first row 1")));
  // A file without names contradicts nobody.
  FitFile unnamed = FitFile::InMemory({{"lsp", 7, ""}}, SmplLayout());
  unnamed.Write(0, MakeFit(12, 30));
  EXPECT_FALSE(ComparePeople(file(people), unnamed).Any());

  const fs::path a = folder_ / "a.npz", b = folder_ / "b.npz";
  ExportFits(file(people), a, "");
  ExportFits(file(others), b, "");
  const std::vector<FitSubject> read = ReadSubjects(a);
  ASSERT_EQ(read.size(), 3u);
  EXPECT_EQ(read[2].id, 73);
  EXPECT_EQ(read[2].box.side_px, 120);
  EXPECT_THAT(UserErrorOf([&] {
                MergeFits({a, b}, folder_ / "ab.store");
              }),
              testing::AllOf(HasSubstr("b.npz: its data set is another one than that of"),
                             HasSubstr("1 of 3 rows are of other people")));
  EXPECT_FALSE(fs::exists(folder_ / "ab.store"));
  MergeFits({a, a}, folder_ / "ab.store");
}

// A run's folder stands for the store that has the data asked for.
TEST_F(FitExchangeTest, DataFindItsOwnStore) {
  {
    FitFile train =
        FitFile::Create(folder_ / kFitsFile, {{"synth", 4, "t"}, {"lsp", 2, "l"}}, SmplLayout());
    FitFile val = FitFile::Create(folder_ / kValFitsFile, {{"synth", 3, "v"}}, SmplLayout());
    train.Write(1, Scored(10));
    train.Write(4, Scored(12));
    val.Write(1, Scored(20));
  }
  const auto score = [&](const FitRows& set) {
    const FitsOfData fits = ReadFitsOf(folder_, {set});
    EXPECT_EQ(fits.warnings.size(), set.fingerprint == "other" ? 1u : 0u);
    const auto fit = fits.Find(0, set.name, set.name == "lsp" ? 0 : 1);
    return fit ? fit->score_px2 : -1;
  };
  EXPECT_EQ(score({"synth", 4, "t"}), 10);
  EXPECT_EQ(score({"synth", 3, "v"}), 20);
  EXPECT_EQ(score({"lsp", 2, "l"}), 12);
  EXPECT_EQ(score({"synth", 3, "other"}), 10);
  EXPECT_THAT(ReadFitsOf(folder_, {{"synth", 3, "other"}}).warnings[0],
              HasSubstr("is not what it was"));
  const FitsOfData both = ReadFitsOf(folder_, {{"synth", 3, "v"}, {"coco", 9, ""}});
  EXPECT_EQ(both.file_of_set, (std::vector<int>{1, -1}));
  EXPECT_THAT(both.warnings, testing::ElementsAre(HasSubstr("no fits of data set 'coco'")));
  EXPECT_FALSE(both.Find(1, "coco", 0));
  EXPECT_THAT(UserErrorOf([&] {
                ReadFitsOf(folder_, {{"coco", 9, ""}});
              }),
              testing::AllOf(HasSubstr("'synth' (fits.store)"), HasSubstr("name=")));
}

TEST_F(FitExchangeTest, HostileFilesGiveOneSentence) {
  const fs::path path = folder_ / "fits.npz";
  EXPECT_THROW(ReadFits(path), UserError);
  WriteFileAtomically(path, "not a zip file");
  EXPECT_THROW(ReadFits(path), UserError);
  WriteFileAtomically(folder_ / "fits.txt", "neither");
  EXPECT_THROW(ReadFits(folder_ / "fits.txt"), UserError);
  ExportFits(Sample(), path, "");
  const Npz good = ReadNpz(path);
  const auto expect_refused = [&](const char* key, const NdArray& array) {
    Npz bad = good;
    bad[key] = array;
    WriteNpz(path, bad);
    EXPECT_THROW(ReadFits(path), UserError) << key;
  };
  expect_refused("pose", NdArray::FromScalar(1));
  expect_refused("dataset", NdArray::FromMatrix(RowMatX::Zero(1, 3)));
  expect_refused("source", NdArray::From<int8_t>({3}, std::vector<int8_t>{1, 9, 1}));
  expect_refused("source", NdArray::From<int64_t>({3}, std::vector<int64_t>{1, 900, 1}));
  expect_refused("row", NdArray::From<int64_t>({3}, std::vector<int64_t>{1, -2, 1}));
  expect_refused("row", NdArray::From<int64_t>({3}, std::vector<int64_t>{1, 1LL << 62, 1}));
  expect_refused("crop_focal_px",
                 NdArray::From<double>({3}, std::vector<double>{1, std::nan(""), 1}));
  expect_refused("body_path", NdArray::FromMatrix(RowMatX::Zero(1, 3)));
  expect_refused("box_side_px", NdArray::FromScalar(1));
  expect_refused("usable", NdArray::FromScalar(1));
  Npz lacking = good;
  lacking.erase("joint_names");
  WriteNpz(path, lacking);
  EXPECT_THROW(ReadFits(path), UserError);
  lacking = good;
  lacking.erase("score_px2");
  WriteNpz(path, lacking);
  EXPECT_THROW(ReadFits(path), UserError);

  ExportFits(Sample(MakeLayout("smplx", 55, 10, 10)), path, "");
  const Npz of_smplx = ReadNpz(path);
  const auto expect_smplx_refused = [&](const char* key, const NdArray& array) {
    Npz bad = of_smplx;
    bad[key] = array;
    WriteNpz(path, bad);
    EXPECT_THROW(ReadFits(path), UserError) << key;
  };
  expect_smplx_refused("family", NdArray::FromScalar(1));
  expect_smplx_refused("joint_names", NdArray::FromStrings({"one"}));
  expect_smplx_refused("joint_names", NdArray::FromStrings(std::vector<std::string>(65, "x")));
  expect_smplx_refused("betas", NdArray::FromMatrix(RowMatX::Zero(3, 23)));  // and 10 more
  expect_smplx_refused("betas", NdArray::FromMatrix(RowMatX::Zero(4, 10)));
  expect_smplx_refused("expression", NdArray::FromScalar(1));
}

TEST_F(FitExchangeTest, TheShardsOfARunAreReadAsOne) {
  const FitFile whole = Sample();
  const std::vector<std::string> names = FitFileNames(kFitsFile, 3);
  EXPECT_EQ(names[2], "fits-00002-of-00003.store");
  EXPECT_EQ(FitFileNames(kFitsFile, 1), std::vector<std::string>{kFitsFile});
  {
    std::vector<FitFile> shards;
    for (const std::string& name : names) {
      shards.push_back(FitFile::Create(folder_ / name, whole.datasets(), whole.layout()));
    }
    for (int64_t p = whole.NextUsed(0); p < whole.size(); p = whole.NextUsed(p + 1)) {
      if (const auto fit = whole.Read(p)) shards[p % 3].Write(p, *fit);
    }
  }
  FitFile::Create(folder_ / "val_fits.store", {{"val", 2, ""}},
                  SmplLayout());  // not of the same name
  const FitFile read = ReadFits(folder_);
  EXPECT_TRUE(CompareFits(whole, read).None());
  EXPECT_EQ(CompareFits(whole, read).equal, 3);
  EXPECT_EQ(read.Verify().fits, 3);
  EXPECT_GT(read.DiskBytes(), FitFile::OpenToRead(folder_ / names[0]).DiskBytes());
  ExportFits(read, folder_ / "fits.npz", "");
  ExportFits(whole, folder_ / "whole.npz", "");
  EXPECT_EQ(ReadFile(folder_ / "fits.npz"), ReadFile(folder_ / "whole.npz"));

  fs::rename(folder_ / names[1], folder_ / "elsewhere");
  EXPECT_THROW(ReadFits(folder_), UserError);
  FitFile::Create(folder_ / names[1], {{"another", 3, ""}}, SmplLayout());
  EXPECT_THROW(ReadFits(folder_), UserError);
}

}  // namespace
}  // namespace gyre
